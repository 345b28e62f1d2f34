"""What a model is asked: values only, the same for every dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "max"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is reached: an id of `providers.registry`, a normalised base URL, a dialect."""

    provider: str
    base_url: str
    dialect: str


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class DocumentPart:
    media_type: str
    data: bytes
    filename: str


Part = TextPart | ImagePart | DocumentPart


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asked for; `arguments` is the JSON text as the model wrote it.

    `signature` is opaque: Gemini wants it back with the call, other vendors leave it empty.
    """

    id: str
    name: str
    arguments: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. A `tool` message answers the call `tool_call_id` of the assistant before it."""

    role: Role
    parts: tuple[Part, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """JSON asked for: any object, or one that fits `schema` (exactly, where `strict`)."""

    kind: Literal["json_object", "json_schema"]
    name: str = "answer"
    schema: Mapping[str, object] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call to one model.

    `model` is the provider's own name of it (`provider_model` of the card), not the model id.
    `tool_choice` is "auto", "none", "required" or the name of one tool.
    `prefill` is the beginning of the answer, for models whose card says that it works.
    `without` are fields of the wire that this server refused and that may be left out.
    `analysis` is for the demo provider alone: `categories` (id -> 0..1), `difficulty` (0..1) and
    `explanation`, which it may talk about. It never leaves the process.
    """

    model: str
    messages: tuple[Message, ...]
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    response_format: ResponseFormat | None = None
    reasoning_effort: ReasoningEffort | None = None
    prefill: str = ""
    without: frozenset[str] = frozenset()
    analysis: Mapping[str, object] | None = None
