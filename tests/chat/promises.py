"""What is promised of every reply (docs/reliability.md), looked at after each step and at the end."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from chat.models import ACTIVE_STATES, JournalRow, Message, Reply, ReplyState
from routing.models import Attempt, Decision
from tests.chat.faulty_providers import PIECE, Call, text_of
from tests.chat.reply_world import World
from usage.models import Budget, LedgerEntry

TRIES, MODELS, CALLS = 2, 4, 6
# Of a call that gave text: others are of a continuation that got no further.
AFTER_TEXT = {"stalled", "cut_after_text", "error_after_text"}


def check_step(world: World) -> None:
    assert not world.screen.broken, world.screen.broken
    _check_what_was_seen(world)
    _check_new_attempts(world)
    active = Reply.objects.filter(state__in=ACTIVE_STATES)
    chats = list(active.values_list("conversation", flat=True))
    assert len(chats) == len(set(chats)), "two at once"


def _check_what_was_seen(world: World) -> None:
    written = JournalRow.objects.filter(kind=JournalRow.Kind.TEXT).order_by("start")
    journal: defaultdict[UUID, str] = defaultdict(str)
    for reply_id, text in written.values_list("reply_id", "text"):
        journal[reply_id] += text
    for reply_id, text in Reply.objects.values_list("id", "text"):
        stored, seen = text + journal[reply_id], world.screen.texts.get(reply_id, "")
        assert stored.startswith(seen), f"seen {seen!r}, stored {stored!r}"


def _check_new_attempts(world: World) -> None:
    """Nothing has changed since they were opened: a step changes something, or lets time go by."""
    new = list(Attempt.objects.exclude(id__in=world.attempts_seen))
    replies = replies_by_decision() if new else {}
    for attempt in new:
        world.attempts_seen.add(attempt.id)
        _check_permission(world, attempt)
        _check_choice(world, attempt, replies)
        _check_who_pays(world, attempt)
    for decision_id in {attempt.decision_id for attempt in new}:
        _check_bounds(list(Attempt.objects.filter(decision=decision_id).order_by("number")))


def replies_by_decision() -> dict[UUID, Reply]:
    found = {}
    for reply in Reply.objects.select_related("message"):
        ids = [*reply.earlier_decisions, *([reply.decision_id] if reply.decision_id else [])]
        found.update(dict.fromkeys((UUID(str(id_)) for id_ in ids), reply))
    return found


def _check_permission(world: World, attempt: Attempt) -> None:
    assert attempt.model_id in world.allowed, f"{attempt.model_id} is not approved"
    key = next(key for key in world.keys.values() if key.credential == attempt.credential)
    assert key.is_enabled, f"{attempt.credential} is disabled"
    assert key.provider == attempt.model_id.partition("/")[0]
    assert key.payer == attempt.payer
    assert key.payer == "organisation" or world.organisation.personal_keys_allowed


def _check_choice(world: World, attempt: Attempt, replies: dict[UUID, Reply]) -> None:
    assert attempt.decision_id in replies, "a call that is of no reply"
    reply = replies[attempt.decision_id]
    if reply.conversation_id not in world.chats_with_fallback:
        assert reply.asked_model in {"auto", attempt.model_id}, "not the model that was asked for"
    assert attempt.model_id not in reply.refused_models


def _check_who_pays(world: World, attempt: Attempt) -> None:
    before = Attempt.objects.filter(decision=attempt.decision_id, number__lt=attempt.number)
    former = before.order_by("number").last()
    if former is not None and former.payer == "organisation":
        assert attempt.payer == "organisation", "from the organisation's money to a person's"
    if former is not None and former.payer == "person" and attempt.payer == "organisation":
        assert world.organisation.auto_fallback_to_organisation_key, "the organisation pays unasked"
    if world.limit is not None and attempt.payer == "organisation":
        assert attempt.reserved, "nothing was set aside"
        asked_for = Decimal(attempt.reserved["usd"])
        assert _spent_before(world, attempt) + asked_for <= world.limit, "beyond the limit"


def _spent_before(world: World, attempt: Attempt) -> Decimal:
    return _spent(world, attempt__ended_at__lte=attempt.started_at)


def _spent(world: World, **when: Any) -> Decimal:
    """Of the calls that were made since there is a limit."""
    entries = LedgerEntry.objects.filter(payer="organisation", **when)
    counted = entries.exclude(attempt__in=world.unlimited)
    return counted.aggregate(sum=Sum("cost_usd"))["sum"] or Decimal(0)


def _check_bounds(attempts: list[Attempt]) -> None:
    tries = Counter(attempt.model_id for attempt in attempts)
    assert max(tries.values()) <= TRIES, f"too many tries: {tries}"
    assert len(tries) <= MODELS
    assert len(attempts) <= CALLS
    assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))


def check_end(world: World) -> None:
    check_step(world)
    assert not world.calls_under_way, "a call is still held open"
    _check_messages(world)
    _check_receipts(world)
    for reply in Reply.objects.select_related("message"):
        _check_ending(reply)
        _check_text(world, reply)
    _check_calls_after_text(world)
    _check_books(world)


def _check_messages(world: World) -> None:
    stored = dict(Message.objects.values_list("id", "text"))
    assert stored == world.texts
    ids = [submitted.client_msg_id for submitted in world.submitted]
    assert Reply.objects.filter(client_msg_id__in=ids).count() == len(ids) == Reply.objects.count()


def note_receipts(world: World) -> None:
    """Call when it may be that there are new ones."""
    new = Decision.objects.exclude(id__in=world.receipts)
    for decision in new:
        world.receipts[decision.id] = json.dumps(decision.receipt)


def _check_receipts(world: World) -> None:
    before = dict(world.receipts)
    world.receipts.clear()
    note_receipts(world)
    changed = [id_ for id_, receipt in before.items() if world.receipts.get(id_) != receipt]
    assert not changed, "a receipt was changed"


def _check_ending(reply: Reply) -> None:
    assert reply.state not in ACTIVE_STATES, "it never ends"
    assert reply.failure != "internal", reply.failure_words
    assert reply.seq == len(reply.text)
    if reply.state in {ReplyState.FAILED, ReplyState.INTERRUPTED}:
        assert reply.failure_words
    if reply.state in {ReplyState.DONE, ReplyState.INTERRUPTED}:
        assert reply.text
    if reply.state == ReplyState.FAILED:
        assert not reply.text, "what was written makes it an interrupted one"


def _check_text(world: World, reply: Reply) -> None:
    """It is made of pieces of calls for its message, in order, none left out and none doubled."""
    pieces = [(int(call), int(number)) for call, number in PIECE.findall(reply.text)]
    runs = [(call, len(list(run))) for call, run in groupby(pieces, lambda piece: piece[0])]
    assert reply.text == "".join(text_of(call, length) for call, length in runs)
    assert all(one < other for (one, _), (other, _) in pairwise(runs))
    assert len(runs) <= 1 + reply.continuations.count()
    for number, _ in runs:
        assert f"[question {world.book.calls[number].question}]" in reply.message.text
    if runs and reply.failure != "restarted":
        number, length = runs[-1]
        _check_last(reply, world.book.calls[number], length)


def _check_last(reply: Reply, last: Call, length: int) -> None:
    if reply.state == ReplyState.DONE:
        assert last.play.is_whole
    if reply.state == ReplyState.DONE or reply.failure in AFTER_TEXT:
        assert length == last.play.pieces, "delivered, and not in the reply"


def _check_calls_after_text(world: World) -> None:
    """While nobody asked anew and no process was upset, the call that gave text is the last one.
    A reply that two processes took for theirs is left out: what one got the other does not know."""
    taken_over = {
        _question(reply)
        for reply in Reply.objects.select_related("message").annotate(runs=Count("continuations"))
        if reply.attempt > 1 + reply.runs
    }
    for one, other in pairwise(sorted(world.book.calls, key=_story)):
        if _story(one)[:2] == _story(other)[:2] and one.question not in taken_over:
            assert not one.play.pieces, "another call after text"


def _story(call: Call) -> tuple[int, tuple[int, ...], int]:
    return call.question, call.stamp, call.number


def _check_books(world: World) -> None:
    attempts = list(Attempt.objects.select_related("ledger_entry"))
    assert not [attempt for attempt in attempts if attempt.ended_at is None], "never booked"
    assert LedgerEntry.objects.count() == len(attempts)
    replies = replies_by_decision()
    booked = Counter(_place(attempt, replies) for attempt in attempts)
    called = Counter(
        (call.question, f"{call.provider}/{call.model}", world.keys[call.key].credential)
        for call in world.book.calls
    )
    assert called <= booked, f"not booked: {called - booked}"
    for attempt in attempts:
        entry = attempt.ledger_entry
        assert (entry.payer, entry.model_id) == (attempt.payer, attempt.model_id)
    free = Counter(
        _place(attempt, replies) for attempt in attempts if not attempt.ledger_entry.cost_usd
    )
    assert booked - called <= free, f"booked, but never called: {booked - called - free}"
    _check_budget(world)


def _place(attempt: Attempt, replies: dict[UUID, Reply]) -> tuple[int, str, str]:
    return _question(replies[attempt.decision_id]), attempt.model_id, attempt.credential


def _question(reply: Reply) -> int:
    return int(reply.message.text.partition("[question ")[2].rstrip("]"))


def _check_budget(world: World) -> None:
    for budget in Budget.objects.all():
        assert budget.reserved_usd == 0, "set aside for ever"
        assert budget.spent_usd == _spent(world)


def tally(world: World) -> None:
    """What the stories were made of, for whoever reads of them."""
    world.tally["stories"] += 1
    world.tally["calls"] += len(world.book.calls)
    for state, failure in Reply.objects.values_list("state", "failure"):
        world.tally[f"reply {state} {failure}".strip()] += 1
    for outcome, failure in Attempt.objects.values_list("outcome", "failure"):
        world.tally[f"attempt {failure or outcome}"] += 1
