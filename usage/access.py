"""Fetch and permission in one act, as in accounts/access.py."""

from __future__ import annotations

from uuid import UUID

from accounts.access import NotFoundError, admin_membership, current_membership
from accounts.models import User
from usage.models import Budget


def access_budget_as_admin(user: User, budget_id: UUID) -> Budget:
    organisation_id = current_membership(user).organisation_id
    budgets = Budget.objects.select_related("organisation", "team", "user")
    budget = budgets.filter(organisation=organisation_id, id=budget_id).first()
    if budget is None:
        raise NotFoundError
    admin_membership(user)
    return budget
