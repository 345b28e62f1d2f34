"""The catalogue as the engine's values: read once, checked whole, refused with the first defect named."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from routing.engine.values import Card, Prices

if TYPE_CHECKING:
    from accounts.models import Organisation

FOLDER = Path(__file__).parent / "catalog"


class CatalogError(Exception):
    """A catalogue or a card is not as the format asks. The message names the model and the defect."""


@dataclass(frozen=True, slots=True)
class CardNote:
    """What the catalogue says of a model beyond what a decision needs."""

    licence: str
    released: str
    price_source: str
    regions: tuple[str, ...]
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class Catalog:
    updated: str
    cards: tuple[Card, ...]
    notes: Mapping[str, CardNote]


def load_catalog(path: Path) -> Catalog:
    """Read a catalogue file in the format of routing/catalog/card.schema.json.

    Raises `CatalogError` for a file that cannot be read, for the first figure that is missing or
    wrong, and for an id that comes twice.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CatalogError(f"{path} is not JSON: {error}") from error
    _check(_catalog_validator(), entries)
    _check_ids(entries["models"])
    return Catalog(
        entries.get("updated", ""),
        tuple(_card(entry) for entry in entries["models"]),
        {entry["id"]: _note(entry) for entry in entries["models"]},
    )


def card_from_json(entry: Mapping[str, Any]) -> Card:
    """One card of its own, as an organisation adds it. Raises `CatalogError` as `load_catalog`."""
    _check(_card_validator(), entry)
    _check_ids([entry])
    return _card(entry)


@lru_cache(maxsize=1)
def shipped_catalog() -> Catalog:
    return load_catalog(FOLDER / "models.json")


def card_by_id(model_id: str) -> Card | None:
    return shipped_cards().get(model_id)


@lru_cache(maxsize=1)
def shipped_cards() -> Mapping[str, Card]:
    return {card.id: card for card in shipped_catalog().cards}


def cards_on(day: date, cards: Iterable[Card]) -> tuple[Card, ...]:
    """The cards as of a day: a retirement that still lies ahead is left out, the engine has no clock."""
    return tuple(
        dataclasses.replace(card, deprecated=None)
        if card.deprecated and card.deprecated > day.isoformat()
        else card
        for card in cards
    )


def organisation_cards(organisation: Organisation) -> dict[str, Card]:
    """The shipped cards, and the organisation's own on top of them, as of today."""
    cards = dict(shipped_cards())
    for entry in organisation.own_models.order_by("model_id").values_list("card", flat=True):
        card = card_from_json(entry)
        cards[card.id] = card
    return {card.id: card for card in cards_on(timezone.localdate(), cards.values())}


@lru_cache(maxsize=1)
def _providers() -> dict[str, Any]:
    providers: dict[str, Any] = _json("providers.json")
    return providers


def provider_name(provider: str) -> str:
    return str(_providers()[provider]["name"]) if provider in _providers() else provider


def sensible_set(provider: str) -> tuple[str, ...]:
    """The models that are approved when the first key for a provider is added."""
    return tuple(_providers()[provider]["sensible"]) if provider in _providers() else ()


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = _json("card.schema.json")
    return schema


def _json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _catalog_validator() -> Draft202012Validator:
    return Draft202012Validator(_schema())


@lru_cache(maxsize=1)
def _card_validator() -> Draft202012Validator:
    return Draft202012Validator({"$ref": "#/$defs/card", "$defs": _schema()["$defs"]})


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no figure")


def _check(validator: Draft202012Validator, entries: Any) -> None:
    error = best_match(validator.iter_errors(entries))
    if error is not None:
        raise CatalogError(f"{_place(error, entries)}: {error.message}")


def _place(error: ValidationError, entries: Any) -> str:
    """The model id where there is one, else its position, and the field: "openai/x: prices.input"."""
    path = [str(step) for step in error.absolute_path]
    if path[:1] == ["models"] and len(path) > 1:
        entry = entries["models"][int(path[1])]
        named = isinstance(entry, dict) and isinstance(entry.get("id"), str)
        model = entry["id"] if named else f"model {int(path[1]) + 1}"
        path = [model, *path[2:]]
        return ": ".join([path[0], ".".join(path[1:])] if path[1:] else path)
    return ".".join(path) or "the catalogue"


def _check_ids(entries: Iterable[Mapping[str, Any]]) -> None:
    for model_id, times in Counter(entry["id"] for entry in entries).items():
        if times > 1:
            raise CatalogError(f"{model_id}: comes {times} times")
    for entry in entries:
        if not entry["id"].startswith(f"{entry['provider']}/"):
            raise CatalogError(
                f"{entry['id']}: does not begin with its provider {entry['provider']}"
            )


def _card(entry: Mapping[str, Any]) -> Card:
    prices = entry["prices"]
    return Card(
        id=entry["id"],
        name=entry["name"],
        provider=entry["provider"],
        provider_model=entry["provider_model"],
        context_tokens=entry["context_tokens"],
        max_output_tokens=entry["max_output_tokens"],
        prices=Prices(
            input=prices["input"],
            output=prices["output"],
            cached_input=prices.get("cached_input"),
            cache_write=prices.get("cache_write"),
        ),
        capabilities=frozenset(entry["capabilities"]),
        first_token_s=entry["first_token_s"]["value"],
        tokens_per_s=entry["tokens_per_s"]["value"],
        quality={category: figure["value"] for category, figure in entry["quality"].items()},
        languages_weak=frozenset(entry.get("languages_weak", ())),
        trusted=entry.get("trusted", False),
        local=entry.get("local", False),
        free=entry.get("free", False),
        deprecated=entry.get("deprecated"),
        kind=entry.get("kind", "chat"),
    )


def _note(entry: Mapping[str, Any]) -> CardNote:
    return CardNote(
        licence=entry.get("licence", ""),
        released=entry.get("released") or "",
        price_source=entry["prices"].get("source", ""),
        regions=tuple(entry.get("regions", ())),
        retention_days=entry.get("retention_days"),
    )
