"""The shipped cards: whole, sourced, and derived from the figures that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from providers.dialects.demo import DEMO_MODELS
from providers.registry import PROVIDERS
from routing.cards import FOLDER, card_by_id, provider_name, sensible_set, shipped_catalog
from routing.catalog.abilities import (
    arena_text_expected,
    at_usual_effort,
    from_arena_creative_writing,
    from_arena_instruction_following,
    from_arena_text,
    from_arena_webdev,
    from_intelligence_index,
    from_last_exam,
    webdev_at_usual_effort,
)
from routing.catalog.compare_prices import differences
from routing.engine.values import CATEGORIES, Card

ENTRIES = json.loads((FOLDER / "models.json").read_text(encoding="utf-8"))["models"]
SCHEMA = json.loads((FOLDER / "card.schema.json").read_text(encoding="utf-8"))
IDS = [entry["id"] for entry in ENTRIES]
PRICE_SOURCES = ("litellm ", "genai-prices ", "demo price", "runs on one's own machine")
FIGURE_SOURCES = (
    "Arena text overall ",
    "Arena text creative writing ",
    "Arena text instruction following ",
    "Code Arena WebDev ",
    "Intelligence Index v4.3 ",
    "Humanity's Last Exam ",
    "median output speed, artificialanalysis.ai",
    "estimated: ",
    "demo: made up",
)

USUAL_EFFORT = {
    "Code Arena WebDev": webdev_at_usual_effort,
    "Intelligence Index v4.3": at_usual_effort,
}


def abilities() -> Iterator[tuple[str, str, float, str]]:
    for entry in ENTRIES:
        for category, figure in entry["quality"].items():
            yield entry["id"], category, figure["value"], figure["source"]


FIGURE = r"([\d.]+)( at (?:max|xhigh|high) effort)?"


def figures_in(source: str) -> list[float]:
    """The published figures that a source names, as abilities."""
    found = []
    for name, ability in {
        "Arena text overall": from_arena_text,
        "Arena text creative writing": from_arena_creative_writing,
        "Arena text instruction following": from_arena_instruction_following,
        "Code Arena WebDev": from_arena_webdev,
        "Intelligence Index v4.3": from_intelligence_index,
        "Humanity's Last Exam": from_last_exam,
    }.items():
        if named := re.search(f"{re.escape(name)} {FIGURE}", source):
            figure = float(named[1])
            found.append(ability(USUAL_EFFORT[name](figure) if named[2] else figure))
    return found


def test_the_catalog_fits_its_schema():
    Draft202012Validator.check_schema(SCHEMA)

    shipped = shipped_catalog()

    assert len(shipped.cards) == len(ENTRIES) >= 28


def test_the_schema_knows_the_categories_of_the_engine():
    names = SCHEMA["$defs"]["card"]["properties"]["quality"]["propertyNames"]["enum"]

    assert names == [*CATEGORIES, "*"]


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_every_price_names_its_source(entry):
    assert entry["prices"]["source"].startswith(PRICE_SOURCES)


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_every_figure_names_its_source(entry):
    figures = [entry["first_token_s"], entry["tokens_per_s"], *entry["quality"].values()]

    assert all(figure["source"].startswith(FIGURE_SOURCES) for figure in figures)


@pytest.mark.parametrize(
    ("model", "category", "value", "source"),
    [row for row in abilities() if not row[3].startswith(("estimated", "demo"))],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_an_ability_follows_from_the_figures_that_it_names(model, category, value, source):
    figures = figures_in(source)

    assert value == pytest.approx(sum(figures) / len(figures), abs=0.011)


@pytest.mark.parametrize(
    ("model", "source", "value"),
    [(m, s, v) for m, _, v, s in abilities() if "expected from" in s],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_an_expected_arena_score_follows_from_the_index(model, source, value):
    index = re.search(r"Index v4\.3 ([\d.]+)", source)

    assert index is not None
    assert value == pytest.approx(from_arena_text(arena_text_expected(float(index[1]))), abs=0.011)


def test_every_provider_is_one_that_chofesh_can_reach():
    assert {entry["provider"] for entry in ENTRIES} <= set(PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_a_provider_has_the_name_of_the_registry(provider):
    assert provider_name(provider.id) == provider.name


def test_sensible_sets_hold_cards_of_their_provider():
    for provider in PROVIDERS:
        cards = [card_by_id(model_id) for model_id in sensible_set(provider)]
        assert all(card is not None and card.provider == provider for card in cards)


def test_the_demo_cards_are_the_demo_models():
    demo = {entry["provider_model"] for entry in ENTRIES if entry["provider"] == "demo"}

    assert demo == set(DEMO_MODELS)


def test_demo_models_are_no_match_for_a_real_one():
    best_demo = max(max(card.quality.values()) for card in shipped_catalog().cards if is_demo(card))
    cheap_and_real = card_by_id("openai/gpt-6-luna")

    assert cheap_and_real is not None
    assert best_demo < min(cheap_and_real.quality.values())


def is_demo(card: Card) -> bool:
    return card.provider == "demo"


def test_price_differences_are_told_in_the_same_unit():
    card = card_by_id("openai/gpt-6-luna")
    assert card is not None
    theirs = {
        "input_cost_per_token": 1e-07,
        "output_cost_per_token": 6e-07,
        "cache_read_input_token_cost": 1e-08,
        "cache_creation_input_token_cost": 1.25e-07,
        "max_input_tokens": 922000,
    }

    assert list(differences(card, theirs)) == ["output: ours 0.5, theirs 0.6"]
