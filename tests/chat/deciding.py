"""Replies whose decisions were really made, and the calls that followed, as rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.models import User
from chat.models import Reply
from providers.events import Usage
from routing import decisions
from routing.cards import shipped_cards
from routing.engine.record import Asked
from routing.engine.values import Request, Turn
from routing.models import Attempt, Decision
from tests.chat.rows import make_conversation, make_turn
from tests.usage.rows import make_attempt
from usage import ledger


def decided(user: User, model: str = "auto", *, fallback: bool | None = None) -> UUID:
    asked: Asked = {
        "model": model,
        "preference": "",
        "pool": None,
        "fallback": model == "auto" if fallback is None else fallback,
        "surface": "chat",
    }
    organisation = make_conversation(user).organisation
    request = Request(turns=(Turn("user", "Write a Python function that sorts a list"),))
    stored = decisions.store(decisions.prepare(decisions.Call(user, organisation, asked, request)))
    return stored.id


def make_decided(user: User, model: str = "auto", **fields: Any) -> Reply:
    """A finished reply, answered by the first candidate unless `model_id` says otherwise."""
    decision = Decision.objects.get(id=decided(user, model, fallback=fields.pop("fallback", None)))
    given: dict[str, Any] = {"decision_id": decision.id, "model_id": decision.model_id}
    return make_turn(make_conversation(user), **given | fields)


def go_on(reply: Reply) -> None:
    """Decided once more, as after Continue or the loss of a process."""
    reply.earlier_decisions.append(str(reply.decision_id))
    reply.decision_id = decided(reply.conversation.owner, reply.asked_model)
    reply.save()
    reply.refresh_from_db()


def call(reply: Reply, number: int, usage: Usage | None, **fields: Any) -> Attempt:
    """Made by the latest decision, and booked."""
    assert reply.decision is not None
    attempt = make_attempt(reply.decision, number, **{"model_id": reply.model_id} | fields)
    prices = shipped_cards()[attempt.model_id].prices
    ledger.book(attempt, ledger.Used(usage, 1000, 400 if usage else 0), prices)
    return attempt
