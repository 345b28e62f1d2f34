from __future__ import annotations

from django.apps import AppConfig

from accounts.watched_tables import Watched, watch_after_migrations

WATCHED = (
    # What is spent changes with every call; whose budgets there are does not.
    Watched("usage_budget", ("team_id", "user_id")),
)


class UsageConfig(AppConfig):
    name = "usage"

    def ready(self) -> None:
        watch_after_migrations(self, WATCHED)
