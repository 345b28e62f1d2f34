"""What a person says of a reply: thumbs, the reason of a "Not this one", and a model asked instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.access import access_reply
from chat.frames import Retry
from chat.models import Reply, ReplyState
from routing import verdicts
from routing.verdicts import Kind, Reason

WHY_BAD = (
    Reason.WRONG,
    Reason.INCOMPLETE,
    Reason.NOT_ASKED,
    Reason.TONE,
    Reason.TOO_LONG,
    Reason.REFUSED,
    Reason.TOO_SLOW,
    Reason.TOO_DEAR,
)
WHY_NOT_THIS_ONE = (Reason.TOO_WEAK, Reason.NOT_ASKED, Reason.TOO_SLOW, Reason.TOO_DEAR)
# A person may say these; that another model was asked is seen.
SAID = (Kind.GOOD, Kind.BAD, Kind.NOT_THIS_ONE)


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    code: str
    name: str
    is_chosen: bool


class NoVerdictError(Exception):
    """The verdict makes no sense. The message is a sentence for the person."""


def judge(user: User, reply_id: UUID, kind: str, reason: str) -> Reply:
    """Keep a verdict; an empty kind takes one's thumb back. Raises `NoVerdictError`."""
    reply = access_reply(user, reply_id)
    if reply.decision is None or not reply.model_id:
        raise NoVerdictError(_("No model has answered here yet."))
    if not kind:
        verdicts.withdraw(user, reply.decision)
    elif kind in SAID:
        verdicts.record(user, reply.decision, reply.model_id, Kind(kind), reason)
    else:
        raise NoVerdictError(_("There is no such verdict."))
    return reply


def note_retry(user: User, former: Reply, retry: Retry) -> None:
    """A reply that was read and then asked of another model. What failed says nothing of its quality."""
    if former.decision is None or not former.text or former.state == ReplyState.FAILED:
        return
    if retry.not_this_one:
        verdicts.record(user, former.decision, former.model_id, Kind.NOT_THIS_ONE)
    elif retry.model not in {None, "auto", former.model_id}:
        verdicts.record(user, former.decision, former.model_id, Kind.RETRY)


def thumbs_of(replies: Iterable[Reply]) -> dict[UUID, str]:
    """Their owner's thumbs, "good" or "bad", by decision."""
    return verdicts.thumbs_of(reply.decision_id for reply in replies if reply.decision_id)


def why_bad(chosen: str = "") -> list[ReasonChoice]:
    return [ReasonChoice(code.value, str(code.label), code == chosen) for code in WHY_BAD]


def why_not_this_one(chosen: str = "") -> list[ReasonChoice]:
    return [ReasonChoice(code.value, str(code.label), code == chosen) for code in WHY_NOT_THIS_ONE]
