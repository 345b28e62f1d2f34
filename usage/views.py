from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import (
    AuthenticatedHttpRequest,
    access_organisation,
    access_organisation_as_admin,
)
from usage import summary
from usage.budget_list import budgets_for
from usage.estimates import estimates_of


@login_required
@require_GET
def my_usage(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation(request.user)
    context = {
        "usage": summary.of_person(request.user, organisation),
        "budgets": budgets_for(request.user, organisation),
        "whose": "mine",
    }
    return render(request, "usage/usage.html", context)


@login_required
@require_GET
def organisation_usage(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation_as_admin(request.user)
    context = {
        "usage": summary.of_organisation(organisation),
        "estimates": estimates_of(organisation),
        "whose": "organisation",
    }
    return render(request, "usage/usage.html", context)
