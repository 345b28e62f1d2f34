"""Rows become engine values here, once a decision: nothing is remembered from call to call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.approvals import approved_model_ids
from accounts.models import Endpoint, Organisation, User
from accounts.provider_keys import usable_keys
from routing.cards import organisation_cards
from routing.engine.record import Asked
from routing.engine.values import Budget, Candidate, Card, Payer, Policy, Rejected
from routing.health import credential_scope, health, model_scope, provider_scope
from routing.models import LearnedAbility
from routing.policy import policy_for
from routing.verdicts import learned_ability

DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Snapshot:
    candidates: tuple[Candidate, ...]
    excluded: tuple[Rejected, ...]
    policy: Policy


@dataclass(frozen=True, slots=True)
class Way:
    """How an organisation's member reaches all the models of one provider."""

    provider: str
    endpoint: str
    credential: str | None
    payer: Payer


def take_snapshot(
    user: User, organisation: Organisation, asked: Asked, budget: Budget | None = None
) -> Snapshot:
    cards = organisation_cards(organisation)
    approved = approved_model_ids(user, organisation)
    ways = ways_of(user, organisation)
    policy = policy_for(user, organisation, asked, cards, budget or Budget())
    if asked["model"] != "auto":
        cards = {key: card for key, card in cards.items() if key == asked["model"]}
    reachable = {way.provider for way in ways}
    learned = learned_ability(organisation)
    candidates = tuple(
        _candidate(card, way, learned)
        for card in cards.values()
        if card.id in approved
        for way in ways
        if way.provider == card.provider
    )
    excluded = tuple(_excluded(cards, approved, reachable, asked["model"]))
    return Snapshot(candidates, excluded, policy)


def ways_of(user: User, organisation: Organisation) -> list[Way]:
    """Personal keys before the organisation's, then the endpoints that need none.

    The demo models step back as soon as there is anything else.
    """
    ways = []
    for key in usable_keys(user, organisation):
        payer: Payer = "person" if key.owner_id else "organisation"
        ways.append(Way(key.provider, _endpoint_name(key.endpoint), key.credential, payer))
    ways += [
        Way(endpoint.provider, _endpoint_name(endpoint), None, "nobody")
        for endpoint in organisation.endpoints.filter(keyless=True)
    ]
    return ways or [Way(DEMO, DEMO, None, "nobody")]


def _endpoint_name(endpoint: Endpoint) -> str:
    """On the receipt: the provider, and which of its addresses when the organisation set one."""
    return f"{endpoint.provider}:{endpoint.id}" if endpoint.own_base_url else endpoint.provider


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


def _excluded(
    cards: dict[str, Card], approved: frozenset[str], reachable: set[str], asked: str
) -> Iterator[Rejected]:
    for card in cards.values():
        if card.id not in approved:
            # What nobody could reach anyway is not worth a line.
            if card.provider in reachable or asked != "auto":
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
