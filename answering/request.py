"""What chat and API ask of answering, and what it tells them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Organisation, User
from providers.events import FinishReason
from providers.request import Message, ResponseFormat, Tool
from routing.engine.record import Asked, Receipt
from routing.engine.values import Incumbent


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """`messages` is all that is to be sent. `said` is how many of them the person and the models
    said: what follows (an instruction of ours) is not read for the decision."""

    user: User
    organisation: Organisation
    asked: Asked
    messages: tuple[Message, ...]
    said: int
    incumbent: Incumbent | None = None
    tools: tuple[Tool, ...] = ()
    response_format: ResponseFormat | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """Stored, and told before the first token."""

    id: UUID
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    number: int
    model_id: str
    model_name: str


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """`words` says what happened; what follows is told by the next event."""

    number: int
    model_id: str
    model_name: str
    failure: str
    words: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallPiece:
    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answered:
    model_id: str
    finish: FinishReason


AnswerEvent = (
    DecisionMade | AttemptStarted | AttemptFailed | Text | Reasoning | ToolCallPiece | Answered
)


class AnswerError(Exception):
    """No (whole) answer. `failure` names the class; the message is a sentence for the person."""

    def __init__(self, failure: str, words: str) -> None:
        super().__init__(words)
        self.failure = failure
        self.words = words


class NoModelLeftError(AnswerError):
    """The decision found no candidate, or every one of them failed. No text was given."""


class AnswerInterruptedError(AnswerError):
    """It broke after text: what was given stands."""
