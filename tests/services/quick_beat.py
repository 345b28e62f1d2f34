"""The server's settings with periodic jobs that a test can wait for."""

from __future__ import annotations

from chofesh.settings import *  # noqa: F403

CELERY_BEAT_SCHEDULE = {"probe": {"task": "chofesh.probe", "schedule": 1.0}}
