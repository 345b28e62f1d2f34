from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, Team, User
from usage.limits import Limit, Whose
from usage.models import Budget

LEAST, MOST = Decimal("0.01"), Decimal(1_000_000)
EVERYBODY = "organisation"


class LimitForm(forms.Form):
    limit_usd = forms.DecimalField(
        label=gettext_lazy("Limit in US dollars"), min_value=LEAST, max_value=MOST, decimal_places=2
    )
    period = forms.ChoiceField(
        label=gettext_lazy("For"), choices=Budget.Period.choices, initial=Budget.Period.MONTH
    )

    def limit(self) -> Limit:
        return Limit(self.cleaned_data["limit_usd"], self.cleaned_data["period"])


class BudgetForm(LimitForm):
    whose = forms.ChoiceField(label=gettext_lazy("Whose spending"))
    field_order = ("whose", "limit_usd", "period")

    def __init__(self, organisation: Organisation, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._teams = {f"team:{team.pk}": team for team in organisation.teams.order_by("name")}
        self._people = {f"person:{user.pk}": user for user in _members(organisation)}
        self.fields["whose"].choices = self._choices()  # type: ignore[attr-defined]

    def whose_spending(self) -> Whose:
        chosen = self.cleaned_data["whose"]
        return Whose(self._teams.get(chosen), self._people.get(chosen))

    def _choices(self) -> list[tuple[str, Any]]:
        groups: list[tuple[str, dict[str, Team] | dict[str, User]]] = [
            (_("Teams"), self._teams),
            (_("People"), self._people),
        ]
        named = [
            (label, [(value, _label(each)) for value, each in members.items()])
            for label, members in groups
            if members
        ]
        return [(EVERYBODY, _("The whole organisation")), *named]


def _label(whose: Team | User) -> str:
    """Two people may have one name."""
    return f"{whose} ({whose.email})" if isinstance(whose, User) else str(whose)


def _members(organisation: Organisation) -> list[User]:
    members = organisation.memberships.filter(active=True).select_related("user")
    return [membership.user for membership in members.order_by("user__email")]
