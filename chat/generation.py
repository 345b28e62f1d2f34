"""One reply, from its row to its last character: read this first."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from answering.answer import answer
from answering.log_ids import CONVERSATION, REPLY
from answering.request import (
    Answered,
    AnswerError,
    AnswerInterruptedError,
    AttemptFailed,
    AttemptStarted,
    DecisionMade,
    Reasoning,
    Text,
    ToolCallPiece,
)
from answering.threads import in_thread, kept_in_thread
from chat import leases, presentation, runs
from chat.broadcast import Outlet
from chat.journal import JournalWriter
from chat.leases import Ending
from chat.models import ReplyState
from chat.runs import Run
from routing.engine.record import Receipt

logger = logging.getLogger(__name__)

# Why a run ends before its model does.
STOPPED = "stopped"
LOST = "lost"
DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a process lends to every reply that it writes."""

    owner: str
    outlet: Outlet
    journal: JournalWriter


@dataclass(slots=True)
class Writing:
    """The part of one reply that may be cut short, and why it was."""

    task: asyncio.Task[Ending] | None = None
    why: str = ""

    def begin(self, task: asyncio.Task[Ending]) -> None:
        self.task = task
        if self.why:
            task.cancel()

    def stop(self, why: str) -> None:
        """The first reason counts; whoever comes later finds it ending already."""
        if not self.why:
            self.why = why
            if self.task:
                self.task.cancel()


async def generate_reply(reply_id: UUID, desk: Desk, writing: Writing) -> None:
    """Claim it, write it, end it. Only the writing can be cancelled, so it always ends in words."""
    run = await in_thread(runs.claim_run, reply_id, desk.owner)
    if run is None:
        await _end_unbegun(reply_id, desk)
        return
    REPLY.set(str(reply_id))
    CONVERSATION.set(str(run.reply.conversation_id))
    with translation.override(run.language):
        desk.outlet.begin(reply_id, run.text, run.reasoning)
        ending = await _written(run, desk, writing)
        await _end(run, desk, ending)


async def _end_unbegun(reply_id: UUID, desk: Desk) -> None:
    """Whoever asked for its stop was told that we have it, and for that stop we could not take it."""
    reply = await in_thread(leases.settle_stopped, reply_id)
    if reply is not None:
        desk.outlet.finish(reply_id, await kept_in_thread(presentation.done_frame, reply_id))


async def _written(run: Run, desk: Desk, writing: Writing) -> Ending | None:
    """How it ended; None when the reply is no longer ours to end."""
    task = asyncio.create_task(_write(run, desk), name=f"writing {run.lease.reply_id}")
    writing.begin(task)
    try:
        return await task
    except asyncio.CancelledError:
        return _cut_short(run, writing.why)
    except runs.LeaseLostError:
        return None
    except AnswerInterruptedError as error:
        return Ending(ReplyState.INTERRUPTED, failure=error.failure, words=error.words)
    except AnswerError as error:
        # A continuation that got no further: what was written before stands, and may go on.
        state = ReplyState.INTERRUPTED if run.text else ReplyState.FAILED
        return Ending(state, failure=error.failure, words=error.words)
    except Exception:
        logger.exception("Reply %s failed", run.lease.reply_id)
        return _broken(run)


async def _write(run: Run, desk: Desk) -> Ending:
    lease, journal = run.lease, desk.journal
    desk.outlet.say(lease.reply_id, _("Choosing…"))
    # Whoever reads a text that stands still is told why.
    words = _("The server cannot store what is written. It goes on by itself once it can.")
    stands_still = partial(desk.outlet.say, lease.reply_id, words)
    async with aclosing(answer(run.request)) as events:
        with journal.telling(lease, stands_still):
            async for event in events:
                match event:
                    case Text(text):
                        journal.append(lease, text=text)
                        await journal.next_tick()
                    case Reasoning(text):
                        journal.append(lease, reasoning=text)
                        await journal.next_tick()
                    case ToolCallPiece():
                        run.add_tool_call(event)
                    case Answered(finish=finish):
                        return Ending(ReplyState.DONE, finish=finish)
                    case _:
                        await _tell(run, desk, event)
    raise AssertionError("answer() ends with Answered or raises")


async def _tell(run: Run, desk: Desk, event: DecisionMade | AttemptStarted | AttemptFailed) -> None:
    """What happens before the first token, in words beside the reply."""
    match event:
        case DecisionMade(decision_id, receipt):
            chip = await in_thread(_decided, run, decision_id, receipt)
            desk.outlet.show_receipt(run.lease.reply_id, chip)
        case AttemptStarted(model_id=model_id, model_name=name):
            await _say_who(run, desk, model_id, presentation.waiting(run.failed, name))
        case AttemptFailed(words=words):
            run.failed = words
            desk.outlet.say(run.lease.reply_id, words)


def _decided(run: Run, decision_id: UUID, receipt: Receipt) -> str:
    """Store it, and render its chip where no stream waits for that."""
    runs.link_decision(run, decision_id, receipt)
    return presentation.chip_html(run.reply)


def _fell_back(run: Run, model_id: str) -> str:
    runs.link_model(run, model_id)
    return presentation.chip_html(run.reply)


async def _say_who(run: Run, desk: Desk, model_id: str, words: str) -> None:
    """The model that is called now; after a failure it is another than the chip says."""
    if model_id != run.reply.model_id:
        chip = await in_thread(_fell_back, run, model_id)
        desk.outlet.show_receipt(run.lease.reply_id, chip)
    desk.outlet.say(run.lease.reply_id, words)


def _broken(run: Run) -> Ending:
    if run.lease.text_seq:
        words = _("Something broke on our side. What was written is kept.")
        return Ending(ReplyState.INTERRUPTED, failure="internal", words=words)
    words = _("Something broke on our side. Your message is kept: try again.")
    return Ending(ReplyState.FAILED, failure="internal", words=words)


def _cut_short(run: Run, why: str) -> Ending | None:
    if why == STOPPED:
        return Ending(ReplyState.STOPPED)
    if why == DRAINED and run.lease.text_seq:
        words = _("The server restarted. What was written is kept.")
        return Ending(ReplyState.INTERRUPTED, failure="restarted", words=words)
    return None


async def _end(run: Run, desk: Desk, ending: Ending | None) -> None:
    """Everything written is committed before the end is; the end before anybody hears of it."""
    reply_id = run.lease.reply_id
    await desk.journal.flush(run.lease)
    if ending is None:
        await in_thread(leases.release, run.lease)
        desk.outlet.let_go(reply_id, _("Resuming…"))
        return
    reply = await kept_in_thread(leases.settle, run.lease, ending, run.tool_calls)
    if reply is None:
        desk.outlet.let_go(reply_id, _("Resuming…"))
        return
    desk.outlet.finish(reply_id, await kept_in_thread(presentation.done_frame, reply_id))
    row = await in_thread(presentation.row_frame, reply.conversation_id)
    desk.outlet.tell_user(run.request.user.id, reply.conversation_id, row)
