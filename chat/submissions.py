"""What a page asks for that is answered by a reply, and the frames that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from chat import presentation, turns
from chat.frames import Continue, Retry, Send
from chat.turns import Submitted


@dataclass(frozen=True, slots=True)
class Begun:
    """`turn` and `row` are frames: the turn with its reply, and its conversation in the sidebar."""

    submitted: Submitted
    turn: dict[str, Any]
    row: dict[str, Any]


def submit(user: User, asked: Send | Retry | Continue) -> Begun:
    """Store it, then draw it: in one go, for between two threads the first token waits."""
    submitted = _stored(user, asked)
    replaces = asked.reply if isinstance(asked, Retry) else None
    return Begun(submitted, *presentation.begun_frames(submitted.reply, replaces))


def _stored(user: User, asked: Send | Retry | Continue) -> Submitted:
    match asked:
        case Send():
            return turns.submit_message(user, asked)
        case Retry():
            return turns.retry_reply(user, asked)
        case Continue():
            return turns.continue_reply(user, asked)
