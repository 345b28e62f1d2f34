"""What Prometheus reads, of a web process at /metrics and of a worker at a port of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from chat.metrics import DATABASE_ERRORS
from chat.queue_age import QueueAge
from chofesh.health import of_worker

logger = logging.getLogger(__name__)

REGISTRY.register(QueueAge())


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, this machine, and whoever runs the server."""
    user = request.user
    told = request.headers.get("authorization", "")
    is_operator = user.is_authenticated and user.is_active and user.is_superuser
    if is_operator or _may_read(told, request.META.get("REMOTE_ADDR", "")):
        return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
    if user.is_authenticated:
        return HttpResponse(status=403)
    return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})


def _may_read(authorization: str, address: str) -> bool:
    token = authorization.removeprefix("Bearer ")
    if settings.METRICS_TOKEN and constant_time_compare(token, settings.METRICS_TOKEN):
        return True
    # Behind a proxy everybody comes from this machine, so there only the token counts.
    return not settings.PUBLIC_URLS and address in {"127.0.0.1", "::1"}


@receiver(connection_created)
def _watch(connection: Any, **_signal: Any) -> None:
    if _counted not in connection.execute_wrappers:
        connection.execute_wrappers.append(_counted)


def _counted(execute: Callable[..., Any], *statement: Any) -> Any:
    try:
        return execute(*statement)
    except (OperationalError, InterfaceError):
        DATABASE_ERRORS.inc()
        raise


def serve_metrics(port: int) -> None:
    """For a worker, which has no other door; a port that is taken must not end it."""
    try:
        server = make_server(
            settings.HOST, port, _worker_door, server_class=_Server, handler_class=_Silent
        )
    except OSError as error:
        logger.error("No metrics at port %s: %s", port, error.strerror)  # noqa: TRY400
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Server(ThreadingMixIn, WSGIServer):
    """Who asks and does not read keeps nobody else waiting."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # its name there
        """A line for each scrape would only be noise."""


def _worker_door(asked: dict[str, Any], answer: Callable[..., Any]) -> Iterable[bytes]:
    try:
        return _healthz(answer) if asked["PATH_INFO"] == "/healthz" else _figures(asked, answer)
    finally:
        # It is this thread's own, and the thread ends with the request.
        connection.close()


def _healthz(answer: Callable[..., Any]) -> Iterable[bytes]:
    told = of_worker()
    answer(f"{told.status_code} {told.reason_phrase}", list(told.headers.items()))
    return [told.content]


def _figures(asked: dict[str, Any], answer: Callable[..., Any]) -> Iterable[bytes]:
    told, address = asked.get("HTTP_AUTHORIZATION", ""), asked.get("REMOTE_ADDR", "")
    if not _may_read(told, address):
        answer("401 Unauthorized", [("WWW-Authenticate", "Bearer")])
        return [b""]
    answer("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
    return [generate_latest()]
