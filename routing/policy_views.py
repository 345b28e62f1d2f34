"""The pages where Auto is set: for everybody, and for oneself."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import (
    AuthenticatedHttpRequest,
    access_organisation,
    access_organisation_as_admin,
)
from accounts.approvals import approved_model_ids, organisation_approved_ids
from accounts.models import Organisation
from routing.cards import organisation_cards
from routing.engine.values import Card
from routing.policy import (
    change_personal_routing,
    change_policy,
    organisation_policy,
    personal_routing,
)
from routing.policy_forms import PersonalForm, PolicyForm
from routing.rule_pages import PAGES, Scope, rule_rows
from routing.verdicts import learned_ability


@login_required
@require_http_methods(["GET", "POST"])
def policy(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation_as_admin(request.user)
    row = organisation_policy(organisation)
    models = _cards(organisation, organisation_approved_ids(organisation))
    form = PolicyForm(row, models, request.POST or None)
    if request.method == "POST" and form.is_valid():
        change_policy(organisation, request.user, form.change())
        messages.success(request, _("Saved."))
        return redirect("policy")
    context = {
        "form": form,
        "version": row.version,
        "learned_models": len(learned_ability(organisation).shifts),
        **rules_context(request, "organisation"),
    }
    return render(request, "routing/policy.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def my_routing(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation(request.user)
    models = _cards(organisation, approved_model_ids(request.user, organisation))
    form = PersonalForm(personal_routing(request.user), models, request.POST or None)
    if request.method == "POST" and form.is_valid():
        change_personal_routing(request.user, form.change())
        messages.success(request, _("Saved."))
        return redirect("my_routing")
    context = {
        "form": form,
        "theirs": organisation_policy(organisation),
        **rules_context(request, "person"),
    }
    return render(request, "routing/my_routing.html", context)


def rules_context(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """What templates/routing/_rules.html needs."""
    assert request.user.is_authenticated
    pages = PAGES[scope]
    book = pages.book(request.user)
    return {"book": book, "pages": pages, "rows": rule_rows(book)}


def _cards(organisation: Organisation, approved: frozenset[str]) -> dict[str, Card]:
    return {id_: card for id_, card in organisation_cards(organisation).items() if id_ in approved}
