"""`celery -A chofesh worker --pool threads`: each worker process writes many replies in one loop."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import (
    beat_init,
    celeryd_after_setup,
    setup_logging,
    worker_shutdown,
    worker_shutting_down,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chofesh.settings")

app = Celery("chofesh")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.task(name="chofesh.tidy")
def tidy() -> None:
    from chofesh.schedule import tidy_up  # noqa: PLC0415  # Django is set up by now

    tidy_up()


@app.task(name="chofesh.probe")
def probe() -> None:
    from answering import probes  # noqa: PLC0415
    from chat import worker  # noqa: PLC0415

    # In the loop of this process: a provider that says nothing must not keep a thread from the bell.
    worker.begin_job(probes.probe)


@setup_logging.connect
def _log_as_the_web_does(**_signal: Any) -> None:
    """Celery sets levels of its own where nobody is connected; CHOFESH_LOG_LEVEL is for all."""


@celeryd_after_setup.connect
def _begin(instance: Any, **_signal: Any) -> None:
    """Before Redis is asked for: replies are written without it too."""
    from django.conf import settings  # noqa: PLC0415

    from chat import worker  # noqa: PLC0415  # Django is set up by now
    from chofesh.metrics import serve_metrics  # noqa: PLC0415
    from chofesh.schedule import run_worker_schedule  # noqa: PLC0415

    if instance.pool_cls.__module__ != "celery.concurrency.thread":
        # A forked child would have no loop, and a slot for each stream is what we do not want.
        raise SystemExit("Start it with --pool threads: one loop a process writes the replies.")
    worker.begin(run_worker_schedule)
    if settings.WORKER_METRICS_PORT:
        serve_metrics(settings.WORKER_METRICS_PORT)


@worker_shutting_down.connect
def _drain(**_signal: Any) -> None:
    """In the handler of a signal, where nothing may wait: whatever was interrupted holds its locks."""
    from chat import worker  # noqa: PLC0415

    worker.begin_to_end()


@worker_shutdown.connect
def _end(**_signal: Any) -> None:
    from chat import worker  # noqa: PLC0415

    worker.end()


@beat_init.connect
def _make_room_for_the_schedule(**_signal: Any) -> None:
    from django.conf import settings  # noqa: PLC0415

    from chofesh.data_folder import ensure_data_folder  # noqa: PLC0415

    ensure_data_folder(settings.DATA_DIR)
