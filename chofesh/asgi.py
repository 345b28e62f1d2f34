from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chofesh.settings")
http_application = get_asgi_application()

# Consumers may be imported only once Django is set up.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from chat.websocket_urls import websocket_urlpatterns  # noqa: E402
from chofesh.forwarded import see_through  # noqa: E402
from chofesh.requests import named  # noqa: E402

SOCKET_THREADS = 8


def spread_over_threads(application: Callable[..., Any]) -> Callable[..., Any]:
    """All sockets would share one thread for their queries, so one slow query would freeze all;
    a thread for each would hold a database connection for each. Eight are shared in turn."""
    contexts = itertools.cycle([ThreadSensitiveContext() for _ in range(SOCKET_THREADS)])

    async def call(scope: Any, receive: Any, send: Any) -> None:
        token = SyncToAsync.thread_sensitive_context.set(next(contexts))
        try:
            await application(scope, receive, send)
        finally:
            SyncToAsync.thread_sensitive_context.reset(token)

    return call


sockets = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]  # typed for its own kind of pattern
protocols = ProtocolTypeRouter(
    {
        "http": http_application,
        # Whose it is the socket asks for itself: Channels' middleware would keep for each a session
        # and a person whom it only looks at once.
        "websocket": spread_over_threads(OriginValidator(sockets, settings.ORIGINS)),
    }
)
application = see_through(named(protocols), settings.TRUSTED_PROXIES)
