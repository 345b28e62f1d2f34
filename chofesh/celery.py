"""`celery -A chofesh worker --pool threads`: each worker process writes many replies in one loop."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_ready, worker_shutting_down

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
    from asgiref.sync import async_to_sync  # noqa: PLC0415

    from answering import probes  # noqa: PLC0415

    async_to_sync(probes.probe)()


@worker_ready.connect
def _begin(**_signal: Any) -> None:
    from django.conf import settings  # noqa: PLC0415

    from chat import worker  # noqa: PLC0415  # Django is set up by now
    from chofesh.metrics import serve_metrics  # noqa: PLC0415
    from chofesh.schedule import run_worker_schedule  # noqa: PLC0415

    worker.begin(run_worker_schedule)
    if settings.WORKER_METRICS_PORT:
        serve_metrics(settings.WORKER_METRICS_PORT)


@worker_process_init.connect
def _refuse_prefork(**_signal: Any) -> None:
    # A forked child would have no loop, and a slot for each stream is what we do not want.
    raise SystemExit("Start the worker with --pool threads: one loop a process writes the replies.")


@worker_shutting_down.connect
def _drain(**_signal: Any) -> None:
    from chat import worker  # noqa: PLC0415

    worker.end()
