"""What an organisation and one of its people have set, as Auto reads it: built once, until any of it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from accounts.approvals import approved_model_ids
from accounts.models import Organisation, User
from accounts.revisions import KeptByRevision
from routing.cards import organisation_cards
from routing.engine.values import Card, Policy
from routing.models import LearnedAbility, RoutingPolicy
from routing.policy import organisation_policy, standing_policy
from routing.verdicts import learned_ability
from routing.ways import Way, ways_of


@dataclass(frozen=True, slots=True)
class Setup:
    cards: Mapping[str, Card]
    approved: frozenset[str]
    ways: tuple[Way, ...]
    theirs: RoutingPolicy
    policy: Policy
    learned: LearnedAbility


_kept: KeptByRevision[Setup] = KeptByRevision()


def setup_of(user: User, organisation: Organisation) -> Setup:
    # A card is retired at midnight, and nobody changes a row for it.
    about = (user.pk, timezone.localdate())
    return _kept.get(organisation.pk, about, lambda: _read(user, organisation.pk))


def _read(user: User, organisation_id: UUID) -> Setup:
    # Anew: the caller's may be older than the revision that this is kept by.
    organisation = Organisation.objects.get(pk=organisation_id)
    cards = organisation_cards(organisation)
    theirs = organisation_policy(organisation)
    return Setup(
        cards=cards,
        approved=approved_model_ids(user, organisation),
        ways=tuple(ways_of(user, organisation)),
        theirs=theirs,
        policy=standing_policy(user, theirs, cards),
        learned=learned_ability(organisation),
    )
