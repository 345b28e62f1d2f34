"""One call of answer(), heard to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from channels.db import database_sync_to_async

from accounts.models import Organisation, User
from answering.answer import answer
from answering.request import (
    AnswerError,
    AnswerEvent,
    AnswerRequest,
    AttemptFailed,
    DecisionMade,
    Text,
)
from providers.request import Message, TextPart
from routing.engine.record import Asked


@dataclass
class Heard:
    """`error` is what it ended with instead of an answer."""

    events: list[AnswerEvent] = field(default_factory=list)
    error: AnswerError | None = None

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Text))

    @property
    def failures(self) -> list[str]:
        return [event.failure for event in self.events if isinstance(event, AttemptFailed)]


def ask_for(
    user: User, organisation: Organisation, text: str = "Hello", model: str = "auto", **fields: Any
) -> AnswerRequest:
    """`fallback`: whether others may answer for a model that is chosen by hand."""
    asked: Asked = {
        "model": model,
        "preference": "",
        "pool": None,
        "fallback": fields.pop("fallback", model == "auto"),
        "surface": "chat",
    }
    messages = (Message("user", (TextPart(text),)),)
    return AnswerRequest(user, organisation, asked, messages, said=1, **fields)


async def heard(request: AnswerRequest) -> Heard:
    return await decided_and_then(request, lambda: None)


async def decided_and_then(request: AnswerRequest, change: Callable[[], object]) -> Heard:
    """Between the decision and the first call something is changed."""
    return await heard_until(DecisionMade, request, change)


async def failed_and_then(request: AnswerRequest, change: Callable[[], object]) -> Heard:
    """Between a failed call and the next something is changed."""
    return await heard_until(AttemptFailed, request, change)


async def heard_until(
    when: type[AnswerEvent], request: AnswerRequest, change: Callable[[], object]
) -> Heard:
    told = Heard()
    try:
        async for event in answer(request):
            if isinstance(event, when):
                await database_sync_to_async(change)()
            told.events.append(event)
    except AnswerError as error:
        told.error = error
    return told
