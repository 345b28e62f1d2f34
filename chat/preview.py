"""What Auto would pick for a message that is still being written. No model is called, nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.access import current_membership
from accounts.models import User
from answering.decision import budget_for
from chat.access import access_conversation
from chat.incumbents import incumbent_after
from chat.models import Conversation, Message, Reply
from routing.decisions import Call, prepare
from routing.engine.length import estimate_tokens
from routing.engine.record import Asked
from routing.engine.values import Incumbent, Request, Turn
from routing.policy import auto_allowed
from usage.money import usd

# The classifier reads the beginning and the end of a message: this much of one says what kind it is.
READ_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Draft:
    """`text`: its beginning, where it is long; `characters`: of all of it. `conversation` is None in a new chat."""

    text: str
    characters: int
    preference: str
    conversation: UUID | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`model` is empty where nobody could answer; `explanation` then says why."""

    model: str
    cost_words: str
    explanation: str


def preview(user: User, draft: Draft) -> Preview | None:
    """None where there is nothing to say: no text yet, or Auto is switched off."""
    organisation = current_membership(user).organisation
    if not draft.text.strip() or not auto_allowed(user, organisation):
        return None
    request, incumbent = _asked_of(user, draft)
    asked: Asked = {
        "model": "auto",
        "preference": draft.preference,
        "pool": None,
        "fallback": True,
        "surface": "chat",
    }
    budget = budget_for(user, organisation)
    decision = prepare(Call(user, organisation, asked, request, incumbent, budget)).decision
    if decision.chosen is None:
        return Preview("", "", decision.explanation)
    cost = decision.chosen.cost_usd
    return Preview(
        model=decision.chosen.candidate.card.name,
        cost_words=_("about %(cost)s") % {"cost": usd(cost)} if cost else _("free"),
        explanation=decision.explanation,
    )


def _asked_of(user: User, draft: Draft) -> tuple[Request, Incumbent | None]:
    message = Turn("user", draft.text[:READ_CHARACTERS])
    conversation = access_conversation(user, draft.conversation) if draft.conversation else None
    last = _last_turn(conversation) if conversation else None
    if conversation is None or last is None:
        return Request(turns=(message,), prompt_tokens=_tokens(draft)), None
    said, reply = last
    incumbent = incumbent_after(conversation, reply)
    seen = incumbent.cached_prefix_tokens if incumbent else 0
    turns = (*_turns_before(said, reply), message)
    tokens = seen + _tokens(draft) if seen else None
    return Request(turns=turns, prompt_tokens=tokens), incumbent


def _tokens(draft: Draft) -> int:
    """Of the whole message, as dense as its beginning."""
    longer = max(1.0, draft.characters / len(draft.text))
    return round(estimate_tokens(draft.text) * longer)


def _last_turn(conversation: Conversation) -> tuple[Message, Reply | None] | None:
    """The end of the branch that is shown, without the rest of the conversation."""
    if conversation.leaf_id is None:
        return None
    leaf = (
        Message.objects.filter(id=conversation.leaf_id)
        .select_related("parent__message", "shown_reply__decision")
        .first()
    )
    if leaf is None:
        return None
    newest = leaf.replies.select_related("decision").order_by("-id")
    return leaf, leaf.shown_reply or newest.first()


def _turns_before(said: Message, reply: Reply | None) -> list[Turn]:
    """As much of what was said as the classifier looks at."""
    turns = [Turn("user", said.text[:READ_CHARACTERS])]
    if said.parent is not None:
        turns.insert(0, Turn("user", said.parent.message.text[:READ_CHARACTERS]))
    if reply is not None and reply.text:
        turns.append(Turn("assistant", reply.text[:READ_CHARACTERS]))
    return turns
