"""Rows of the fallback matrix as they happen on the wire, from the decision to the ledger."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.approvals import approve_models
from accounts.models import ProviderKey
from answering.request import AnswerInterruptedError, NoModelLeftError
from routing.models import Attempt, Decision
from tests.answering.asking import Heard, ask_for, decided_and_then, heard
from tests.cast import make_key
from tests.chat.rows import MODEL, OTHER_MODEL
from tests.fault_server import (
    CHUNKED_HEAD,
    FAULTS,
    HELLO,
    WHOLE,
    Do,
    FaultServer,
    Script,
    chunked,
    head,
)
from tests.upstream_formats import Answer
from usage.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)

SOL, LUNA = MODEL.partition("/")[2], OTHER_MODEL.partition("/")[2]
GOOD = Answer("Hello from upstream.")


@pytest.fixture
def two_models(connected, alice):
    """A second model by the same key."""
    approve_models(connected, [OTHER_MODEL], alice)
    return connected


@pytest.fixture
def two_keys(connected, alice):
    """A key of her own beside the organisation's: it comes first."""
    make_key(connected, alice, "sk-of-alice-0123456789abcdef")
    return connected


@sync_to_async
def tries() -> list[tuple[str, str, str]]:
    """(model, outcome, failure) of every attempt, and that each was booked exactly once."""
    assert LedgerEntry.objects.count() == Attempt.objects.count()
    assert not Attempt.objects.filter(ended_at=None).exists()
    rows = Attempt.objects.order_by("number").values_list("model_id", "outcome", "failure")
    return [(model.partition("/")[2], outcome, failure) for model, outcome, failure in rows]


async def ask(user, organisation, **fields) -> Heard:
    return await heard(ask_for(user, organisation, **fields))


async def test_a_good_answer_is_decided_called_and_booked(connected, alice, upstream):
    told = await ask(alice, connected)

    assert list(dict.fromkeys(told.kinds)) == ["DecisionMade", "AttemptStarted", "Text", "Answered"]
    assert told.text == "Hello from upstream."
    assert await tries() == [(SOL, "answered", "")]
    entry = await LedgerEntry.objects.aget()
    assert (entry.input_tokens, entry.cached_input_tokens, entry.output_tokens) == (11, 4, 7)
    assert entry.certainty == "exact"


class TestRow4RejectedKey:
    async def test_the_other_credential_answers(self, two_keys, alice, upstream):
        upstream.answers[SOL] = [Answer(status=401), GOOD]

        told = await ask(alice, two_keys)

        assert told.text == GOOD.text
        assert [asked.key[:12] for asked in upstream.asked] == ["sk-of-alice-", "sk-test-0123"]
        payers = [row.payer async for row in Attempt.objects.order_by("number")]
        assert payers == ["person", "organisation"]

    async def test_its_owner_reads_why_beside_the_key(self, two_keys, alice, upstream):
        upstream.answers[SOL] = [Answer(status=401), GOOD]
        await ask(alice, two_keys)

        mine = await ProviderKey.objects.aget(owner=alice)
        ours = await ProviderKey.objects.aget(owner=None)

        assert "rejected" in mine.last_failure
        assert ours.last_failure == ""

    async def test_the_next_message_leaves_the_rejected_key_out(self, two_keys, alice, upstream):
        upstream.answers[SOL] = [Answer(status=401), GOOD]
        await ask(alice, two_keys)
        told = await ask(alice, two_keys)

        assert told.text == GOOD.text
        assert [asked.key[:12] for asked in upstream.asked][2:] == ["sk-test-0123"]

    async def test_alone_it_ends_in_words(self, connected, alice, upstream):
        upstream.default = Answer(status=401)

        told = await ask(alice, connected)

        assert isinstance(told.error, NoModelLeftError)
        assert "The key for GPT-6.1 Sol was rejected" in told.error.words
        assert "Your message is kept" in told.error.words
        assert len(upstream.asked) == 1


class TestRow14Busy:
    async def test_the_next_model_answers_at_once(self, two_models, alice, upstream):
        first = await first_choice(alice, two_models)
        upstream.answers[first] = Answer(status=429, retry_after="2")

        told = await ask(alice, two_models)

        assert told.text == GOOD.text
        assert [row[1:] for row in await tries()][1:] == [
            ("failed", "rate_limited"),
            ("answered", ""),
        ]

    async def test_a_short_wait_is_waited_when_nobody_else_can(self, connected, alice, upstream):
        upstream.default = [Answer(status=429, retry_after="0.1"), GOOD]

        told = await ask(alice, connected)

        assert told.text == GOOD.text
        assert [row[2] for row in await tries()] == ["rate_limited", ""]

    async def test_a_long_wait_is_not(self, connected, alice, upstream):
        upstream.default = Answer(status=429, retry_after="60")

        told = await ask(alice, connected)

        assert told.error is not None
        assert "busy" in told.error.words
        assert len(upstream.asked) == 1


class TestRow20Overloaded:
    async def test_it_is_tried_once_more_and_then_the_next(self, two_models, alice, upstream):
        first = await first_choice(alice, two_models)
        upstream.answers[first] = Answer(status=529)

        told = await ask(alice, two_models)

        assert told.text == GOOD.text
        assert [row[2] for row in await tries()][1:] == ["overloaded", "overloaded", ""]
        assert told.failures == ["overloaded", "overloaded"]

    async def test_the_second_try_may_answer(self, connected, alice, upstream):
        upstream.default = [Answer(status=529), GOOD]

        assert (await ask(alice, connected)).text == GOOD.text


class TestRow24CutBeforeText:
    @pytest.mark.parametrize("fault", ["cut_before_text", "reset_before_text", "closes_at_once"])
    async def test_it_is_tried_again(self, connected, alice, monkeypatch, fault):
        async with FaultServer(FAULTS[fault], FAULTS["none"]) as server:
            monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
            told = await ask(alice, connected)

        assert told.text == "Hello"
        assert [row[1] for row in await tries()] == ["failed", "answered"]

    async def test_then_the_next_answers(self, two_models, alice, monkeypatch):
        cut = FAULTS["cut_before_text"]
        async with FaultServer(cut, cut, FAULTS["none"]) as server:
            monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
            told = await ask(alice, two_models)

        assert told.text == "Hello"
        models = [row[0] for row in await tries()]
        assert models[0] == models[1] != models[2]


class TestRow30CutAfterText:
    @pytest.mark.parametrize("fault", ["cut_after_text", "reset_after_text", "end_without_finish"])
    async def test_nothing_follows_and_what_came_stands(
        self, two_models, alice, monkeypatch, fault
    ):
        async with FaultServer(FAULTS[fault], FAULTS["none"]) as server:
            monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
            told = await ask(alice, two_models)

        assert told.text == "Hello"
        assert isinstance(told.error, AnswerInterruptedError)
        assert "broke" in told.error.words
        assert server.connections == 1
        entry = await LedgerEntry.objects.aget()
        assert (entry.certainty, entry.output_tokens) == ("estimated", 2)

    async def test_an_error_in_the_stream_keeps_what_came(self, connected, alice, monkeypatch):
        async with FaultServer(FAULTS["error_after_text"]) as server:
            monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
            told = await ask(alice, connected)

        assert told.text == "Hello"
        assert isinstance(told.error, AnswerInterruptedError)


class TestRow39Stop:
    @pytest.mark.parametrize(
        "answer",
        [
            Answer("late", head_delay_s=60),
            Answer("late", first_delay_s=60),
            Answer("word " * 1000, delay_s=0.02),
        ],
        ids=["before the head", "before the text", "in the middle"],
    )
    async def test_the_call_to_the_provider_is_closed_within_a_second(
        self, connected, alice, upstream, answer
    ):
        upstream.default = answer
        asking = asyncio.create_task(ask(alice, connected))
        while not upstream.asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        async with asyncio.timeout(1):
            while not upstream.left:
                await asyncio.sleep(0.01)
        assert await tries() == [(SOL, "stopped", "")]

    async def test_whenever_it_comes_every_attempt_is_booked_once(self, connected, alice, upstream):
        upstream.default = Answer("word " * 20, delay_s=0.002)
        for number in range(25):
            asking = asyncio.create_task(ask(alice, connected))
            await asyncio.sleep(number * 0.004)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            # A thread that writes a row goes on without whoever waited for it.
            await asyncio.sleep(0.02)

        outcomes = {row[1] for row in await tries()}
        assert outcomes <= {"stopped", "answered"}


class TestRow44Withdrawn:
    async def test_a_model_unapproved_after_the_decision_is_not_called(
        self, two_models, alice, upstream
    ):
        def unapprove() -> None:
            two_models.approvals.filter(model_id=Decision.objects.get().model_id).delete()

        told = await decided_and_then(ask_for(alice, two_models), unapprove)

        assert told.text == GOOD.text
        assert len(upstream.asked) == 1
        chosen = (await Decision.objects.aget()).model_id
        assert upstream.asked[0].model != chosen.partition("/")[2]
        notes: Any = (await Attempt.objects.aget()).passed_over
        (note,) = notes
        assert note["model"] == chosen
        assert "no longer available to you" in note["words"]

    async def test_a_key_deleted_after_the_decision_is_not_used(self, two_keys, alice, upstream):
        told = await decided_and_then(
            ask_for(alice, two_keys), ProviderKey.objects.filter(owner=alice).delete
        )

        assert told.text == GOOD.text
        assert [asked.key[:12] for asked in upstream.asked] == ["sk-test-0123"]

    async def test_a_key_disabled_after_the_decision_is_not_used(self, two_keys, alice, upstream):
        told = await decided_and_then(
            ask_for(alice, two_keys), lambda: ProviderKey.objects.update(enabled=False)
        )

        assert isinstance(told.error, NoModelLeftError)
        assert "no longer available" in told.error.words
        assert upstream.asked == []

    async def test_nothing_left_is_said_in_words(self, connected, alice, upstream):
        told = await decided_and_then(ask_for(alice, connected), connected.approvals.all().delete)

        assert isinstance(told.error, NoModelLeftError)
        assert told.error.failure == "withdrawn"
        assert upstream.asked == []


async def first_choice(user, organisation) -> str:
    """The model that Auto calls first when all is well, by its provider's name."""
    await ask(user, organisation)
    return (await Decision.objects.alatest("made_at")).model_id.partition("/")[2]


async def test_all_candidates_failed_is_one_message_with_the_tries(two_models, alice, upstream):
    upstream.default = Answer(status=500)

    told = await ask(alice, two_models)

    assert isinstance(told.error, NoModelLeftError)
    assert "GPT-6.1 Sol failed" in told.error.words
    assert "GPT-6 Luna failed" in told.error.words
    assert len(await tries()) == 4


async def test_an_explicit_model_is_not_replaced_by_another(two_models, alice, upstream):
    upstream.default = Answer(status=529)

    told = await ask(alice, two_models, model=MODEL)

    assert told.error is not None
    assert {asked.model for asked in upstream.asked} == {SOL}


async def test_text_in_many_pieces_and_a_slow_end_is_whole(connected, alice, monkeypatch):
    pieces: Script = [
        CHUNKED_HEAD,
        *(chunked(bytes([byte])) for byte in HELLO),
        0.05,
        chunked(WHOLE),
    ]
    script: Script = [*pieces, Do.HANG]
    async with FaultServer(script) as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
        told = await ask(alice, connected)

    assert told.text == "HelloHello"


async def test_a_redirect_is_not_followed_and_the_key_not_sent_on(two_models, alice, monkeypatch):
    async with FaultServer([head("302 Found", location="/elsewhere")], FAULTS["none"]) as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
        told = await ask(alice, two_models)

    assert told.failures == ["redirect"]
    assert "/elsewhere" not in [request.target for request in server.requests]
