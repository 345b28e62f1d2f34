"""What changed between the decision and a fallback's call holds for that call: S33, one thing at a time.

The model that comes first is gone (row 9), so the other is to be called at once; in between something is changed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.approvals import approve_models
from accounts.members import remove_member
from accounts.models import Membership, Organisation, ProviderKey, User
from answering.decision import decide_for
from answering.hops import measured_again
from answering.request import AnswerRequest
from providers.request import ImagePart, Message, ResponseFormat, Role, TextPart, Tool
from routing.cards import FOLDER
from routing.engine.values import Incumbent
from routing.models import OrganisationModel
from routing.policy import PersonalChange, PolicyChange, change_personal_routing, change_policy
from tests.answering.asking import ask_for, decided_and_then, failed_and_then
from tests.cast import make_key, make_team
from tests.chat.rows import MODEL, OTHER_MODEL
from tests.upstream_formats import Answer

pytestmark = pytest.mark.django_db(transaction=True)

SOL, LUNA = MODEL.partition("/")[2], OTHER_MODEL.partition("/")[2]
CARD_NUMBER = "My card is 4111 1111 1111 1111, is it valid?"
SHIPPED = {card["id"]: card for card in json.loads((FOLDER / "models.json").read_text())["models"]}


@dataclass
class World:
    """Bob asks in an organisation with two models by one key; the pinned one is called first, and fails."""

    organisation: Organisation
    alice: User
    bob: User

    def second_has(self, **changes: Any) -> None:
        """As an admin's own card of it."""
        card = copy.deepcopy(SHIPPED[OTHER_MODEL]) | changes
        OrganisationModel.objects.create(
            organisation=self.organisation, model_id=OTHER_MODEL, card=card
        )

    def second_cannot(self, capability: str) -> None:
        able = SHIPPED[OTHER_MODEL]["capabilities"]
        assert capability in able
        self.second_has(capabilities=[each for each in able if each != capability])

    def rules(self, **then: Any) -> None:
        rule = {"name": "Since now", "when": {}, "then": then}
        change_policy(self.organisation, self.alice, PolicyChange(rules=(rule,)))


@pytest.fixture
async def world(connected, alice, bob, upstream, in_database) -> World:
    await in_database(approve_models)(connected, [OTHER_MODEL], alice)
    upstream.answers[SOL] = Answer(status=404)
    return World(connected, alice, bob)


def ask(world: World, text: str = "Hello", **fields: Any) -> AnswerRequest:
    pinned = Incumbent(MODEL, 0.5, pinned=True)
    return ask_for(world.bob, world.organisation, text, incumbent=pinned, **fields)


def a_long_talk(world: World) -> AnswerRequest:
    return ask(world, "word " * 8000)


def with_image(world: World) -> AnswerRequest:
    parts = (TextPart("What is this?"), ImagePart("image/png", b"png"))
    return replace(ask(world), messages=(Message("user", parts),))


def with_tools(world: World) -> AnswerRequest:
    tool = Tool("clock", "The time", {"type": "object", "properties": {}})
    return ask(world, tools=(tool,))


def with_format(world: World) -> AnswerRequest:
    return ask(world, response_format=ResponseFormat("json_object"))


def plain(world: World) -> AnswerRequest:
    return ask(world)


def confidential(world: World) -> AnswerRequest:
    return ask(world, CARD_NUMBER)


def restricted_team(world: World) -> None:
    team = make_team(world.organisation, world.bob)
    approve_models(world.organisation, [MODEL], world.alice, team)


def team_rule(world: World) -> None:
    team = make_team(world.organisation, world.bob)
    rule = {"name": "Team", "when": {"teams": [str(team.id)]}, "then": {"forbid": [OTHER_MODEL]}}
    change_policy(world.organisation, world.alice, PolicyChange(rules=(rule,)))


def rule_for_sensitive(world: World) -> None:
    rule = {"name": "Careful", "when": {"sensitive": ["*"]}, "then": {"only": "local"}}
    change_policy(world.organisation, world.alice, PolicyChange(rules=(rule,)))


def my_rule(world: World) -> None:
    rule = {"name": "Mine", "when": {}, "then": {"forbid": [OTHER_MODEL]}}
    change_personal_routing(world.bob, PersonalChange(rules=(rule,)))


def left_the_organisation(world: World) -> None:
    by = Membership.objects.get(user=world.alice)
    remove_member(Membership.objects.get(user=world.bob), by)


Ask = Callable[[World], AnswerRequest]
ASKED: list[Ask] = [plain, a_long_talk, with_image, with_tools, with_format, confidential]
Change = Callable[[World], object]
CHANGES: dict[str, tuple[Ask, Change, str]] = {
    "approval": (plain, lambda w: w.organisation.approvals.all().delete(), "no longer available"),
    "approval of a team": (plain, restricted_team, "no longer available"),
    "membership": (plain, left_the_organisation, "no longer available"),
    "account": (plain, lambda w: User.objects.update(is_active=False), "no longer available"),
    "window": (a_long_talk, lambda w: w.second_has(context_tokens=8000), "window"),
    "longest answer": (plain, lambda w: w.second_has(max_output_tokens=1), "Writes at most"),
    "images": (with_image, lambda w: w.second_cannot("image"), "Cannot see images"),
    "tools": (with_tools, lambda w: w.second_cannot("tools"), "Cannot call tools"),
    "format": (with_format, lambda w: w.second_cannot("structured_output"), "output format"),
    "retirement": (plain, lambda w: w.second_has(deprecated="2026-01-01"), "No longer offered"),
    "trust": (confidential, lambda w: w.second_has(trusted=False), "Neither local nor trusted"),
    "rule": (plain, lambda w: w.rules(forbid=[OTHER_MODEL]), "Forbidden by the rule"),
    "rule, local only": (plain, lambda w: w.rules(only="local"), "asks for local models"),
    "rule of a data class": (confidential, rule_for_sensitive, "asks for local models"),
    "rule of a team": (plain, team_rule, "Forbidden by the rule"),
    "rule of one's own": (plain, my_rule, "Forbidden by the rule"),
    "pool": (
        plain,
        lambda w: change_personal_routing(w.bob, PersonalChange(pool=("openai/gpt-0",))),
        "Not in the pool",
    ),
    "key": (plain, lambda w: ProviderKey.objects.all().delete(), "no longer available"),
    "switch of the key": (
        plain, lambda w: ProviderKey.objects.update(enabled=False), "no longer available",
    ),
}  # fmt: skip


@pytest.mark.parametrize("request_of", ASKED, ids=lambda request_of: request_of.__name__)
async def test_where_nothing_changes_the_other_is_called(world, upstream, request_of):
    told = await failed_and_then(request_of(world), lambda: None)

    assert told.error is None
    assert [asked.model for asked in upstream.asked] == [SOL, LUNA]


@pytest.mark.parametrize("what", CHANGES)
async def test_the_other_is_not_called_when_it_lost_its(world, upstream, what):
    request, change, words = CHANGES[what]

    told = await failed_and_then(request(world), lambda: change(world))

    assert [asked.model for asked in upstream.asked] == [SOL]
    assert told.error is not None
    assert told.error.failure == "withdrawn"
    assert words in told.error.words


async def test_the_first_is_measured_again_too(world, upstream):
    told = await decided_and_then(plain(world), lambda: world.rules(forbid=[MODEL]))

    assert told.error is None
    assert [asked.model for asked in upstream.asked] == [LUNA]


async def test_what_does_not_concern_it_keeps_nobody_away(world, upstream):
    def change() -> None:
        world.rules(forbid=["openai/gpt-0"], floor=0.99)
        world.second_has(context_tokens=100_000)

    assert (await failed_and_then(plain(world), change)).error is None


async def test_the_call_goes_by_the_new_card(world, upstream):
    told = await failed_and_then(
        plain(world), lambda: world.second_has(provider_model="moved-on", context_tokens=100_000)
    )

    assert told.error is None
    assert upstream.asked[1].model == "moved-on"


async def test_a_window_that_was_too_small_at_the_decision_is_no_reason_now(
    world, upstream, in_database
):
    """Nobody had room for the whole conversation, so its oldest turns were to be left out."""

    def small(**more: Any) -> None:
        OrganisationModel.objects.all().delete()
        for model in (MODEL, OTHER_MODEL):
            card = copy.deepcopy(SHIPPED[model]) | {"context_tokens": 6000} | more
            OrganisationModel.objects.create(
                organisation=world.organisation, model_id=model, card=card
            )

    await in_database(small)()
    turns: list[tuple[Role, str]] = [
        ("user", "word " * 6000),
        ("assistant", "Yes."),
        ("user", "Hello"),
    ]
    messages = tuple(Message(who, (TextPart(text),)) for who, text in turns)
    long = replace(plain(world), messages=messages, said=3)

    told = await failed_and_then(long, lambda: small(context_tokens=5500))

    assert told.error is None
    assert len(upstream.asked) == 2


class TestWhoPays:
    @pytest.fixture
    def own_key(self, world, in_database):
        return in_database(make_key)(world.organisation, world.bob, "sk-of-bob-0123456789abcdef")

    async def test_the_organisation_s_key_no_longer_goes_on_for_one_s_own(
        self, world, own_key, upstream
    ):
        await own_key
        upstream.answers[SOL] = Answer(status=401)

        def switch_off() -> None:
            Organisation.objects.update(auto_fallback_to_organisation_key=False)

        told = await failed_and_then(plain(world), switch_off)

        assert [asked.key[:9] for asked in upstream.asked] == ["sk-of-bob"]
        assert told.error is not None
        assert "no longer available to you" in told.error.words

    async def test_it_does_where_it_may(self, world, own_key, upstream):
        await own_key
        upstream.answers[SOL] = [Answer(status=401), Answer("Hello")]

        told = await failed_and_then(plain(world), lambda: None)

        assert told.error is None
        assert [asked.key[:9] for asked in upstream.asked] == ["sk-of-bob", "sk-test-0"]

    async def test_keys_of_one_s_own_are_no_longer_allowed(self, world, own_key, upstream):
        await own_key

        def forbid() -> None:
            Organisation.objects.update(personal_keys_allowed=False)

        told = await failed_and_then(plain(world), forbid)

        assert told.error is None
        assert [asked.key[:9] for asked in upstream.asked] == ["sk-of-bob", "sk-test-0"]


def test_it_takes_two_queries(connected, bob):
    """One for the person, one for the revision of what is kept of the organisation."""
    request = ask_for(bob, connected)
    decided = async_to_sync(decide_for)(request)
    chosen = decided.decision.chosen
    assert chosen is not None

    with CaptureQueriesContext(connection) as captured:
        measured_again(request, decided, chosen.candidate, moves_bill=False)

    assert len(captured) == 2
