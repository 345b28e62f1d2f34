"""What a request asks of any candidate: everything that is the same for all of them, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from routing.engine.output import predicted_output_tokens, reasoning_tokens
from routing.engine.success import CategoryMix, category_mix, difficulty_logits
from routing.engine.values import (
    SENSITIVE_NAMES,
    STRICT_SENSITIVE,
    Incumbent,
    Policy,
    Reading,
    Request,
    Rule,
)

# What an attachment takes of the prompt where the caller did not count it: a scaled image, a few pages.
IMAGE_TOKENS = 1000
DOCUMENT_TOKENS = 3000

# What a tool adds to the prompt: its description, and for a web search the pages that it brings back.
TOOL_TOKENS = 150
WEB_SEARCH_TOKENS = 2500

# Text of any other class (confidential, or a word of the organisation's own) stays with local or trusted models.
OPEN_DATA_CLASSES = frozenset({"public", "internal"})


@dataclass(frozen=True, slots=True)
class Demand:
    """Token counts are estimates; `input_tokens` is the prompt with what its tools add, `output_tokens` the visible
    ones, to which models that reason add `reasoning_tokens`. `confidential`: why the text is, if it is.
    """

    policy: Policy
    rule: Rule | None
    incumbent: Incumbent | None
    mix: CategoryMix
    difficulty: float
    difficulty_logits: float
    stakes: int
    language: str
    prompt_tokens: int
    input_tokens: int
    message_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    capabilities: tuple[str, ...]
    confidential: str | None
    follows_up: bool


def prompt_tokens(reading: Reading, request: Request) -> int:
    if request.prompt_tokens is not None:
        return request.prompt_tokens
    attached = IMAGE_TOKENS * request.images + DOCUMENT_TOKENS * request.documents
    return reading.prompt_tokens + attached


def demand_of(
    reading: Reading,
    request: Request,
    policy: Policy,
    rule: Rule | None,
    incumbent: Incumbent | None,
) -> Demand:
    mix = category_mix(reading.categories)
    prompt = prompt_tokens(reading, request)
    return Demand(
        policy=policy,
        rule=rule,
        incumbent=incumbent,
        mix=mix,
        difficulty=reading.difficulty,
        difficulty_logits=difficulty_logits(reading.difficulty),
        stakes=reading.complexity.get("stakes", 0),
        language=reading.language,
        prompt_tokens=prompt,
        input_tokens=prompt + _tool_tokens(request.tools),
        message_tokens=reading.message_tokens,
        cached_tokens=min(incumbent.cached_prefix_tokens, prompt) if incumbent else 0,
        output_tokens=predicted_output_tokens(reading, request, mix),
        reasoning_tokens=reasoning_tokens(reading.difficulty),
        capabilities=_capabilities(request),
        confidential=_confidential(request.data_class, all_sensitive(reading, request)),
        follows_up=len(request.turns) > 1,
    )


def all_sensitive(reading: Reading, request: Request) -> list[str]:
    """The kinds found by an earlier step and by the classifier, once each, in alphabetical order."""
    return sorted({*request.sensitive, *reading.sensitive})


def _tool_tokens(tools: tuple[str, ...]) -> int:
    return TOOL_TOKENS * len(tools) + (WEB_SEARCH_TOKENS if "web_search" in tools else 0)


def _capabilities(request: Request) -> tuple[str, ...]:
    """What a model must be able to do, in the order in which a person would miss it."""
    asked = {
        "image": request.images > 0,
        "document": request.documents > 0,
        "web_search": "web_search" in request.tools,
        "tools": any(tool != "web_search" for tool in request.tools),
        "structured_output": request.response_format not in (None, "text"),
    }
    return tuple(capability for capability, is_asked in asked.items() if is_asked)


def _confidential(data_class: str | None, sensitive: list[str]) -> str | None:
    if data_class is not None and data_class not in OPEN_DATA_CLASSES:
        return f"the text is {data_class}"
    for kind in sensitive:
        if kind in STRICT_SENSITIVE:
            return f"sensitive text was found ({SENSITIVE_NAMES[kind]})"
    return None
