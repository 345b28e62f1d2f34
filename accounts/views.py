"""A person's own settings, and the settings of their organisation."""

from __future__ import annotations

from allauth.account.views import login as allauth_login
from allauth.account.views import signup as allauth_signup
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import (
    AuthenticatedHttpRequest,
    access_organisation_as_admin,
)
from accounts.adapter import invitation_of
from accounts.forms import OrganisationForm, ProfileForm
from accounts.language import remember_language
from accounts.models import AuditEntry, User
from accounts.organisations import change_settings

AUDIT_ENTRIES_SHOWN = 200


def login(request: HttpRequest) -> HttpResponse:
    """Whoever comes first has nothing to sign in with yet."""
    if request.method == "GET" and not User.objects.exists():
        return redirect("account_signup")
    response: HttpResponse = allauth_login(request)
    return response


def signup(request: HttpRequest) -> HttpResponse:
    """Whom a link invites is counted by that link: a whole office may come from one address."""
    link = invitation_of(request)
    action, key = ("signup_invited", str(link.pk)) if link else ("signup_uninvited", None)
    refused: HttpResponse | None = ratelimit.consume_or_429(request, action=action, key=key)
    if refused is not None:
        return refused
    response: HttpResponse = allauth_signup(request)
    return response


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: AuthenticatedHttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form})
    user = form.save()
    response = redirect("settings")
    remember_language(response, user)
    with translation.override(user.language or get_language()):
        messages.success(request, _("Saved."))
    return response


@login_required
@require_http_methods(["GET", "POST"])
def organisation(request: AuthenticatedHttpRequest) -> HttpResponse:
    mine = access_organisation_as_admin(request.user)
    form = OrganisationForm(request.POST or None, instance=mine)
    if not form.is_valid():
        return render(request, "accounts/organisation.html", {"form": form})
    change_settings(form.save(commit=False), request.user)
    messages.success(request, _("Saved."))
    return redirect("organisation")


@login_required
@require_GET
def audit(request: AuthenticatedHttpRequest) -> HttpResponse:
    mine = access_organisation_as_admin(request.user)
    entries = AuditEntry.objects.filter(organisation=mine)[:AUDIT_ENTRIES_SHOWN]
    return render(request, "accounts/audit.html", {"entries": entries})
