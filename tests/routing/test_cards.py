from __future__ import annotations

import copy
import dataclasses
import json
from datetime import date
from typing import Any

import pytest

from routing.cards import (
    FOLDER,
    CatalogError,
    card_by_id,
    card_from_json,
    cards_on,
    load_catalog,
    organisation_cards,
)
from routing.models import OrganisationModel

ENTRY: dict[str, Any] = {
    "id": "vllm/house-model",
    "name": "House model",
    "provider": "vllm",
    "provider_model": "house-model",
    "context_tokens": 32768,
    "max_output_tokens": 4096,
    "prices": {"input": 0.5, "output": 1.5, "unit": "usd_per_million_tokens"},
    "capabilities": ["tools"],
    "first_token_s": {"value": 0.4, "source": "measured here"},
    "tokens_per_s": {"value": 60, "source": "measured here"},
    "quality": {"*": {"value": 1.0, "source": "estimated"}},
}


def entry(**changes):
    return copy.deepcopy(ENTRY) | changes


def write(tmp_path, *entries, **changes):
    path = tmp_path / "cards.json"
    path.write_text(json.dumps({"schema": 1, "models": list(entries)} | changes))
    return path


def test_it_reads_a_card_with_nothing_optional(tmp_path):
    card = load_catalog(write(tmp_path, ENTRY)).cards[0]

    assert card.id == "vllm/house-model"
    assert card.prices.cached_input is None
    assert (card.free, card.local, card.trusted, card.deprecated) == (False, False, False, None)


def test_it_allows_fields_that_it_does_not_know(tmp_path):
    assert load_catalog(write(tmp_path, entry(nickname="Bob"), note="values of an example")).cards


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prices": {"input": 1, "unit": "usd_per_million_tokens"}}, "'output' is a required"),
        ({"prices": ENTRY["prices"] | {"unit": "eur"}}, "prices.unit: 'usd_per_million_tokens'"),
        ({"prices": ENTRY["prices"] | {"input": -1}}, "prices.input: -1 is less than"),
        ({"context_tokens": "1M"}, "context_tokens: '1M' is not of type 'integer'"),
        ({"tokens_per_s": {"value": 0}}, "tokens_per_s.value: 0 is less than or equal"),
        ({"capabilities": ["telepathy"]}, "capabilities.0: 'telepathy' is not one of"),
        ({"quality": {"coding": {"value": 1}}}, "quality: '*' is a required property"),
        ({"quality": {"*": {"value": 1}, "cooking": {"value": 1}}}, "'cooking' is not one of"),
        ({"provider": "openai"}, "does not begin with its provider openai"),
    ],
)
def test_it_names_the_model_and_the_defect(tmp_path, changes, words):
    with pytest.raises(CatalogError) as caught:
        load_catalog(write(tmp_path, entry(**changes)))

    assert str(caught.value).startswith("vllm/house-model: ")
    assert words in str(caught.value)


def test_it_refuses_an_id_that_comes_twice(tmp_path):
    with pytest.raises(CatalogError, match="vllm/house-model: comes 2 times"):
        load_catalog(write(tmp_path, ENTRY, ENTRY))


def test_it_counts_models_that_have_no_id(tmp_path):
    nameless = entry()
    del nameless["id"]

    with pytest.raises(CatalogError, match="model 2: 'id' is a required property"):
        load_catalog(write(tmp_path, ENTRY, nameless))


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is not JSON"), ("[]", "is not of type 'object'"), ('{"schema": NaN}', "no figure")],
)
def test_it_refuses_what_is_no_catalog(tmp_path, text, words):
    path = tmp_path / "cards.json"
    path.write_text(text)

    with pytest.raises(CatalogError, match=words):
        load_catalog(path)


def test_it_says_that_a_file_is_missing(tmp_path):
    with pytest.raises(CatalogError, match="cannot be read"):
        load_catalog(tmp_path / "nowhere.json")


def test_it_does_not_know_a_model_that_is_not_there():
    assert card_by_id("openai/gpt-0") is None


@pytest.mark.parametrize(
    ("day", "retired"),
    [(date(2027, 3, 31), False), (date(2027, 4, 1), True), (date(2027, 4, 2), True)],
)
def test_a_retirement_counts_from_its_day(day, retired):
    card = dataclasses.replace(card_from_json(ENTRY), deprecated="2027-04-01")

    assert bool(cards_on(day, [card])[0].deprecated) is retired


def test_an_organisation_adds_and_replaces_cards(organisation):
    own = json.loads((FOLDER / "models.json").read_text())["models"][0]
    own["prices"]["input"] = 7.5
    OrganisationModel.objects.create(organisation=organisation, model_id=own["id"], card=own)
    OrganisationModel.objects.create(organisation=organisation, model_id=ENTRY["id"], card=ENTRY)

    cards = organisation_cards(organisation)

    assert cards[own["id"]].prices.input == 7.5
    assert cards["vllm/house-model"].name == "House model"
    shipped = card_by_id(own["id"])
    assert shipped is not None
    assert shipped.prices.input != 7.5


def test_another_organisation_does_not_see_them(organisation, charlie):
    OrganisationModel.objects.create(organisation=organisation, model_id=ENTRY["id"], card=ENTRY)
    elsewhere = charlie.memberships.get().organisation

    assert ENTRY["id"] not in organisation_cards(elsewhere)
