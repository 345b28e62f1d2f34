"""What happened to a reply, from the question to its end: every decision and every call, in order and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from chat.models import Continuation, Reply, ReplyState
from chat.names import payer_words
from chat.thread import answers_of
from routing.engine.record import Receipt
from routing.models import Attempt, Decision
from routing.names import model_name
from routing.policy import AUTO
from usage.models import LedgerEntry
from usage.money import usd

LEAST_S, MINUTE, HOUR, DAY = 0.05, 60, 3600, 86_400
# Who could have been chosen and, just then, was not.
PASSED_OVER = frozenset({"breaker_open", "budget"})


@dataclass(frozen=True, slots=True)
class Call:
    """What one call was besides its words. `again`: the same as the one before, once more."""

    again: bool
    first_token_s: float | None
    seconds: float | None
    cost_words: str
    payer_words: str
    certainty: str
    retry_after_s: float | None
    left_out: int


@dataclass(frozen=True, slots=True)
class Step:
    """`kind`: "asked", "chosen", "pressed", "passed" (over), how a call went or how it ended; `after`: the time since it was asked."""

    kind: str
    at: datetime
    title: str
    words: tuple[str, ...] = ()
    call: Call | None = None
    after: str = ""


def timeline(
    reply: Reply, decisions: Sequence[Decision], attempts: Sequence[Attempt]
) -> list[Step]:
    """`decisions`: all of this reply, in order, and `attempts` all of theirs."""
    steps = [_asked(reply)]
    pressed = list(reply.continuations.order_by("created_at"))
    for place, decision in enumerate(decisions):
        is_asked_for = place == 0
        while pressed and pressed[0].created_at <= decision.made_at:
            steps.append(_pressed(pressed.pop(0)))
            is_asked_for = True
        steps.append(_chosen(decision, is_asked_for))
        steps += _calls([each for each in attempts if each.decision_id == decision.id])
    steps += [_pressed(each) for each in pressed]
    steps += _end(reply, steps[-1])
    return [replace(step, after=_after(reply.created_at, step.at)) for step in steps]


def _asked(reply: Reply) -> Step:
    is_first = answers_of(reply).position == 1
    title = _("You asked") if is_first else _("You asked for another answer")
    return Step("asked", reply.created_at, title)


def _pressed(continuation: Continuation) -> Step:
    return Step("pressed", continuation.created_at, _("You pressed Continue"))


def _chosen(decision: Decision, is_asked_for: bool) -> Step:  # noqa: FBT001
    receipt: Receipt = decision.receipt
    words = () if is_asked_for else (_("Begun anew: whoever wrote it was gone."),)
    return Step("chosen", decision.made_at, _choice(receipt), (*words, *_passed_over(receipt)))


def _choice(receipt: Receipt) -> str:
    asked = receipt["asked"]["model"]
    if asked != AUTO:
        return _("You chose %(model)s") % {"model": model_name(asked)}
    if not receipt["candidates"]:
        return _("Auto found no model")
    return _("Auto chose %(model)s") % {"model": model_name(receipt["candidates"][0]["model"])}


def _passed_over(receipt: Receipt) -> Iterator[str]:
    asked = receipt["asked"]["model"]
    # By another key it may answer all the same.
    candidates = {note["model"] for note in receipt["candidates"]}
    for note in receipt["rejected"]:
        if note["model"] in candidates:
            continue
        if note["code"] in PASSED_OVER or note["model"] == asked:
            words = {"model": model_name(note["model"]), "reason": note["reason"]}
            yield _("%(model)s was passed over: %(reason)s") % words


def _calls(attempts: Sequence[Attempt]) -> Iterator[Step]:
    before: Attempt | None = None
    for attempt in attempts:
        if attempt.number > Attempt.SECOND_READING:
            for note in attempt.passed_over or ():
                yield Step(
                    "passed", attempt.started_at, model_name(note["model"]), (note["words"],)
                )
            yield _call(attempt, before)
            before = attempt


def _call(attempt: Attempt, before: Attempt | None) -> Step:
    entry: LedgerEntry | None = getattr(attempt, "ledger_entry", None)
    words = attempt.words or str(Attempt.Outcome(attempt.outcome).label)
    call = Call(
        again=before is not None and _way(before) == _way(attempt),
        first_token_s=_seconds(attempt.started_at, attempt.first_token_at),
        seconds=_seconds(attempt.started_at, attempt.ended_at),
        cost_words=usd(entry.cost_usd) if entry else "",
        payer_words=payer_words(attempt.payer),
        certainty=str(entry.get_certainty_display()) if entry and entry.cost_usd else "",
        retry_after_s=attempt.retry_after_s,
        left_out=attempt.left_out_messages,
    )
    kind = attempt.outcome or "running"
    return Step(kind, attempt.started_at, model_name(attempt.model_id), (words,), call)


def _way(attempt: Attempt) -> tuple[str, str, str]:
    return attempt.model_id, attempt.endpoint, attempt.credential


def _seconds(start: datetime, end: datetime | None) -> float | None:
    """None where nobody would notice: that something took 0.0 s is not worth a line."""
    seconds = (end - start).total_seconds() if end else 0.0
    return seconds if seconds >= LEAST_S else None


def _end(reply: Reply, last: Step) -> Iterator[Step]:
    """Only where the last call does not say it already."""
    if reply.is_active or reply.ended_at is None:
        return
    finish = {
        "length": _("Its limit of length was reached."),
        "content_filter": _("The provider’s content filter ended it."),
    }
    words = reply.failure_words or finish.get(reply.finish, "")
    is_told = words in last.words or (not words and reply.state in {ReplyState.DONE, last.kind})
    if not is_told:
        label = str(ReplyState(reply.state).label)
        yield Step(reply.state, reply.ended_at, label, (words,) if words else ())


def _after(start: datetime, at: datetime) -> str:
    seconds = max(0.0, (at - start).total_seconds())
    if seconds < MINUTE:
        return _("%(seconds)s s") % {"seconds": number_format(seconds, decimal_pos=1)}
    whole = round(seconds)
    if whole < HOUR:
        return _("%(minutes)s min %(seconds)s s") % {
            "minutes": whole // MINUTE,
            "seconds": whole % MINUTE,
        }
    if whole < DAY:
        return _("%(hours)s h %(minutes)s min") % {
            "hours": whole // HOUR,
            "minutes": whole % HOUR // MINUTE,
        }
    return _("%(days)s d %(hours)s h") % {"days": whole // DAY, "hours": whole % DAY // HOUR}
