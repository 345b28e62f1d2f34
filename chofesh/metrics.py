from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, from this machine or with the token; to anybody else it is not there."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    known = bool(settings.METRICS_TOKEN) and constant_time_compare(token, settings.METRICS_TOKEN)
    # Behind a proxy everybody comes from this machine, so there only the token counts.
    local = not settings.PUBLIC_URLS and request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
    if not (known or local):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
