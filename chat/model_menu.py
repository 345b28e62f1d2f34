"""What a person may choose from, and what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.access import current_membership
from accounts.models import Organisation, User
from chat.models import Conversation
from chat.turns import TurnRefusedError
from providers.registry import PROVIDERS
from routing.engine.values import Card
from routing.figures import price_words
from routing.policy import (
    AUTO,
    auto_allowed,
    default_model,
    effective_preference,
    stand_in_allowed,
)
from routing.snapshot import reachable_cards
from routing.ways import ways_of

THOUSAND, MILLION = 1_000, 1_000_000


@dataclass(frozen=True, slots=True)
class ModelChoice:
    id: str
    name: str
    provider_name: str
    capabilities: tuple[str, ...]
    # "in / out", empty where nothing is paid.
    price_words: str
    context_words: str
    is_down: str
    is_default: bool


def context(user: User, conversation: Conversation | None) -> dict[str, Any]:
    organisation = current_membership(user).organisation
    default = default_model(user, organisation)
    models = _choices(user, organisation, default)
    model = conversation.model if conversation else default
    chosen = conversation.preference if conversation else ""
    preference = chosen or effective_preference(user, organisation)
    return {
        "models": models,
        "auto_allowed": auto_allowed(user, organisation),
        "selected_model": model,
        "selected_preference": preference,
        "selected_label": _label(model, preference, models),
        "offers_fallback": len(models) > 1 and stand_in_allowed(organisation),
        "may_fall_back": bool(conversation and conversation.may_fall_back),
        "is_demo_only": all(way.provider == "demo" for way in ways_of(user, organisation)),
    }


@dataclass(frozen=True, slots=True)
class Choice:
    """`fallback`: whether another model may answer for one chosen by hand; None leaves that as it is."""

    model: str
    preference: str
    fallback: bool | None = None


def choose_model(user: User, conversation: Conversation, choice: Choice) -> None:
    """The choice of one conversation; raises TurnRefusedError for a model that is not approved."""
    model = choice.model
    organisation = current_membership(user).organisation
    approved = {each.id for each in _choices(user, organisation, "")}
    if model != AUTO and model not in approved:
        raise TurnRefusedError("model_not_found", _("That model is not approved for you."))
    conversation.model, conversation.preference = model, choice.preference
    if choice.fallback is not None:
        conversation.may_fall_back = choice.fallback
    conversation.save(update_fields=["model", "preference", "may_fall_back"])


def _label(model: str, preference: str, models: list[ModelChoice]) -> str:
    """As the menu names it: the page has it before its scripts run."""
    if model == AUTO:
        return f"{_('Auto')} · {_preference_name(preference)}"
    return next((choice.name for choice in models if choice.id == model), model)


def _preference_name(preference: str) -> str:
    names = {"quality": _("Quality"), "speed": _("Speed"), "cost": _("Cost")}
    return names.get(preference, _("Balanced"))


def _choices(user: User, organisation: Organisation, default: str) -> list[ModelChoice]:
    choices = [
        ModelChoice(
            id=card.id,
            name=card.name,
            provider_name=PROVIDERS[card.provider].name,
            capabilities=tuple(sorted(card.capabilities)),
            price_words="" if card.free else _prices(card),
            context_words=_short(card.context_tokens),
            is_down=closed or "",
            is_default=card.id == default,
        )
        for card, closed in reachable_cards(user, organisation)
    ]
    return sorted(choices, key=lambda choice: (choice.provider_name, choice.name))


def _prices(card: Card) -> str:
    return f"{price_words(card.prices.input)} / {price_words(card.prices.output)}"


def _short(tokens: int) -> str:
    if tokens >= MILLION:
        return f"{tokens / MILLION:.1f}".removesuffix(".0") + "M"
    return f"{tokens // THOUSAND}K"
