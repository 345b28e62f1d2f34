"""What is set, and how the models do just now, as engine values: once a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from routing.engine.record import Asked
from routing.engine.values import Budget, Candidate, Card, Policy, Rejected
from routing.health import credential_scope, health, model_scope, provider_scope
from routing.models import LearnedAbility
from routing.policy import policy_of_call
from routing.setup import Setup, setup_of
from routing.ways import Way


@dataclass(frozen=True, slots=True)
class Snapshot:
    candidates: tuple[Candidate, ...]
    excluded: tuple[Rejected, ...]
    policy: Policy


def take_snapshot(
    user: User, organisation: Organisation, asked: Asked, budget: Budget | None = None
) -> Snapshot:
    setup = setup_of(user, organisation)
    cards = setup.cards
    if asked["model"] != "auto" and not asked["fallback"]:
        cards = {key: card for key, card in cards.items() if key == asked["model"]}
    candidates = tuple(
        _candidate(card, way, setup.learned)
        for card in cards.values()
        if card.id in setup.approved
        for way in setup.ways
        if way.provider == card.provider
    )
    excluded = tuple(_excluded(setup, cards, asked["model"]))
    policy = policy_of_call(setup.policy, asked, budget or Budget())
    return Snapshot(candidates, excluded, policy)


def _candidate(card: Card, way: Way, learned: LearnedAbility) -> Candidate:
    scope = model_scope(way.credential, way.endpoint, card.id)
    return Candidate(
        card=card,
        endpoint=way.endpoint,
        credential=way.credential,
        payer=way.payer,
        speed=health.speed(scope),
        in_flight=health.in_flight(way.endpoint),
        closed=health.closed_words(
            credential_scope(way.credential, way.endpoint), scope, provider_scope(way.endpoint)
        ),
        ability_shift=learned.shifts.get(card.id, {}),
        ability_version=learned.version,
    )


def _excluded(setup: Setup, cards: Mapping[str, Card], asked: str) -> Iterator[Rejected]:
    reachable = {way.provider for way in setup.ways}
    for card in cards.values():
        if card.id not in setup.approved:
            # What nobody could reach anyway is not worth a line.
            if card.provider in reachable or asked == card.id:
                yield Rejected(card.id, "not_approved", _("Not approved for you"))
        elif card.provider not in reachable:
            yield Rejected(card.id, "no_key", _("There is no key for it"))


def reachable_cards(user: User, organisation: Organisation) -> list[tuple[Card, str | None]]:
    """What this person may choose by hand, each with the words of an open breaker."""
    anything: Asked = {
        "model": "auto", "preference": "", "pool": None, "fallback": True, "surface": "chat",
    }  # fmt: skip
    found: dict[str, tuple[Card, str | None]] = {}
    for candidate in take_snapshot(user, organisation, anything).candidates:
        known = found.get(candidate.card.id)
        # One open way is enough.
        if known is None or known[1]:
            found[candidate.card.id] = (candidate.card, candidate.closed)
    return list(found.values())
