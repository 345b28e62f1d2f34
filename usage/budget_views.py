from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import AuthenticatedHttpRequest, access_organisation_as_admin
from usage import limits
from usage.access import access_budget_as_admin
from usage.budget_forms import BudgetForm, LimitForm
from usage.budget_list import budgets_of_organisation, row_of


@login_required
@require_http_methods(["GET", "POST"])
def budgets(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation_as_admin(request.user)
    form = BudgetForm(organisation, request.POST or None)
    if form.is_valid():
        try:
            limits.create_budget(organisation, form.whose_spending(), form.limit(), request.user)
            messages.success(request, _("The budget counts from now on."))
            return redirect("budgets")
        except limits.BudgetExistsError:
            form.add_error("whose", _exists())
    shown = {"form": form, "rows": budgets_of_organisation(organisation)}
    return render(request, "usage/budgets.html", shown, status=400 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def budget(request: AuthenticatedHttpRequest, budget_id: UUID) -> HttpResponse:
    found = access_budget_as_admin(request.user, budget_id)
    initial = {"limit_usd": found.limit_usd.quantize(limits.CENT), "period": found.period}
    form = LimitForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            limits.change_budget(found, form.limit(), request.user)
            messages.success(request, _("Saved."))
            return redirect("budgets")
        except limits.BudgetExistsError:
            form.add_error("period", _exists())
    shown = {"form": form, "row": row_of(found)}
    return render(request, "usage/budget.html", shown, status=400 if form.is_bound else 200)


@login_required
@require_POST
def delete(request: AuthenticatedHttpRequest, budget_id: UUID) -> HttpResponse:
    limits.delete_budget(access_budget_as_admin(request.user, budget_id), request.user)
    messages.success(request, _("The budget was deleted. Nothing is limited by it any more."))
    return redirect("budgets")


def _exists() -> str:
    return _("There is such a budget already. Change that one.")
