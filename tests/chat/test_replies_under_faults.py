"""Random stories of replies: people ask, stop and ask again, admins change their minds, providers
fail in every way, processes sleep and die. The promises are looked at after every step.

Everything from the message to the ledger is the product's own, over real sockets.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chat.models import ACTIVE_STATES, Reply
from chat.turns import Submitted, TurnRefusedError, can_continue
from routing.health import Health
from tests.chat.faulty_providers import PLAYS
from tests.chat.promises import check_end, check_step, note_receipts, tally
from tests.chat.reply_world import KEYS, MODELS, PROVIDERS, World

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 8
SHARES = 20
SEQUENCES = int(os.environ.get("CHOFESH_SEQUENCES", "10000"))
# Seconds, and turns of the loops at most.
Pace = tuple[float, int]
Change = tuple[Any, ...]
PROCESS = st.integers(0, 1)
ASKED = st.sampled_from(["auto"] * 6 + list(MODELS))
# Whether another may stand in for a model chosen by hand; None leaves the chat as it is.
FALLBACK = st.sampled_from([None, True, False])
PLANS = st.lists(st.sampled_from(sorted(PLAYS)), max_size=6)
ANY = st.integers(0, 10**6)
MODEL = st.sampled_from(MODELS)
# Aimed at what is being called: there are few turns between a choice and its call.
AIMED = ("unapprove_called", "disable_called", "remove_called", "spend_all")
# What an admin or a provider may do meanwhile: a verb of the world and its arguments.
CHANGES = st.one_of(
    st.tuples(st.sampled_from(["unapprove", "unapprove", "approve", "approve_for_team"]), MODEL),
    st.tuples(st.sampled_from(["disable_key", "enable_key", "remove_key"]), ANY),
    st.tuples(st.just("add_key"), st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(["allow_personal_keys", "let_organisation_pay"]), st.booleans()),
    st.tuples(st.just("set_limit"), st.sampled_from(["0", "0.0001", "0.001", "0.02", "100"])),
    st.tuples(st.just("open_breaker"), ANY, MODEL),
    st.tuples(st.sampled_from(["go_away", "come_back"]), st.sampled_from(PROVIDERS)),
    *(st.tuples(st.just(verb)) for verb in AIMED),
)
# How far things go: so many turns of the loops (a call is decided in the 7th and made in the 27th), or some time.
PACE = st.one_of(
    st.integers(1, 60).map(lambda turns: (600.0, turns)),
    st.integers(6, 20).map(lambda turns: (600.0, turns)),
    st.sampled_from([0.06, 0.3, 1.0, 4.0, 31.0, 130.0]).map(lambda seconds: (seconds, 10**9)),
)
# What happens until the next step: things go on, and maybe something changes, and things go on.
MOMENTS = st.tuples(PACE, st.one_of(st.none(), st.tuples(CHANGES, PACE)))


def asked(verb: Callable[[], Submitted]) -> tuple[Submitted | None, str]:
    """What was stored, or the code of the refusal."""
    try:
        return verb(), ""
    except TurnRefusedError as refused:
        return None, refused.code


class Stories(RuleBasedStateMachine):
    """Each story begins in an organisation where nothing has happened yet."""

    world: World

    @initialize(
        unapproved=st.sets(st.sampled_from(MODELS), max_size=2),
        missing=st.sets(st.sampled_from(KEYS), max_size=3),
        model=ASKED,
        plan=PLANS,
        fallback=FALLBACK,
        then=MOMENTS,
    )
    def begin(self, unapproved: set[str], missing: set[Any], **question: Any) -> None:
        self.world.begin(set(MODELS) - unapproved, [key for key in KEYS if key not in missing])
        self.send(process=0, is_new=True, **question)

    def let_go_on(self, moment: tuple[Pace, tuple[Change, Pace] | None]) -> None:
        pace, then = moment
        self.world.time.run(*pace)
        if then is not None:
            self.check_and_change(*then)

    def check_and_change(self, change: Change, pace: Pace) -> None:
        """What was done until now was done under the former rules."""
        check_step(self.world)
        verb, *arguments = change
        getattr(self.world, verb)(*arguments)
        self.world.time.run(*pace)

    def some_reply(self, which: int) -> Reply:
        submitted = self.world.submitted[which % len(self.world.submitted)]
        return Reply.objects.get(id=submitted.reply.id)

    @rule(
        model=ASKED,
        plan=PLANS,
        process=PROCESS,
        is_new=st.booleans(),
        fallback=FALLBACK,
        then=MOMENTS,
    )
    def send(
        self,
        model: str,
        plan: list[str],
        process: int,
        is_new: bool,
        fallback: bool | None,
        then: Any,
    ) -> None:
        world = self.world
        chat = world.submitted[-1].conversation.id if world.submitted and not is_new else None
        active = Reply.objects.filter(state__in=ACTIVE_STATES)
        is_busy = chat is not None and active.filter(conversation=chat).exists()
        world.plan(plan)
        submitted, refused = asked(lambda: world.send(model, chat, fallback))
        assert not (submitted and is_busy)
        assert refused in ({"busy"} if is_busy else {"", "too_many_replies"})
        if submitted:
            world.ring(submitted.reply.id, process)
        self.let_go_on(then)

    @precondition(lambda self: self.world.submitted)
    @rule(which=ANY)
    def send_again(self, which: int) -> None:
        """The acknowledgement was lost, or it was pressed twice."""
        sent = [
            each
            for each in self.world.submitted
            if each.reply.client_msg_id == each.message.client_msg_id
        ]
        former = sent[which % len(sent)]
        again = self.world.send_again(former)
        assert (again.message, again.reply, again.is_new) == (former.message, former.reply, False)

    @precondition(lambda self: self.world.submitted)
    @rule(which=ANY, process=PROCESS, then=MOMENTS)
    def stop(self, which: int, process: int, then: Any) -> None:
        self.world.stop(self.some_reply(which).id, process)
        self.let_go_on(then)

    @precondition(lambda self: self.world.submitted)
    @rule(which=ANY, plan=PLANS, process=PROCESS, then=MOMENTS)
    def go_on(self, which: int, plan: list[str], process: int, then: Any) -> None:
        reply = self.some_reply(which)
        self.world.plan(plan)
        submitted, refused = asked(lambda: self.world.go_on(reply))
        assert refused in (
            {"", "busy", "too_many_replies"} if can_continue(reply) else {"", "complete"}
        )
        if submitted:
            assert submitted.is_new != reply.is_active
            self.world.ring(reply.id, process)
        self.let_go_on(then)

    @precondition(lambda self: self.world.submitted)
    @rule(
        which=ANY, model=st.sampled_from([None, *MODELS]), not_this_one=st.booleans(),
        plan=PLANS, process=PROCESS, then=MOMENTS,
    )  # fmt: skip
    def try_again(
        self,
        which: int,
        model: str | None,
        not_this_one: bool,
        plan: list[str],
        process: int,
        then: Any,
    ) -> None:
        reply = self.some_reply(which)
        self.world.plan(plan)
        submitted, refused = asked(
            lambda: self.world.try_again(reply, model, not_this_one=not_this_one)
        )
        assert refused in {"", "busy", "too_many_replies"}
        if submitted:
            self.world.ring(submitted.reply.id, process)
        self.let_go_on(then)

    @rule(then=MOMENTS)
    def time_goes_by(self, then: Any) -> None:
        self.let_go_on(then)

    @rule(process=PROCESS, what=st.sampled_from(["kill", "fall_asleep", "wake"]), then=MOMENTS)
    def process(self, process: int, what: str, then: Any) -> None:
        getattr(self.world, what)(process)
        self.let_go_on(then)

    @rule(process=PROCESS, is_late=st.booleans(), then=MOMENTS)
    def reap(self, process: int, is_late: bool, then: Any) -> None:
        """A pass of the jobs that every process has, maybe long after the leases."""
        if is_late:
            self.world.leases_run_out()
        self.world.reap()
        self.world.begin_waiting(process)
        self.let_go_on(then)

    @rule(change=CHANGES, then=PACE)
    def change(self, change: Change, then: Pace) -> None:
        self.check_and_change(change, then)

    @invariant()
    def promises_are_kept(self) -> None:
        if hasattr(self.world, "screen"):
            check_step(self.world)
            note_receipts(self.world)

    def teardown(self) -> None:
        self.world.bring_to_an_end()
        try:
            check_end(self.world)
            tally(self.world)
        finally:
            self.world.put_away()


@pytest.fixture
def world(organisation, alice, key_ring, monkeypatch, settings) -> Iterator[World]:
    settings.QUEUE_GRACE_S = 0
    settings.MESSAGES_PER_MINUTE = 1000
    # Seldom enough that a minute's silence is not mostly its heartbeats.
    settings.HEARTBEAT_S = 12

    def install(health: Health) -> None:
        for module in ("routing.health", "routing.snapshot", "answering.reports"):
            monkeypatch.setattr(f"{module}.health", health)

    made = World(organisation, alice, install)
    # Thousands of failures are told to the log, and pytest would keep them all.
    logging.disable(logging.CRITICAL)
    yield made
    logging.disable(logging.NOTSET)
    made.close()


def run_stories(world: World, number: int, seed_of_run: int) -> None:
    Stories.world = world
    run_state_machine_as_test(
        seed(seed_of_run)(Stories),
        settings=settings(
            max_examples=number,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert world.tally["stories"] >= number


def test_no_story_breaks_a_promise(world):
    run_stories(world, 25, random.randrange(2**32))


@pytest.mark.soak
@pytest.mark.parametrize("share", range(SHARES))
def test_no_story_of_many_breaks_a_promise(world, share, record_property):
    """Shares, so that several processes can take them; each is told by its number."""
    run_stories(world, SEQUENCES // SHARES, share)

    for name, count in sorted(world.tally.items()):
        record_property(name, count)
