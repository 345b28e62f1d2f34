from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.defaults import page_not_found, permission_denied

from accounts.access import ForbiddenError, NotFoundError


class AccessMiddleware:
    """The one place where a refusal becomes a page: 404 as for a page that never was, or 403."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotFoundError):
            return page_not_found(request, Http404())
        if isinstance(error, ForbiddenError):
            return permission_denied(request, error)
        return None
