from __future__ import annotations

from django.urls import include, path

from chofesh.health import healthz, readyz
from chofesh.metrics import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("", include("routing.urls")),
    path("", include("usage.urls")),
    path("", include("answering.urls")),
    path("", include("chat.urls")),
]
