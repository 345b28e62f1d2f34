"""Who answered last in a conversation, and what is asked of the next since replies were turned down."""

from __future__ import annotations

from django.db.models import UUIDField

from accounts.prepared import PreparedQuery
from chat import prompt
from chat.models import Conversation, Reply
from routing.engine.values import Incumbent
from routing.models import Attempt
from routing.verdicts import least_ability, turned_down
from usage.models import LedgerEntry

_TURNED_DOWN = PreparedQuery(
    lambda conversation: turned_down(
        Reply.objects.filter(conversation=conversation).values("decision")
    ),
    UUIDField(),
)


def incumbent_of(reply: Reply) -> Incumbent | None:
    """For a reply that is to be written: its own model when it is continued, the pinned one, or that of the turn before."""
    before = reply if reply.text else prompt.former_reply(reply)
    pinned = reply.model_id if reply.text else reply.conversation.pinned_model
    return _incumbent(reply.conversation, before, pinned, frozenset(reply.refused_models))


def incumbent_after(conversation: Conversation, before: Reply | None) -> Incumbent | None:
    """For the turn that follows this reply of the conversation; None where nothing speaks for anybody."""
    return _incumbent(conversation, before, conversation.pinned_model, frozenset())


def _incumbent(
    conversation: Conversation, before: Reply | None, pinned: str, refused: frozenset[str]
) -> Incumbent | None:
    asked = least_ability(_TURNED_DOWN.all(conversation.id))
    decision = before.decision if before else None
    model = pinned or (before.model_id if before and decision else "")
    if not (model or refused) and asked is None:
        return None
    return Incumbent(
        model=model,
        difficulty=decision.difficulty if decision else 0.0,
        cached_prefix_tokens=cached_tokens(before) if before and before.model_id == model else 0,
        pinned=bool(pinned),
        rejected=refused,
        least_ability=asked,
    )


def cached_tokens(reply: Reply) -> int:
    """What the model has seen already: the prompt and the answer of its last call here."""
    entry = (
        LedgerEntry.objects.filter(
            attempt__decision=reply.decision_id,
            attempt__number__gt=Attempt.SECOND_READING,
            delivered=True,
        )
        .order_by("-attempt__number")
        .first()
    )
    return entry.input_tokens + entry.output_tokens if entry else 0
