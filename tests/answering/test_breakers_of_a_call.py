"""What the breakers make of calls, and calls of the breakers: reliability.md 3.4."""

from __future__ import annotations

import asyncio

import pytest
from django.db import IntegrityError

from accounts.approvals import approve_models
from answering import reports
from answering.answer import answer
from routing.breaker import OPEN_S
from routing.health import Health, model_scope, provider_scope
from routing.models import Attempt, Decision
from tests.answering.asking import ask_for, decided_and_then, heard
from tests.answering.busy_threads import BusyThreads
from tests.chat.rows import MODEL, OTHER_MODEL
from tests.upstream_formats import Answer
from tests.usage.rows import make_budget
from usage.models import Budget

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDER = provider_scope("openai")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def health(_fresh_health: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Health:
    health = Health(clock)
    for module in ("routing.snapshot", "answering.reports"):
        monkeypatch.setattr(f"{module}.health", health)
    return health


@pytest.fixture
def two_models(connected, alice):
    approve_models(connected, [OTHER_MODEL], alice)
    return connected


@pytest.fixture
def scopes(two_models) -> dict[str, str]:
    """The breaker of each model."""
    credential = two_models.provider_keys.get().credential
    return {name: model_scope(credential, "openai", name) for name in (MODEL, OTHER_MODEL)}


def models(upstream) -> list[str]:
    return [asked.model for asked in upstream.asked]


async def test_a_breaker_that_opened_since_the_decision_is_obeyed(
    two_models, alice, upstream, health, scopes
):
    def open_all_but_one() -> None:
        health.failed(scopes[MODEL], counts=0, opens_s=600)

    told = await decided_and_then(ask_for(alice, two_models), open_all_but_one)

    assert told.text
    assert models(upstream) == [OTHER_MODEL.partition("/")[2]]


async def test_the_last_one_left_is_tried_though_it_is_failing(
    two_models, alice, upstream, health, scopes
):
    for scope in scopes.values():
        health.failed(scope, counts=0, opens_s=600)

    told = await heard(ask_for(alice, two_models))

    assert told.text
    assert len(upstream.asked) == 1


async def test_a_model_chosen_by_hand_is_called_first_though_its_breaker_opens(
    two_models, alice, upstream, health, scopes
):
    def open_it() -> None:
        health.failed(scopes[MODEL], counts=0, opens_s=600)

    asked = ask_for(alice, two_models, model=MODEL, fallback=True)
    await decided_and_then(asked, open_it)

    assert models(upstream) == [MODEL.partition("/")[2]]


async def test_one_call_at_a_time_tries_whether_it_is_well_again(
    two_models, alice, upstream, health, scopes, clock
):
    for scope in scopes.values():
        health.failed(scope, counts=3)
    clock.now += OPEN_S + 1
    upstream.default = Answer("Well again.", first_delay_s=0.5)

    await asyncio.gather(*(heard(ask_for(alice, two_models)) for _ in range(2)))

    assert len(set(models(upstream))) == 2


async def test_two_good_probes_close_it(connected, alice, upstream, health, scopes, clock):
    health.failed(scopes[MODEL], counts=3)
    clock.now += OPEN_S + 1

    for _ in range(2):
        await heard(ask_for(alice, connected, model=MODEL))

    assert health.openings() == {}


async def test_a_stopped_call_is_no_probe(connected, alice, upstream, health, scopes, clock):
    health.failed(scopes[MODEL], counts=3)
    clock.now += OPEN_S + 1
    upstream.default = Answer("Slow.", first_delay_s=30)
    asking = asyncio.create_task(heard(ask_for(alice, connected, model=MODEL)))
    while not upstream.asked:
        await asyncio.sleep(0.01)
    assert health.closed_words(scopes[MODEL])

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert health.closed_words(scopes[MODEL]) is None
    assert health.openings()[scopes[MODEL]].probes_passed == 0


class TestTheProbeThatIsNotMade:
    """A breaker lets one call through. When that call is not made, the next may be the probe at once."""

    @pytest.fixture(autouse=True)
    def _on_probation(self, scopes, health, clock):
        health.failed(scopes[MODEL], counts=3)
        clock.now += OPEN_S + 1

    async def test_its_model_was_unapproved(self, connected, alice, upstream, health, scopes):
        told = await decided_and_then(
            ask_for(alice, connected, model=MODEL), connected.approvals.all().delete
        )

        assert (told.error is not None, upstream.asked) == (True, [])
        assert health.may_try(scopes[MODEL])

    async def test_its_budget_is_gone(
        self, connected, alice, upstream, health, scopes, in_database
    ):
        await in_database(make_budget)(connected)

        told = await decided_and_then(
            ask_for(alice, connected, model=MODEL), lambda: Budget.objects.update(spent_usd=100)
        )

        assert told.error is not None
        assert told.error.failure == "budget"
        assert health.may_try(scopes[MODEL])

    async def test_it_cannot_be_stored(self, connected, alice, health, scopes):
        def take_its_place() -> None:
            decision = Decision.objects.get()
            Attempt.objects.create(decision=decision, number=1, model_id="a/b", endpoint="a")

        with pytest.raises(IntegrityError):
            await decided_and_then(ask_for(alice, connected, model=MODEL), take_its_place)

        assert health.may_try(scopes[MODEL])

    async def test_it_is_stopped_while_it_is_opened(self, connected, alice, health, scopes):
        events = answer(ask_for(alice, connected, model=MODEL))
        await anext(events)
        busy = BusyThreads()
        opening = asyncio.ensure_future(anext(events))
        await asyncio.wait({opening}, timeout=0.2)
        assert not health.may_try(scopes[MODEL])

        opening.cancel()
        await busy.let_go()
        await asyncio.gather(opening, return_exceptions=True)

        assert health.may_try(scopes[MODEL])

    async def test_a_call_that_was_let_through_by_nobody_gives_nothing_back(
        self, connected, alice, upstream, health, scopes
    ):
        """The only one left is tried although another call is the probe just now."""

        def begin_another_probe_and_unapprove() -> None:
            assert health.may_try(scopes[MODEL])
            connected.approvals.all().delete()

        await decided_and_then(
            ask_for(alice, connected, model=MODEL), begin_another_probe_and_unapprove
        )

        assert not health.may_try(scopes[MODEL])


async def test_a_call_beside_the_probe_that_is_stopped_does_not_end_the_probe(
    connected, alice, upstream, health, scopes, clock
):
    health.failed(scopes[MODEL], counts=3)
    clock.now += OPEN_S + 1
    upstream.default = Answer("Slow.", first_delay_s=30)
    asking = asyncio.create_task(
        decided_and_then(
            ask_for(alice, connected, model=MODEL), lambda: health.may_try(scopes[MODEL])
        )
    )
    while not upstream.asked:
        await asyncio.sleep(0.01)

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert not health.may_try(scopes[MODEL])


async def test_failures_of_two_models_close_the_whole_provider(
    two_models, alice, upstream, health, scopes
):
    upstream.default = Answer(status=503)

    await heard(ask_for(alice, two_models))

    assert PROVIDER in health.openings()


async def test_failures_of_one_model_leave_the_provider_open(connected, alice, upstream, health):
    upstream.default = Answer(status=503)

    for _ in range(3):
        await heard(ask_for(alice, connected, model=MODEL))

    assert PROVIDER not in health.openings()


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429])
async def test_what_is_no_fault_of_the_provider_leaves_it_open(
    two_models, alice, upstream, health, status
):
    upstream.default = Answer(status=status)

    for _ in range(3):
        await heard(ask_for(alice, two_models))

    assert PROVIDER not in health.openings()


async def test_a_tried_provider_is_spared_more_retries(two_models, alice, upstream):
    """Three a minute; then the next model is asked at once."""
    upstream.default = Answer(status=500)
    while reports.may_retry("openai"):
        pass

    await heard(ask_for(alice, two_models))

    assert len(models(upstream)) == len(set(models(upstream))) == 2
