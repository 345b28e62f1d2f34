from __future__ import annotations

from django.urls import path

from usage import budget_views, views

urlpatterns = [
    path("usage", views.my_usage, name="usage"),
    path("organisation/budgets", budget_views.budgets, name="budgets"),
    path("organisation/budgets/<uuid:budget_id>", budget_views.budget, name="budget"),
    path("organisation/budgets/<uuid:budget_id>/delete", budget_views.delete, name="budget_delete"),
    path("organisation/usage", views.organisation_usage, name="organisation_usage"),
]
