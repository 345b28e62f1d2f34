"""Who answered last in a conversation, and what is asked of the next since replies were turned down."""

from __future__ import annotations

from dataclasses import replace

from chat import prompt
from chat.models import Conversation, Reply
from routing.engine.values import Incumbent
from routing.verdicts import least_ability
from usage.models import LedgerEntry


def incumbent_of(reply: Reply) -> Incumbent | None:
    """For a reply that is to be written: the model of the turn before, or its own when it is continued."""
    refused = frozenset(reply.refused_models)
    before = reply if reply.text else prompt.former_reply(reply)
    incumbent = incumbent_after(reply.conversation, before)
    if incumbent is None:
        return Incumbent("", 0.0, rejected=refused) if refused else None
    return replace(incumbent, pinned=bool(reply.text), rejected=refused)


def incumbent_after(conversation: Conversation, before: Reply | None) -> Incumbent | None:
    """For the turn that follows this reply of the conversation; None where nothing speaks for anybody."""
    asked = least_ability(conversation.replies.values("decision"))
    if before is None or before.decision is None:
        return Incumbent("", 0.0, least_ability=asked) if asked is not None else None
    return Incumbent(
        model=before.model_id,
        difficulty=before.decision.difficulty,
        cached_prefix_tokens=cached_tokens(before),
        least_ability=asked,
    )


def cached_tokens(reply: Reply) -> int:
    """What the model has seen already: the prompt and the answer of its last call here."""
    entry = (
        LedgerEntry.objects.filter(attempt__decision=reply.decision_id, delivered=True)
        .order_by("-attempt__number")
        .first()
    )
    return entry.input_tokens + entry.output_tokens if entry else 0
