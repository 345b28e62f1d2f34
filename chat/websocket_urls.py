from __future__ import annotations

from django.urls import path, re_path

from chat.consumers import ChatConsumer, NoSuchSocket

websocket_urlpatterns = [
    path("ws/chat/", ChatConsumer.as_asgi()),  # type: ignore[arg-type]  # typed for HTTP views only
    # Without this an unknown address is an error in the log instead of a refusal.
    re_path("", NoSuchSocket.as_asgi()),  # type: ignore[arg-type]
]
