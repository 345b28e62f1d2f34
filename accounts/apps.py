from __future__ import annotations

from django.apps import AppConfig

from accounts.watched_tables import Watched, watch_after_migrations

OF_ITS_TEAM = "SELECT organisation_id AS id FROM accounts_team WHERE id = {row}.team_id"
WATCHED = (
    Watched("accounts_organisation", organisations="SELECT {row}.id AS id"),
    Watched("accounts_membership"),
    Watched("accounts_team"),
    Watched("accounts_team_members", organisations=OF_ITS_TEAM),
    Watched("accounts_approval"),
    Watched("accounts_endpoint"),
    # Not what is written at every call: when it was used, and what the provider said of it.
    Watched(
        "accounts_providerkey",
        ("owner_id", "endpoint_id", "sealed", "enabled", "disabled_by_admin", "unreadable"),
    ),
)


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        watch_after_migrations(self, WATCHED)
