"""What a run needs from its rows, and what it writes back while it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from answering.request import AnswerRequest, ToolCallPiece
from chat import leases, prompt
from chat.incumbents import incumbent_of
from chat.journal import Lease
from chat.models import Conversation, Reply
from routing.engine.record import Asked, Receipt
from routing.models import Decision
from routing.policy import AUTO, stand_in_allowed


class LeaseLostError(Exception):
    """Somebody else has dealt with the reply meanwhile: nobody is to be called for it here."""


@dataclass(slots=True)
class Run:
    """One reply being written, by whoever holds the lease."""

    lease: Lease
    reply: Reply
    request: AnswerRequest
    language: str
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    # What the last attempt failed of, until the next one is told.
    failed: str = ""

    @property
    def text(self) -> str:
        return self.reply.text

    @property
    def reasoning(self) -> str:
        return self.reply.reasoning

    def add_tool_call(self, piece: ToolCallPiece) -> None:
        while len(self.tool_calls) <= piece.index:
            self.tool_calls.append({"id": "", "name": "", "arguments": ""})
        call = self.tool_calls[piece.index]
        call["id"] = piece.id or call["id"]
        call["name"] = piece.name or call["name"]
        # Not every database can hold a NUL; its place is kept.
        call["arguments"] += piece.arguments.replace("\x00", "\ufffd")


def claim_run(reply_id: UUID, owner: str) -> Run | None:
    """Take the reply and gather its request; None when it is not to be had."""
    reply = leases.claimed(reply_id, owner)
    if reply is None:
        return None
    assembled = prompt.assemble(reply)
    request = AnswerRequest(
        user=reply.conversation.owner,
        organisation=reply.conversation.organisation,
        asked=_asked(reply),
        messages=assembled.messages,
        said=assembled.said,
        incumbent=incumbent_of(reply),
    )
    return Run(leases.lease_of(reply), reply, request, request.user.language or "en")


def link_decision(run: Run, decision_id: UUID, receipt: Receipt) -> None:
    chosen = receipt["candidates"][0]["model"] if receipt["candidates"] else ""
    if run.reply.decision_id is not None:
        run.reply.earlier_decisions.append(str(run.reply.decision_id))
    _update(
        run,
        decision_id=decision_id,
        model_id=chosen,
        earlier_decisions=run.reply.earlier_decisions,
    )
    run.reply.model_id = chosen
    # What the chip is drawn from; the row itself was stored a moment ago.
    run.reply.decision = Decision(id=decision_id, receipt=receipt)


def link_model(run: Run, model_id: str) -> None:
    run.reply.model_id = model_id
    _update(run, model_id=model_id)


def _update(run: Run, **values: Any) -> None:
    """Raises LeaseLostError; then nothing is stored."""
    if not leases.fenced(run.lease).update(**values):
        raise LeaseLostError


def _may_fall_back(conversation: Conversation) -> bool:
    """As the chat has it, where the organisation lets us choose a model at all."""
    return conversation.may_fall_back and stand_in_allowed(conversation.organisation)


def _asked(reply: Reply) -> Asked:
    return {
        "model": reply.asked_model,
        "preference": reply.preference,
        "pool": None,
        "fallback": reply.asked_model == AUTO or _may_fall_back(reply.conversation),
        "surface": "chat",
    }
