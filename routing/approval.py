"""The approved-models page: what there is, what is approved, and the changes that admins make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from accounts.access import access_organisation_as_admin
from accounts.approvals import (
    approve_models,
    approved_model_ids,
    organisation_approved_ids,
    unapprove_models,
)
from accounts.models import Membership, Organisation, User
from routing.cards import (
    CardNote,
    organisation_cards,
    provider_name,
    sensible_set,
    shipped_catalog,
)
from routing.engine.values import Card
from routing.figures import price_words
from routing.ways import ways_of

CAPABILITY_NAMES = {
    "image": _("Images"),
    "document": _("Documents"),
    "tools": _("Tools"),
    "web_search": _("Web search"),
    "structured_output": _("Structured output"),
    "reasoning": _("Reasoning"),
}
THOUSAND, MILLION = 1_000, 1_000_000


@dataclass(frozen=True, slots=True)
class ModelRow:
    card: Card
    note: CardNote | None
    approved: bool

    @property
    def window(self) -> str:
        tokens = self.card.context_tokens
        if tokens >= MILLION:
            return f"{tokens / MILLION:.1f}".removesuffix(".0") + "M"
        return f"{tokens // THOUSAND}K"

    @property
    def price(self) -> str:
        prices = self.card.prices
        return f"{price_words(prices.input)} / {price_words(prices.output)}"

    @property
    def capabilities(self) -> list[str]:
        return [
            str(name) for id_, name in CAPABILITY_NAMES.items() if id_ in self.card.capabilities
        ]


@dataclass(frozen=True, slots=True)
class ProviderGroup:
    """`sensible`: names of the models of the provider's sensible set that are not approved yet."""

    id: str
    name: str
    reachable: bool
    rows: Sequence[ModelRow]
    sensible: Sequence[str]

    @property
    def approved_count(self) -> int:
        return sum(row.approved for row in self.rows)


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """`gone`: approved ids that no card describes any more; they can only be withdrawn."""

    can_approve: bool
    groups: Sequence[ProviderGroup]
    gone: Sequence[str]
    query: str


def models_page(membership: Membership, query: str) -> ModelsPage:
    """For admins every model with its state, for members those that they may use."""
    user, organisation = membership.user, membership.organisation
    cards = organisation_cards(organisation)
    if membership.is_admin:
        approved, shown = organisation_approved_ids(organisation), list(cards.values())
    else:
        approved = approved_model_ids(user, organisation)
        shown = [card for card in cards.values() if card.id in approved]
    notes = shipped_catalog().notes
    rows = [
        ModelRow(card, notes.get(card.id), card.id in approved)
        for card in shown
        if _matches(card, query)
    ]
    gone = sorted(approved.difference(cards)) if membership.is_admin else []
    reachable = {way.provider for way in ways_of(user, organisation)}
    return ModelsPage(membership.is_admin, _groups(rows, cards, approved, reachable), gone, query)


def approve(user: User, model_ids: Iterable[str]) -> list[str]:
    """Approve what the catalogue knows of these; the ids that were not approved before."""
    organisation = access_organisation_as_admin(user)
    cards = organisation_cards(organisation)
    return approve_models(organisation, [id_ for id_ in model_ids if id_ in cards], by=user)


def approve_sensible_set(user: User, provider: str) -> list[str]:
    return approve(user, sensible_set(provider))


def unapprove(user: User, model_ids: Iterable[str]) -> list[str]:
    """Withdraw at once; the ids that were approved before."""
    return unapprove_models(access_organisation_as_admin(user), model_ids, by=user)


def approve_first_models(organisation: Organisation, provider: str, by: User) -> list[str]:
    """Call when the first key for a provider was added: its sensible set, if nothing of it is approved."""
    cards = organisation_cards(organisation)
    approved = organisation_approved_ids(organisation)
    if any(id_.startswith(f"{provider}/") for id_ in approved):
        return []
    return approve_models(organisation, [id_ for id_ in sensible_set(provider) if id_ in cards], by)


def _groups(
    rows: Iterable[ModelRow],
    cards: dict[str, Card],
    approved: frozenset[str],
    reachable: set[str],
) -> list[ProviderGroup]:
    """The providers that can be reached come first."""
    by_provider = sorted(rows, key=lambda row: row.card.provider)
    groups = [
        ProviderGroup(
            id=provider,
            name=provider_name(provider),
            reachable=provider in reachable,
            rows=list(of_provider),
            sensible=[
                cards[id_].name
                for id_ in sensible_set(provider)
                if id_ in cards and id_ not in approved
            ],
        )
        for provider, of_provider in groupby(by_provider, key=lambda row: row.card.provider)
    ]
    return sorted(groups, key=lambda group: (not group.reachable, group.name.casefold()))


def _matches(card: Card, query: str) -> bool:
    """Every word of the query stands in the name, the id or the provider's name."""
    text = f"{card.name} {card.id} {provider_name(card.provider)}".casefold()
    return all(word in text for word in query.casefold().split())
