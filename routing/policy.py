"""What an organisation and a person set for routing: as rows to read and change, as one engine value to decide by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.approvals import organisation_approved_ids
from accounts.audit import record
from accounts.models import Organisation, User
from routing.engine.record import Asked
from routing.engine.values import CATEGORIES, PREFERENCES, Budget, Card, Policy, Preference
from routing.models import PersonalRouting, RoutingPolicy
from routing.rules import rules_from_json

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What an admin may set; the fields are those of `RoutingPolicy`. Without `rules` they stay as they are."""

    preference: Preference = "balanced"
    auto_allowed: bool = True
    default_model: str = AUTO
    reference_model: str = ""
    reader_model: str = ""
    reader_below: float = 0.4
    rules: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class PersonalChange:
    """What a person may set for themselves; the fields are those of `PersonalRouting`, `rules` as above."""

    preference: Preference | None = None
    pool: tuple[str, ...] | None = None
    auto_allowed: bool = True
    default_model: str = ""
    rules: tuple[Mapping[str, Any], ...] | None = None


def organisation_policy(organisation: Organisation) -> RoutingPolicy:
    row = RoutingPolicy.objects.filter(organisation=organisation).first()
    return row or RoutingPolicy(organisation=organisation)


def personal_routing(user: User) -> PersonalRouting:
    return PersonalRouting.objects.filter(user=user).first() or PersonalRouting(user=user)


@transaction.atomic
def change_policy(organisation: Organisation, by: User, change: PolicyChange) -> RoutingPolicy:
    """Raises `RuleError` for a rule that cannot be read; then nothing is changed."""
    rules_from_json(change.rules or ())
    row, _ = RoutingPolicy.objects.select_for_update().get_or_create(organisation=organisation)
    for name, value in _stored(change).items():
        setattr(row, name, value)
    row.version += 1
    row.save()
    record(organisation, by, "routing.changed", organisation.name, version=row.version)
    return row


def change_personal_routing(user: User, change: PersonalChange) -> PersonalRouting:
    """Raises `RuleError` for a rule that cannot be read; then nothing is changed."""
    rules_from_json(change.rules or ())
    values = _stored(change) | {"preference": change.preference or ""}
    row, _ = PersonalRouting.objects.update_or_create(user=user, defaults=values)
    return row


def auto_allowed(user: User, organisation: Organisation) -> bool:
    return organisation_policy(organisation).auto_allowed and personal_routing(user).auto_allowed


def stand_in_allowed(organisation: Organisation) -> bool:
    """Whether another model may answer for one that was chosen by hand: not where we may choose none."""
    return organisation_policy(organisation).auto_allowed


def default_model(user: User, organisation: Organisation) -> str:
    """What a new chat starts with: "auto", a model id, or "" where Auto is off and nothing is set."""
    theirs, mine = organisation_policy(organisation), personal_routing(user)
    chosen = mine.default_model or theirs.default_model
    if chosen == AUTO and not (theirs.auto_allowed and mine.auto_allowed):
        return ""
    return chosen


def effective_preference(user: User, organisation: Organisation) -> Preference:
    return first_preference(
        personal_routing(user).preference, organisation_policy(organisation).preference
    )


def standing_policy(user: User, theirs: RoutingPolicy, cards: Mapping[str, Card]) -> Policy:
    """What holds for each call of this person until somebody changes it."""
    mine = personal_routing(user)
    teams = user.teams.filter(organisation=theirs.organisation).values_list("id", flat=True)
    return replace(
        policy_of(theirs, cards),
        preference=first_preference(mine.preference, theirs.preference),
        pool=None if mine.pool is None else frozenset(mine.pool),
        rules=rules_from_json([*theirs.rules, *mine.rules]),
        teams=frozenset(map(str, teams)),
    )


def policy_of_call(standing: Policy, asked: Asked, budget: Budget) -> Policy:
    """What was asked comes before what was set."""
    by_hand = None if asked["model"] == AUTO else asked["model"]
    # A model that was chosen by hand is not measured against the pool of Auto; who stands in for it is.
    measured = by_hand is None or asked["fallback"]
    pool = standing.pool if asked["pool"] is None else frozenset(asked["pool"])
    return replace(
        standing,
        preference=first_preference(asked["preference"], standing.preference),
        by_hand=by_hand if asked["fallback"] else None,
        pool=pool if measured else None,
        budget=budget,
        hour=timezone.localtime().hour,
    )


def policy_of(row: RoutingPolicy, cards: Mapping[str, Card]) -> Policy:
    """What holds for everybody in the organisation."""
    return Policy(
        version=row.version,
        preference=first_preference(row.preference),
        rules=rules_from_json(row.rules),
        reference=reference_card(row.organisation, row.reference_model, cards),
        hour=timezone.localtime().hour,
    )


def reference_card(
    organisation: Organisation, reference_model: str, cards: Mapping[str, Card]
) -> Card | None:
    """What savings are told against: the admin's choice, else the best approved model on the average."""
    if reference_model in cards:
        return cards[reference_model]
    approved = [
        cards[model_id] for model_id in organisation_approved_ids(organisation) if model_id in cards
    ]
    return max(approved, key=lambda card: (_mean_quality(card), card.id), default=None)


def _mean_quality(card: Card) -> float:
    default = card.quality.get("*", 0.0)
    return sum(card.quality.get(category, default) for category in CATEGORIES) / len(CATEGORIES)


def first_preference(*wishes: str) -> Preference:
    """The first that names one; "" follows the next."""
    for wish in wishes:
        if wish in PREFERENCES:
            return wish
    return "balanced"


def _stored(change: PolicyChange | PersonalChange) -> dict[str, Any]:
    values = asdict(change)
    if change.rules is None:
        del values["rules"]
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
