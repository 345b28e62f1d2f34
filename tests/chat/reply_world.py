"""An organisation, its providers and two processes that write replies, on simulated time.

The world knows by itself what is approved, which keys may pay and what was seen: promises.py
compares that with what is in the database and with what the providers were asked.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from accounts.approvals import approve_models, unapprove_models
from accounts.models import Organisation, ProviderKey, Team, User
from accounts.provider_keys import delete_key, disable_key, enable_key
from answering.lost_attempts import LONGEST_CALL
from chat import arrivals, leases, reaper, turns
from chat.frames import Continue, Retry, Send
from chat.journal import Piece
from chat.models import ACTIVE_STATES, Reply, ReplyState
from chat.runner import Runner, start_runner
from chat.turns import Submitted
from routing.health import Health, model_scope
from routing.models import Attempt
from tests.cast import make_key, make_team
from tests.chat.faulty_providers import CallBook, FaultyProvider
from tests.simulated_time import SimulatedLoop, SimulatedTime
from usage.models import Budget

PROVIDERS = ("openai", "mistral", "deepseek")
MODELS = (
    "openai/gpt-6.1-sol",
    "openai/gpt-6-luna",
    "mistral/mistral-large-4",
    "mistral/mistral-small-2603",
    "deepseek/deepseek-flash",
)
# Whose, and for what; "second" is another key of the organisation for the same provider.
KEYS = (
    ("person", "openai"),
    ("person", "mistral"),
    ("organisation", "openai"),
    ("organisation", "mistral"),
    ("organisation", "deepseek"),
    ("second", "openai"),
)
FOR_EVER_S = 2000.0


@dataclass
class Key:
    credential: str
    provider: str
    payer: str
    is_enabled: bool = True


@dataclass
class Screen:
    """What a person was shown, whichever process showed it."""

    stored: Callable[[UUID], str]
    texts: dict[UUID, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def begin(self, reply_id: UUID, text: str, reasoning: str) -> None:
        if not text.startswith(self.texts.get(reply_id, "")):
            self.broken.append(f"{reply_id} begins again with less than was shown")
        self.texts[reply_id] = text

    def hand_on(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if piece.text:
                self._add(piece.lease.reply_id, piece.text_start, "".join(piece.text))

    def _add(self, reply_id: UUID, start: int, text: str) -> None:
        seen = self.texts.get(reply_id, "")
        known = seen[start : start + len(text)]
        if start > len(seen) or not text.startswith(known):
            self.broken.append(f"{reply_id}: {text!r} at {start} after {seen!r}")
        self.texts[reply_id] = seen + text[len(known) :]
        if not self.stored(reply_id).startswith(self.texts[reply_id]):
            self.broken.append(f"{reply_id}: {text!r} was shown before it was stored")

    def say(self, reply_id: UUID, words: str) -> None: ...
    def show_receipt(self, reply_id: UUID, chip: str) -> None: ...
    def finish(self, reply_id: UUID, frame: dict[str, Any]) -> None: ...
    def let_go(self, reply_id: UUID, words: str) -> None: ...
    def tell_user(
        self, user_id: UUID, conversation_id: UUID, frame: dict[str, Any], but: str = ""
    ) -> None: ...


class World:
    """`stamp` of the call book: how often a person asked anew, and how often a process was upset."""

    def __init__(
        self, organisation: Organisation, alice: User, install: Callable[[Health], None]
    ) -> None:
        self.organisation, self.alice = organisation, alice
        self._install = install
        self.time = SimulatedTime(processes=2)
        self.book = CallBook()
        self.tally: Counter[str] = Counter()
        self.providers = {name: FaultyProvider(name, self.book) for name in PROVIDERS}
        self.team = make_team(organisation, alice)
        for name, provider in self.providers.items():
            self.time.finish(self.time.world, provider.come())
            os.environ[f"CHOFESH_{name.upper()}_BASE_URL"] = f"{provider.base_url}/v1"

    def close(self) -> None:
        for name, provider in self.providers.items():
            if not provider.is_away:
                self.time.finish(self.time.world, provider.go_away())
            del os.environ[f"CHOFESH_{name.upper()}_BASE_URL"]
        for loop in self.time.processes:
            self.time.finish(loop, _close_connections())
        self.time.close()

    def begin(self, approved: Collection[str], keys: Iterable[tuple[str, str]]) -> None:
        """A new story, in which nothing has happened yet."""
        _empty_tables()
        self.health = Health(lambda: self.time.clock.now)
        self._install(self.health)
        self.screen = Screen(self._stored)
        self.asked = self.upset = 0
        self.has_killed = False
        self.submitted: list[Submitted] = []
        self.texts: dict[UUID, str] = {}
        self.chats_with_fallback: set[UUID] = set()
        self.receipts: dict[UUID, str] = {}
        self.book.calls, self.book.stamp = [], (0, 0)
        self.approved, self.team_approved = set(approved), set[str]()
        self.is_restricted = False
        self.keys: dict[str, Key] = {}
        self.limit: Decimal | None = None
        self.unlimited: set[UUID] = set()
        self.attempts_seen: set[UUID] = set()
        Team.objects.update(restricted=False)
        approve_models(self.organisation, self.approved, self.alice)
        for key in keys:
            self.add_key(key)
        self.allow_personal_keys(True)
        self.let_organisation_pay(True)
        self.runners = [self._start(loop) for loop in self.time.processes]

    def _stored(self, reply_id: UUID) -> str:
        """Asked in the thread that has the database, for a loop is running here."""
        return self.time.database.submit(_committed_text, reply_id).result()

    # What the outside does.

    def plan(self, names: Iterable[str]) -> None:
        self.book.planned.clear()
        self.book.planned.extend(names)

    def go_away(self, name: str) -> None:
        if not self.providers[name].is_away:
            self.time.finish(self.time.world, self.providers[name].go_away())

    def come_back(self, name: str) -> None:
        if self.providers[name].is_away:
            self.time.finish(self.time.world, self.providers[name].come())

    # What an admin does.

    @property
    def allowed(self) -> set[str]:
        return self.approved & self.team_approved if self.is_restricted else self.approved

    def approve(self, model: str) -> None:
        approve_models(self.organisation, [model], self.alice)
        self.approved.add(model)

    def unapprove(self, model: str) -> None:
        unapprove_models(self.organisation, [model], self.alice)
        self.approved.discard(model)

    def approve_for_team(self, model: str) -> None:
        approve_models(self.organisation, [model], self.alice, self.team)
        self.team_approved.add(model)
        self.is_restricted = True

    def add_key(self, kind: tuple[str, str]) -> None:
        whose, provider = kind
        text = f"sk-{whose}-{provider}-{uuid4().hex}"
        key = make_key(self.organisation, self.alice if whose == "person" else None, text, provider)
        payer = "person" if whose == "person" else "organisation"
        self.keys[text] = Key(key.credential, provider, payer)

    def disable_key(self, which: int) -> None:
        self._turn(which, disable_key, is_enabled=False)

    def enable_key(self, which: int) -> None:
        self._turn(which, enable_key, is_enabled=True)

    def remove_key(self, which: int) -> None:
        self._turn(which, delete_key, is_enabled=False)

    def _turn(
        self, which: int, verb: Callable[[ProviderKey, User], None], *, is_enabled: bool
    ) -> None:
        key = self._some_key(which)
        for row in self.organisation.provider_keys.filter(pk=key.credential.partition(":")[2]):
            verb(row, self.alice)
            key.is_enabled = is_enabled

    def _some_key(self, which: int) -> Key:
        return list(self.keys.values())[which % len(self.keys)]

    # The same, aimed at what is just about to be called, or to be called again.

    def unapprove_called(self) -> None:
        for model in self._called():
            self.unapprove(model)

    def disable_called(self) -> None:
        self._turn_called(self.disable_key)

    def remove_called(self) -> None:
        self._turn_called(self.remove_key)

    def spend_all(self) -> None:
        self.set_limit("0")

    def _called(self) -> set[str]:
        running = Reply.objects.filter(state=ReplyState.RUNNING).exclude(model_id="")
        return set(running.values_list("model_id", flat=True))

    def _turn_called(self, verb: Callable[[int], None]) -> None:
        """The first key for it: that of the person, if they have one."""
        providers = {model.partition("/")[0] for model in self._called()}
        for provider in providers:
            keys = enumerate(self.keys.values())
            mine = [number for number, key in keys if key.provider == provider and key.is_enabled]
            for number in mine[:1]:
                verb(number)

    def allow_personal_keys(self, is_allowed: bool) -> None:
        self.organisation.personal_keys_allowed = is_allowed
        self.organisation.save()

    def let_organisation_pay(self, is_allowed: bool) -> None:
        self.organisation.auto_fallback_to_organisation_key = is_allowed
        self.organisation.save()

    def set_limit(self, usd: str) -> None:
        """The same budget all the time: another limit, but what was spent stays."""
        fields = {"organisation": self.organisation, "team": None, "user": None}
        start = date(2000, 1, 1)
        if self.limit is None:
            start = timezone.localdate().replace(day=1)
            self.unlimited = set(Attempt.objects.values_list("id", flat=True))
        self.limit = Decimal(usd)
        row, is_new = Budget.objects.get_or_create(
            **fields, defaults={"limit_usd": self.limit, "period_start": start}
        )
        if not is_new:
            Budget.objects.filter(pk=row.pk).update(limit_usd=self.limit)

    def open_breaker(self, which: int, model: str) -> None:
        key = self._some_key(which)
        scope = model_scope(key.credential, key.provider, model)
        self.health.failed(scope, counts=3, opens_s=30)

    # What a person does, at the page of one process.

    def send(self, model: str, conversation: UUID | None, fallback: bool | None) -> Submitted:
        self._asks()
        number = len(self.texts)
        send = Send(uuid4(), conversation, None, f"Why? [question {number}]", model, "",
                    fallback=fallback)  # fmt: skip
        submitted = turns.submit_message(self.alice, send)
        if submitted.conversation.may_fall_back:
            self.chats_with_fallback.add(submitted.conversation.id)
        self.texts[submitted.message.id] = send.text
        self._note(submitted)
        return submitted

    def send_again(self, former: Submitted) -> Submitted:
        text = self.texts[former.message.id]
        again = Send(former.client_msg_id, former.conversation.id, None, text, "auto", "")
        return turns.submit_message(self.alice, again)

    def try_again(self, reply: Reply, model: str | None, *, not_this_one: bool) -> Submitted:
        self._asks()
        submitted = turns.retry_reply(self.alice, Retry(uuid4(), reply.id, model, not_this_one))
        self._note(submitted)
        return submitted

    def go_on(self, reply: Reply) -> Submitted:
        self._asks()
        return turns.continue_reply(self.alice, Continue(uuid4(), reply.id))

    def ring(self, reply_id: UUID, process: int) -> None:
        self.time.processes[process].call_soon(self.runners[process].start, reply_id)

    def stop(self, reply_id: UUID, process: int) -> None:
        """As the socket does it: the mark first, then whoever writes here, else what nobody writes."""
        reply = turns.ask_to_stop(self.alice, reply_id)
        loop, runner = self.time.processes[process], self.runners[process]
        is_ours = loop.is_awake and self.time.finish(loop, _stopped(runner, reply_id))
        if not is_ours and reply.is_active:
            arrivals.stop_unstarted(reply_id)

    def _asks(self) -> None:
        self.asked += 1
        self._stamp()

    def _note(self, submitted: Submitted) -> None:
        self.submitted.append(submitted)

    # What befalls the processes.

    def kill(self, process: int) -> None:
        self._upset()
        self.has_killed = True
        loop = self.time.processes[process]
        self.time.kill(loop)
        self.runners[process] = self._start(loop)

    def fall_asleep(self, process: int) -> None:
        self._upset()
        self.time.processes[process].is_awake = False

    def wake(self, process: int) -> None:
        """What it waits for may have come too late while it slept."""
        self._upset()
        self.time.processes[process].is_awake = True

    def leases_run_out(self) -> None:
        self._upset()
        late = timezone.now() - timedelta(seconds=1)
        Reply.objects.filter(state=ReplyState.RUNNING).update(lease_until=late)

    def reap(self) -> None:
        reaper.reap()

    def begin_waiting(self, process: int) -> None:
        for reply_id in reaper.waiting_replies():
            self.ring(reply_id, process)

    def _start(self, loop: SimulatedLoop) -> Runner:
        return self.time.finish(loop, _started(self.screen))

    def _upset(self) -> None:
        self.upset += 1
        self._stamp()

    def _stamp(self) -> None:
        self.book.stamp = (self.asked, self.upset)

    # The end of the story.

    def bring_to_an_end(self) -> None:
        """Everybody wakes and works, and the reaper has its turns."""
        self.plan(())
        for name in self.providers:
            self.come_back(name)
        for process in range(2):
            self.wake(process)
        for _ in range(4):
            self.time.run()
            self.time.run(FOR_EVER_S, until=lambda: not self.is_writing)
            if not self.is_busy:
                break
            self.leases_run_out()
            self.reap()
            self.begin_waiting(0)
        if self.has_killed:
            self.sweep()
        self.time.run(FOR_EVER_S, until=lambda: not self.calls_under_way)

    def sweep(self) -> None:
        """Calls that died unseen, of a reply that another process had taken over, are booked when they are old."""
        long_ago = timezone.now() - 2 * LONGEST_CALL
        Attempt.objects.filter(ended_at=None).update(started_at=long_ago)
        reaper.book_forgotten_attempts()

    @property
    def is_writing(self) -> bool:
        """Whether a process has work; the heart of an idle one goes on beating."""
        tasks = (
            task.get_name() for loop in self.time.processes for task in asyncio.all_tasks(loop)
        )
        return any(name.startswith(("reply", "writing")) for name in tasks)

    @property
    def is_busy(self) -> bool:
        return Reply.objects.filter(state__in=ACTIVE_STATES).exists()

    @property
    def calls_under_way(self) -> int:
        return sum(provider.under_way for provider in self.providers.values())

    def put_away(self) -> None:
        for loop in self.time.processes:
            self.time.kill(loop)


def _committed_text(reply_id: UUID) -> str:
    return leases.committed(Reply.objects.get(id=reply_id))[0]


async def _started(screen: Screen) -> Runner:
    return start_runner(screen)


async def _stopped(runner: Runner, reply_id: UUID) -> bool:
    return runner.stop(reply_id)


async def _close_connections() -> None:
    from answering.connections import close_connections

    await close_connections()


TABLES = (
    "usage_ledgerentry", "usage_budget", "routing_attempt", "routing_verdict", "chat_journalrow",
    "chat_continuation", "chat_reply", "chat_message", "chat_conversation", "routing_decision",
    "accounts_approval", "accounts_providerkey",
)  # fmt: skip


def _empty_tables() -> None:
    """All that a story makes. What hangs together goes together, so the order is of no matter."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
