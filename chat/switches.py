"""Where Auto went from one model to another within a conversation, and why."""

from __future__ import annotations

from dataclasses import dataclass

from chat.models import Reply
from routing.engine.record import Receipt
from routing.names import model_name

# Fewer tokens of the conversation are read again without anybody noticing the price.
TOLD_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Switch:
    """`why`: a fragment ("cannot see images"). `tokens`: what the new model reads again; 0 is not told."""

    former_id: str
    former_name: str
    model_name: str
    why: str
    tokens: int


def switch_of(reply: Reply) -> Switch | None:
    """None where the model stayed, was chosen by hand, or was turned down by the person themselves."""
    if reply.decision is None or not reply.model_id:
        return None
    receipt: Receipt = reply.decision.receipt
    note = receipt.get("incumbent")
    if note is None or note["stayed"] or receipt["asked"]["model"] != "auto":
        return None
    if note["model"] == reply.model_id or note["model"] in reply.refused_models:
        return None
    tokens = receipt["features"]["cached_prefix_tokens"]
    return Switch(
        former_id=note["model"],
        former_name=model_name(note["model"]),
        model_name=model_name(reply.model_id),
        why=note["why"],
        tokens=tokens if tokens >= TOLD_TOKENS else 0,
    )
