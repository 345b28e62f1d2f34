"""What a model answers, piece by piece: the same values from every dialect.

A stream yields any number of deltas and at most one `Usage`, and ends with exactly one `Finished`
or with a `ProviderError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of call number `index`: `id` and `name` come once, `arguments` are appended."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them, brought to one convention.

    `input_tokens` is the whole prompt: `cached_input_tokens` and `cache_write_tokens` are parts of
    it. `output_tokens` is everything generated: `reasoning_tokens` is a part of it. The tokens at
    the plain input price are therefore `input_tokens - cached_input_tokens - cache_write_tokens`.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    reason: FinishReason


StreamEvent = TextDelta | ReasoningDelta | ToolCallDelta | Usage | Finished
