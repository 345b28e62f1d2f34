"""Django's backend, which counts the connections that were asked for in vain.

A statement that fails is counted in chofesh/metrics.py; with the database away there is none.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error

from chat.metrics import DATABASE_ERRORS


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: Any) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except Error:
            DATABASE_ERRORS.inc()
            raise
