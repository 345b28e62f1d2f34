from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthenticatedHttpRequest, access_organisation_as_admin
from routing import verdicts
from routing.learned_page import learned_page


@login_required
@require_GET
def learned(request: AuthenticatedHttpRequest) -> HttpResponse:
    page = learned_page(access_organisation_as_admin(request.user))
    return render(request, "routing/learned.html", {"page": page})


@login_required
@require_POST
def reset(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation_as_admin(request.user)
    count = verdicts.reset(organisation, request.user, request.POST.get("model", ""))
    words = ngettext(
        "%(count)s verdict no longer counts.", "%(count)s verdicts no longer count.", count
    )
    messages.success(request, words % {"count": count})
    return redirect("learned")
