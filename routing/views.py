from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from accounts.access import AuthenticatedHttpRequest, current_membership
from routing import approval

# In the session until the next page has shown it: what was just changed, so that it can be undone.
JUST_CHANGED = "approvals_just_changed"


class HtmxHttpRequest(AuthenticatedHttpRequest):
    htmx: HtmxDetails


@login_required
@require_GET
def models(request: HtmxHttpRequest) -> HttpResponse:
    return _page(request, request.GET.get("q", ""))


@login_required
@require_POST
def approve(request: HtmxHttpRequest) -> HttpResponse:
    changed = approval.approve(request.user, _asked(request))
    return _changed(request, "approved", changed)


@login_required
@require_POST
def approve_sensible_set(request: HtmxHttpRequest) -> HttpResponse:
    changed = approval.approve_sensible_set(request.user, request.POST.get("provider", ""))
    return _changed(request, "approved", changed)


@login_required
@require_POST
def unapprove(request: HtmxHttpRequest) -> HttpResponse:
    changed = approval.unapprove(request.user, _asked(request))
    return _changed(request, "unapproved", changed)


def _asked(request: HtmxHttpRequest) -> list[str]:
    """The model whose own button was pressed, whatever is ticked; else those that are ticked."""
    return request.POST.getlist("only") or request.POST.getlist("model")


def _changed(request: HtmxHttpRequest, what: str, model_ids: Sequence[str]) -> HttpResponse:
    request.session[JUST_CHANGED] = {"what": what, "model_ids": list(model_ids)}
    query = request.POST.get("q", "")
    if request.htmx:
        return _page(request, query)
    return redirect(f"{reverse('models')}?{urlencode({'q': query})}" if query else "models")


def _page(request: HtmxHttpRequest, query: str) -> HttpResponse:
    is_piece = request.htmx and not request.htmx.history_restore_request
    context = {
        "page": approval.models_page(current_membership(request.user), query),
        "just_changed": request.session.pop(JUST_CHANGED, None),
    }
    response = render(request, f"routing/{'_models' if is_piece else 'models'}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
