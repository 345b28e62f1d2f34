from __future__ import annotations

from django.apps import AppConfig

from accounts.watched_tables import Watched, watch_after_migrations

OF_ITS_PERSON = (
    "SELECT organisation_id AS id FROM accounts_membership WHERE user_id = {row}.user_id"
)
WATCHED = (
    Watched("routing_organisationmodel"),
    Watched("routing_routingpolicy"),
    Watched("routing_learnedability"),
    Watched("routing_personalrouting", organisations=OF_ITS_PERSON),
)


class RoutingConfig(AppConfig):
    name = "routing"

    def ready(self) -> None:
        watch_after_migrations(self, WATCHED)
