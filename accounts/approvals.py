"""Which models members may use.

The strictest rule wins. A restricted team narrows its members to its own list; whoever is in
several restricted teams may use what every one of those lists holds. A team never widens what the
organisation approved: its list counts only where the organisation approved the model as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction

from accounts.audit import record
from accounts.models import Approval, Organisation, Team, User


def approved_model_ids(user: User, organisation: Organisation) -> frozenset[str]:
    restricted = organisation.teams.filter(members=user, restricted=True)
    lists: dict[UUID | None, set[str]] = {None: set()}
    lists.update((team_id, set()) for team_id in restricted.values_list("id", flat=True))
    for model_id, team_id in organisation.approvals.values_list("model_id", "team_id"):
        if team_id in lists:
            lists[team_id].add(model_id)
    return frozenset(set.intersection(*lists.values()))


def organisation_approved_ids(organisation: Organisation) -> frozenset[str]:
    approvals = organisation.approvals.filter(team=None)
    return frozenset(approvals.values_list("model_id", flat=True))


@transaction.atomic
def approve_models(
    organisation: Organisation, model_ids: Iterable[str], by: User | None, team: Team | None = None
) -> list[str]:
    """Approve what is not approved yet; the ids that this call added, so that it can be undone.

    Approving for a team restricts it to its list.
    """
    asked = list(dict.fromkeys(model_ids))
    known = set(
        organisation.approvals.filter(team=team, model_id__in=asked).values_list(
            "model_id", flat=True
        )
    )
    added = [model_id for model_id in asked if model_id not in known]
    # Two admins may approve the same model at once; the second finds it done.
    Approval.objects.bulk_create(
        [
            Approval(organisation=organisation, team=team, model_id=model_id, approved_by=by)
            for model_id in added
        ],
        ignore_conflicts=True,
    )
    if team:
        Team.objects.filter(pk=team.pk).update(restricted=True)
    _record(organisation, by, "models.approved", added, team)
    return added


@transaction.atomic
def unapprove_models(
    organisation: Organisation, model_ids: Iterable[str], by: User, team: Team | None = None
) -> list[str]:
    """Withdraw approvals; the ids that this call removed."""
    approvals = organisation.approvals.filter(team=team, model_id__in=list(model_ids))
    removed = sorted(approvals.values_list("model_id", flat=True))
    approvals.delete()
    _record(organisation, by, "models.unapproved", removed, team)
    return removed


def _record(
    organisation: Organisation,
    by: User | None,
    action: str,
    model_ids: Sequence[str],
    team: Team | None,
) -> None:
    if model_ids:
        target = team.name if team else organisation.name
        record(organisation, by, action, target, models=list(model_ids))
