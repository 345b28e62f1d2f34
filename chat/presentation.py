"""Replies and turns as the templates show them, and the frames that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum, prefetch_related_objects
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import linebreaks
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chat import leases, markdown, sidebar
from chat.models import Conversation, Reply, ReplyState
from chat.switches import Switch, switch_of
from chat.thread import Branch, Thread, Turn, answers_of, turn_of
from chat.turns import Submitted, can_continue
from chat.verdicts import thumbs_of, why_not_this_one
from routing.names import category_name, model_name
from routing.policy import AUTO
from usage.models import LedgerEntry
from usage.money import usd

# A chat of four hundred turns was a page of 2.7 MB that took a second to write.
TURNS_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Chip:
    auto: bool
    model_name: str
    category_name: str
    category_percent: int
    cost_words: str
    fell_back: bool


@dataclass(frozen=True, slots=True)
class ReplyView:
    id: UUID
    state: str
    state_words: str
    text: str
    html: SafeString
    reasoning_html: SafeString | str
    model_id: str
    model_name: str
    chip: Chip | None
    switch: Switch | None
    failure_words: str
    is_over_budget: bool
    can_continue: bool
    thumb: str


@dataclass(frozen=True, slots=True)
class ShownTurns:
    """`earlier` is the reply down to which there is more, None where it begins."""

    turns: list[TurnView]
    earlier: UUID | None


@dataclass(frozen=True, slots=True)
class TurnView:
    message: Any
    reply: ReplyView | None
    versions: Branch
    answers: Branch


def shown_turns(conversation: Conversation, back_to: UUID | None = None) -> ShownTurns:
    """The end of the shown branch, at least from the message or reply `back_to` on."""
    turns = Thread(conversation).shown_turns()
    start = max(0, len(turns) - TURNS_AT_ONCE)
    return _shown(turns, min(start, _place(turns, back_to, start)), len(turns))


def earlier_turns(conversation: Conversation, before: UUID) -> ShownTurns:
    """The end of the shown branch down to the reply `before`; nothing if it is not there any more."""
    turns = Thread(conversation).shown_turns()
    end = _place(turns, before, -1) + 1
    return _shown(turns, max(0, end - TURNS_AT_ONCE), end)


def _place(turns: list[Turn], wanted: UUID | None, otherwise: int) -> int:
    if wanted is None:
        return otherwise
    for place, turn in enumerate(turns):
        if wanted in {turn.message.id, turn.reply and turn.reply.id}:
            return place
    return otherwise


def _shown(turns: list[Turn], start: int, end: int) -> ShownTurns:
    shown = turns[start:end]
    replies = [turn.reply for turn in shown if turn.reply]
    prefetch_related_objects(replies, "decision")
    costs, thumbs = costs_of(replies), thumbs_of(replies)
    views = [_turn_view(turn, costs, thumbs) for turn in shown]
    # The reply before it: all versions of a message have that in common.
    return ShownTurns(views, shown[0].message.parent_id if start else None)


def costs_of(replies: list[Reply]) -> dict[UUID, Decimal]:
    """USD by reply: the sum over all attempts, those of its former runs too."""
    decisions = {
        UUID(str(decision)): reply.id
        for reply in replies
        for decision in (reply.decision_id, *reply.earlier_decisions)
        if decision
    }
    entries = LedgerEntry.objects.filter(attempt__decision__in=decisions)
    costs: dict[UUID, Decimal] = {}
    for row in entries.values("attempt__decision").annotate(cost=Sum("cost_usd")):
        reply_id = decisions[row["attempt__decision"]]
        costs[reply_id] = costs.get(reply_id, Decimal(0)) + row["cost"]
    return costs


def reply_view(reply: Reply, costs: dict[UUID, Decimal], thumbs: dict[UUID, str]) -> ReplyView:
    running = reply.state == ReplyState.RUNNING
    text, reasoning = leases.committed(reply) if running else (reply.text, reply.reasoning)
    cost = costs.get(reply.id)
    return ReplyView(
        id=reply.id,
        state=reply.state,
        state_words=str(ReplyState(reply.state).label),
        text=text,
        html=markdown.render(text),
        reasoning_html=linebreaks(reasoning, autoescape=True) if reasoning else "",
        model_id=reply.model_id,
        model_name=model_name(reply.model_id) if reply.model_id else "",
        chip=_chip(reply, cost),
        switch=switch_of(reply),
        failure_words=reply.failure_words,
        is_over_budget=_is_over_budget(reply),
        can_continue=can_continue(reply),
        thumb=thumbs.get(reply.decision_id, "") if reply.decision_id else "",
    )


def _is_over_budget(reply: Reply) -> bool:
    """A limit on spending stood in the way, at the choice or at the call."""
    if reply.failure == "budget":
        return True
    if reply.failure != "no_model" or reply.decision is None:
        return False
    return any(note["code"] == "budget" for note in reply.decision.receipt["rejected"])


def chip_html(reply: Reply) -> str:
    """The chip before the first token: the model is known, the price is not yet."""
    chipped = _Chipped(reply.id, _chip(reply, None), switch_of(reply))
    return render_to_string("chat/_reply_top.html", {"reply": chipped})


@dataclass(frozen=True, slots=True)
class _Chipped:
    id: UUID
    chip: Chip | None
    switch: Switch | None


def _chip(reply: Reply, cost: Decimal | None) -> Chip | None:
    if reply.decision is None or not reply.model_id:
        return None
    receipt = reply.decision.receipt
    asked = receipt["asked"]["model"]
    first = receipt["candidates"][0]["model"] if receipt["candidates"] else reply.model_id
    category, share = max(receipt["categories"].items(), key=lambda item: item[1])
    return Chip(
        auto=asked == AUTO,
        model_name=model_name(reply.model_id),
        category_name=category_name(category),
        category_percent=round(100 * share),
        cost_words="" if cost is None else _cost_words(reply.model_id, cost),
        fell_back=reply.model_id != (first if asked == AUTO else asked),
    )


def _cost_words(model_id: str, cost: Decimal) -> str:
    if model_id.startswith("demo/"):
        # Nobody is billed for a demo model; its price is there to be seen.
        return _("%(cost)s demo price") % {"cost": usd(cost)}
    return usd(cost)


def waiting(failed: str, name: str) -> str:
    if failed:
        return _("%(failed)s: trying %(model)s…") % {"failed": failed, "model": name}
    return _("Waiting for %(model)s…") % {"model": name}


def reply_html(reply: Reply) -> str:
    view = reply_view(reply, costs_of([reply]), thumbs_of([reply]))
    return render_to_string("chat/_reply.html", {"reply": view, "branch": answers_of(reply)})


def done_frame(reply_id: UUID) -> dict[str, Any]:
    reply = Reply.objects.select_related("message", "decision").get(id=reply_id)
    return {
        "type": "done",
        "reply": str(reply_id),
        "state": reply.state,
        "seq": reply.seq,
        "html": reply_html(reply),
    }


def ack_frame(submitted: Submitted) -> dict[str, Any]:
    conversation_id = submitted.conversation.id
    return {
        "type": "ack",
        "client_msg_id": str(submitted.client_msg_id),
        "conversation": str(conversation_id),
        "url": reverse("conversation", args=[conversation_id]),
        "message": str(submitted.message.id),
        "reply": str(submitted.reply.id),
    }


def turn_frame(reply: Reply, replaces: UUID | None) -> dict[str, Any]:
    # Who pressed "Not this one" is asked why, once, while the next one answers.
    asked = replaces if reply.refused_models else None
    turn = _turn_view(turn_of(reply), {}, {})
    context = {"turn": turn, "why_not": asked, "reasons": why_not_this_one()}
    return {
        "type": "turn",
        "conversation": str(reply.conversation_id),
        "message": str(reply.message_id),
        "reply": str(reply.id),
        "html": render_to_string("chat/_turn.html", context),
        "replaces": str(replaces) if replaces else None,
        # The reply that its message follows; null at the beginning.
        "parent": str(reply.message.parent_id) if reply.message.parent_id else None,
    }


def begun_frames(reply: Reply, replaces: UUID | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The new turn, and the row of its conversation."""
    waits = reply.state == ReplyState.QUEUED
    row = sidebar.running_row(reply.conversation) if waits else sidebar.row(reply.conversation_id)
    return turn_frame(reply, replaces), _row_frame(row)


def row_frame(conversation_id: UUID) -> dict[str, Any]:
    """The conversation's row in the sidebar, with its dot."""
    return _row_frame(sidebar.row(conversation_id))


def _row_frame(row: sidebar.Row) -> dict[str, Any]:
    return {
        "type": "title",
        "conversation": str(row.id),
        "title": row.title,
        "html": render_to_string("chat/_conversation_row.html", {"conversation": row}),
    }


def _turn_view(turn: Turn, costs: dict[UUID, Decimal], thumbs: dict[UUID, str]) -> TurnView:
    view = reply_view(turn.reply, costs, thumbs) if turn.reply else None
    return TurnView(turn.message, view, turn.versions, turn.answers)
