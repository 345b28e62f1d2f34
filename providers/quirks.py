"""How the servers that speak `openai_chat` differ, as data.

A provider without an entry gets the defaults, which every server of this dialect is known to take.
Fields that a server might refuse are therefore off by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_THREE_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "max": "high"}


@dataclass(frozen=True, slots=True)
class Quirks:
    """`efforts` maps our reasoning effort to the server's word; an effort not in it is not sent.

    `effort_field` says where that word goes: `reasoning_effort`, `{"reasoning": {"effort"}}`, or
    beside a `thinking` switch.
    """

    output_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    asks_for_usage: bool = True
    efforts: Mapping[str, str] = field(default_factory=lambda: dict(_THREE_EFFORTS))
    effort_field: Literal["reasoning_effort", "reasoning", "thinking"] = "reasoning_effort"
    takes_json_schema: bool = True
    takes_stop_with_reasoning: bool = True
    marks_prefill: bool = False
    pdf_part: Literal["file", "document_url"] = "file"
    key_check_path: str = "/models"


DEFAULT_QUIRKS = Quirks()

QUIRKS: Mapping[str, Quirks] = {
    # https://platform.openai.com/docs/api-reference/chat/create: max_tokens is refused by
    # reasoning models.
    "openai": Quirks(
        output_limit="max_completion_tokens",
        efforts={
            "none": "none",
            "minimal": "minimal",
            "low": "low",
            "medium": "medium",
            "high": "high",
            "max": "max",
        },
    ),
    # https://openrouter.ai/docs/use-cases/reasoning-tokens for the effort;
    # https://openrouter.ai/docs/api/reference/limits for /key: the model list needs no key there.
    "openrouter": Quirks(
        efforts={
            "none": "none",
            "minimal": "minimal",
            "low": "low",
            "medium": "medium",
            "high": "high",
            "max": "xhigh",
        },
        effort_field="reasoning",
        key_check_path="/key",
    ),
    # https://docs.mistral.ai/api/: unknown fields such as stream_options are refused (422), usage
    # comes with the last chunk unasked; reasoning is on ("high") or off.
    "mistral": Quirks(
        asks_for_usage=False,
        efforts={
            "none": "none",
            "minimal": "none",
            "low": "high",
            "medium": "high",
            "high": "high",
            "max": "high",
        },
        marks_prefill=True,
        pdf_part="document_url",
    ),
    # https://api-docs.deepseek.com/guides/thinking_mode for the switch,
    # https://api-docs.deepseek.com/guides/json_mode: JSON objects without a schema.
    "deepseek": Quirks(
        efforts={
            "none": "",
            "minimal": "",
            "low": "high",
            "medium": "high",
            "high": "high",
            "max": "max",
        },
        effort_field="thinking",
        takes_json_schema=False,
    ),
    # https://console.groq.com/docs/reasoning
    "groq": Quirks(
        output_limit="max_completion_tokens",
        efforts={**_THREE_EFFORTS, "none": "none"},
    ),
    # https://docs.x.ai/docs/guides/reasoning: reasoning models refuse `stop`.
    "xai": Quirks(
        output_limit="max_completion_tokens",
        efforts={**_THREE_EFFORTS, "none": "none"},
        takes_stop_with_reasoning=False,
    ),
    # https://docs.together.ai/docs/openai-api-compatibility
    "together": Quirks(),
    # https://docs.fireworks.ai/tools-sdks/openai-compatibility: usage comes with the last chunk
    # unasked.
    "fireworks": Quirks(asks_for_usage=False, efforts={**_THREE_EFFORTS, "none": "none"}),
    # https://inference-docs.cerebras.ai/resources/openai: usage comes with the last chunk unasked.
    "cerebras": Quirks(output_limit="max_completion_tokens", asks_for_usage=False),
    # https://docs.ollama.com/api/openai-compatibility
    "ollama": Quirks(efforts={**_THREE_EFFORTS, "none": "none"}),
}
