from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.models import Organisation, Team, User


class TeamNameTakenError(Exception):
    """The organisation has a team of this name."""


def create_team(organisation: Organisation, name: str, by: User) -> Team:
    try:
        with transaction.atomic():
            team = Team.objects.create(organisation=organisation, name=name)
            record(organisation, by, "team.created", name)
    except IntegrityError:
        raise TeamNameTakenError from None
    return team


@transaction.atomic
def set_members(team: Team, user_ids: Iterable[UUID], by: User) -> None:
    """Exactly these people are the team, as far as they are members of its organisation."""
    people = User.objects.filter(
        pk__in=list(user_ids),
        memberships__organisation=team.organisation_id,
        memberships__active=True,
    )
    team.members.set(people)
    names = sorted(people.values_list("email", flat=True))
    record(team.organisation, by, "team.members_changed", team.name, members=names)


@transaction.atomic
def set_restricted(team: Team, by: User, *, restricted: bool) -> None:
    """Whether the members may use only what is approved for the team."""
    team.restricted = restricted
    team.save(update_fields=["restricted"])
    record(team.organisation, by, "team.restricted_changed", team.name, restricted=restricted)


@transaction.atomic
def delete_team(team: Team, by: User) -> None:
    record(team.organisation, by, "team.deleted", team.name)
    team.delete()
