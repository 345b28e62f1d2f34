"""Random sequences of writing, crash, sleep, stop and takeover of one reply. No provider is called
here: an attempt is its row. The promises are looked at after every step (reliability.md)."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from answering.attempts import book_once
from answering.lost_attempts import LONGEST_CALL
from answering.reserved import Reserved
from chat import leases, reaper, turns
from chat.journal import Lease, Piece, commit_pieces
from chat.leases import Ending
from chat.models import ACTIVE_STATES, Reply, ReplyState
from routing.engine.values import Prices
from routing.models import Attempt, Decision
from tests.chat.rows import make_queued
from usage.ledger import Used
from usage.models import LedgerEntry

SHARES = 20
SEQUENCES = int(os.environ.get("CHOFESH_SEQUENCES", "10000"))
ENDINGS = [
    Ending(ReplyState.DONE, finish="stop"),
    Ending(ReplyState.INTERRUPTED, failure="stalled", words="It stopped responding."),
    Ending(ReplyState.FAILED, failure="server_error", words="It failed."),
]
PRICES = Prices(1.0, 2.0)
NOTHING = Reserved()


class Faults(RuleBasedStateMachine):
    """Several processes after one reply; any of them may sleep past its lease, or be gone."""

    user: User
    held = Bundle("held")
    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.story = transaction.atomic()
        self.story.__enter__()
        self.seen = ""
        self.ended: tuple[str, str] | None = None
        self.owners = 0

    @initialize()
    def ask(self) -> None:
        self.reply_id = make_queued(self.user).id
        self.stopped = False

    def reply(self) -> Reply:
        return Reply.objects.select_related("decision").get(id=self.reply_id)

    @rule(target=held)
    def claim(self) -> Any:
        self.owners += 1
        lease = leases.claim(self.reply_id, f"process {self.owners}")
        if lease is None:
            return multiple()
        assert not self.stopped, "whoever asked to stop is not answered"
        return lease

    @rule(lease=held, text=st.text("abc ", min_size=1, max_size=5))
    def write(self, lease: Lease, text: str) -> None:
        piece = Piece(lease, lease.text_seq, lease.reasoning_seq, text=[text])
        if not commit_pieces([piece]):
            lease.text_seq += len(text)
            self.seen += text

    @rule(lease=held, target=calls)
    def call(self, lease: Lease) -> Any:
        """The decision is stored and linked before anybody is called."""
        decision = Decision.objects.create(
            organisation=self.reply().conversation.organisation, user=self.user, surface="chat",
            preference="balanced", category="questions", difficulty=0.1,
            receipt={"features": {"prompt_tokens": 10}, "candidates": []},
        )  # fmt: skip
        former = self.reply()
        earlier = [
            *former.earlier_decisions,
            *([str(former.decision_id)] if former.decision else []),
        ]
        leases.fenced(lease).update(decision=decision, earlier_decisions=earlier)
        return Attempt.objects.create(
            decision=decision, number=1, model_id="a/b", endpoint="a", payer="nobody"
        )

    @rule(attempt=calls, outcome=st.sampled_from(["answered", "stopped", "failed"]))
    def book(self, attempt: Attempt, outcome: str) -> None:
        attempt.outcome = outcome
        book_once(attempt, Used(None, 10, 4), PRICES, NOTHING)

    @rule(lease=held, ending=st.sampled_from(ENDINGS))
    def settle(self, lease: Lease, ending: Ending) -> None:
        leases.settle(lease, ending)

    @rule(lease=consumes(held))
    def drain(self, lease: Lease) -> None:
        leases.release(lease)

    @rule(lease=consumes(held))
    def crash(self, lease: Lease) -> None:
        """Nobody says so: only the lease runs out."""

    @rule()
    def sleep(self) -> None:
        Reply.objects.filter(id=self.reply_id, state=ReplyState.RUNNING).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )

    @rule(lease=held)
    def beat(self, lease: Lease) -> None:
        leases.renew(lease.owner, [self.reply_id])

    @rule()
    def stop(self) -> None:
        turns.ask_to_stop(self.user, self.reply_id)
        self.stopped = True

    @rule()
    def reap(self) -> None:
        reaper.reap()

    @rule()
    def sweep(self) -> None:
        Attempt.objects.update(started_at=timezone.now() - 2 * LONGEST_CALL)
        reaper.book_forgotten_attempts()

    @invariant()
    def what_was_seen_is_stored(self) -> None:
        if hasattr(self, "reply_id"):
            assert leases.committed(self.reply())[0] == self.seen

    @invariant()
    def an_end_is_an_end(self) -> None:
        if hasattr(self, "reply_id"):
            reply = self.reply()
            if self.ended is not None:
                assert (reply.state, reply.text) == self.ended
            elif not reply.is_active:
                self.ended = (reply.state, reply.text)

    @invariant()
    def each_call_is_booked_once_when_it_has_ended(self) -> None:
        ended = Attempt.objects.exclude(ended_at=None)
        assert LedgerEntry.objects.count() == ended.count()

    def teardown(self) -> None:
        try:
            if hasattr(self, "reply_id"):
                self.everybody_dies()
        finally:
            # The next sequence finds nothing of this one.
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)

    def everybody_dies(self) -> None:
        """What is left ends by itself, and its calls are booked."""
        for number in range(3):
            self.sleep()
            reaper.reap()
            leases.claim(self.reply_id, f"heir {number}")
        self.sleep()
        reaper.reap()
        self.sweep()
        reply = self.reply()
        assert reply.state not in ACTIVE_STATES
        assert reply.text == self.seen
        assert not Attempt.objects.filter(ended_at=None).exists()


def run_sequences(alice: User, number: int, seed_of_run: int) -> None:
    Faults.user = alice
    run_state_machine_as_test(
        seed(seed_of_run)(Faults),
        settings=settings(
            max_examples=number,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_sequence_of_faults_breaks_a_promise(organisation, alice):
    run_sequences(alice, 25, random.randrange(2**32))


@pytest.mark.soak
@pytest.mark.parametrize("share", range(SHARES))
def test_no_sequence_of_many_breaks_a_promise(organisation, alice, share):
    """Shares, so that several processes can take them; each is told by its number."""
    run_sequences(alice, SEQUENCES // SHARES, share)
