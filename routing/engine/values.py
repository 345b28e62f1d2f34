"""The values that go into a decision and come out of it.

Plain figures: whoever builds them (routing/snapshot.py) answers for their truth, the engine for the arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from routing.engine.record import Features, IncumbentNote, ReferenceCost

CATEGORY_NAMES: Mapping[str, str] = {
    "chat": "Everyday chat",
    "questions": "Questions & explanations",
    "writing": "Writing",
    "creative": "Creative writing",
    "roleplay": "Role-play",
    "editing": "Editing",
    "summarising": "Summarising",
    "translation": "Translation",
    "extraction": "Extracting & sorting",
    "coding": "Coding",
    "maths": "Maths",
    "reasoning": "Reasoning & analysis",
    "ideas": "Ideas & planning",
}
CATEGORIES: tuple[str, ...] = tuple(CATEGORY_NAMES)

COMPLEXITY_NAMES: Mapping[str, str] = {
    "reasoning_steps": "Reasoning steps",
    "specialist_knowledge": "Specialist knowledge",
    "constraints": "Constraints and format",
    "creativity": "Creativity",
    "context_dependence": "Dependence on earlier or long context",
    "stakes": "Cost of being wrong",
}
COMPLEXITY: tuple[str, ...] = tuple(COMPLEXITY_NAMES)

# Kinds of sensitive text that a reading may report. The strict ones keep a prompt with local or trusted models by
# themselves; an e-mail address or a telephone number stands in half of all letters and is left to the rules.
SENSITIVE_NAMES: Mapping[str, str] = {
    "email": "e-mail address",
    "phone": "telephone number",
    "payment_card": "payment card number",
    "bank_account": "bank account number",
    "national_id": "identity number",
    "secret": "password or key",
}
STRICT_SENSITIVE = frozenset({"payment_card", "bank_account", "national_id", "secret"})

Preference = Literal["balanced", "quality", "speed", "cost"]
PREFERENCES: tuple[Preference, ...] = ("balanced", "quality", "speed", "cost")
Payer = Literal["person", "organisation", "nobody"]


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens. None: the provider has no such price, `input` applies."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What the catalogue knows of a model.

    `quality` is ability in logits by category id, "*" for every category that is not named. `capabilities`: image,
    document, tools, web_search, structured_output, reasoning, prefill. `deprecated`: when it is no longer to be chosen,
    the date or sentence to show; a date that still lies ahead is left out by the caller, since the engine has no clock.
    """

    id: str
    name: str
    provider: str
    provider_model: str
    context_tokens: int
    max_output_tokens: int
    prices: Prices
    capabilities: frozenset[str]
    first_token_s: float
    tokens_per_s: float
    quality: Mapping[str, float]
    languages_weak: frozenset[str] = frozenset()
    trusted: bool = False
    local: bool = False
    free: bool = False
    deprecated: str | None = None
    kind: str = "chat"


@dataclass(frozen=True, slots=True)
class Speed:
    """Measured at this endpoint; None where unmeasured. `samples` weighs it against the card's figures."""

    first_token_s: float | None
    tokens_per_s: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to one model: the same model through two credentials is two candidates.

    `closed`: the sentence of an open breaker ("Failing since 09:24, tried again at 09:31"). `ability_shift`: logits by
    category id or "*", from this organisation's verdicts; `ability_version` says which state of them.
    """

    card: Card
    endpoint: str
    credential: str | None
    payer: Payer
    speed: Speed | None = None
    in_flight: int = 0
    closed: str | None = None
    ability_shift: Mapping[str, float] = field(default_factory=dict)
    ability_version: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. The last of `turns` is the message to answer.

    `tools` are ids such as "web_search"; every other id needs function calling. `sensitive` are kinds that an earlier
    step found. `prompt_tokens`: all that would be sent, attachments included; None takes the reading's estimate.
    """

    turns: tuple[Turn, ...]
    images: int = 0
    documents: int = 0
    tools: tuple[str, ...] = ()
    response_format: str | None = None
    data_class: str | None = None
    sensitive: tuple[str, ...] = ()
    prompt_tokens: int | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the classifier read in a request; nothing after it looks at the text.

    `categories`: all of CATEGORIES, summing to 1; `category` is the likeliest. `difficulty` and `confidence`: 0..1.
    `complexity`: all of COMPLEXITY, each 0..3. `language`: ISO 639-1. `sensitive`: keys of SENSITIVE_NAMES.
    `prompt_tokens`: estimate for the text of all turns; `message_tokens`: for the last one. `asked_words`: the length
    that the person asked for. `output_tokens`: the prediction of an earlier decision, for a replay.
    """

    categories: Mapping[str, float]
    category: str
    difficulty: float
    complexity: Mapping[str, int]
    confidence: float
    language: str
    prompt_tokens: int
    message_tokens: int
    asked_words: int | None = None
    sensitive: tuple[str, ...] = ()
    classifier: str = ""
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The model that answered last in this conversation, at that turn's `difficulty`.

    `cached_prefix_tokens`: in its prompt cache. `rejected`: models refused here. `least_ability`: logits asked for since.
    """

    model: str
    difficulty: float
    cached_prefix_tokens: int = 0
    pinned: bool = False
    rejected: frozenset[str] = frozenset()
    least_ability: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Of the organisation's money for this caller. None: no limit. `pressure`: 0 (ample) to 1 (nearly spent)."""

    left_usd: float | None = None
    pressure: float = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """All that is given must hold (of a set, any member); an empty condition always holds. Bounds are inclusive.

    `attachments`: "image", "document". `sensitive`: "*" is any kind. `hours`: (from, until), `until` excluded, over
    midnight when from > until. `max_budget_left_usd` holds only where a limit is set.
    """

    categories: frozenset[str] = frozenset()
    min_difficulty: float = 0.0
    max_difficulty: float = 1.0
    languages: frozenset[str] = frozenset()
    min_prompt_tokens: int = 0
    max_prompt_tokens: int | None = None
    attachments: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    data_classes: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    hours: tuple[int, int] | None = None
    max_budget_left_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """`models`: only these; `forbid`: not these; `only`: local, or local and trusted, models; `floor`: 0..1."""

    models: frozenset[str] | None = None
    preference: Preference | None = None
    forbid: frozenset[str] = frozenset()
    only: Literal["local", "trusted"] | None = None
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    when: Condition
    then: Action


@dataclass(frozen=True, slots=True)
class Policy:
    """How this caller's decisions are made.

    `by_hand`: the caller's choice, first if it may answer; the others stand in for it. `pool`: the caller's own model ids.
    `rules`: the organisation's, then the person's. `reference`: the card that savings are told against. `excluded`: who
    was refused before the engine, told along. `teams`, `hour` (local): what rules ask for. `switch_margin`: of the score.
    """

    version: int = 0
    preference: Preference = "balanced"
    by_hand: str | None = None
    pool: frozenset[str] | None = None
    rules: tuple[Rule, ...] = ()
    reference: Card | None = None
    excluded: tuple[Rejected, ...] = ()
    teams: frozenset[str] = frozenset()
    hour: int | None = None
    switch_margin: float = 0.03
    budget: Budget = Budget()


class Rejected(NamedTuple):
    """`code`: an id from docs/routing.md; `reason`: for a person. A tuple, since every decision makes many."""

    model: str
    code: str
    reason: str


class Scored(NamedTuple):
    """`wait_s`: until the last token; `score`: higher is better. A tuple, since every decision makes one a candidate."""

    candidate: Candidate
    rank: int
    success: float
    cost_usd: float
    wait_s: float
    first_token_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Decision:
    """`candidates`: all that fit, by rank, `chosen` first. `fallbacks`: in the order to be tried. No text of anyone."""

    chosen: Scored | None
    fallbacks: tuple[Scored, ...]
    candidates: tuple[Scored, ...]
    rejected: tuple[Rejected, ...]
    categories: Mapping[str, float]
    category: str
    difficulty: float
    complexity: Mapping[str, int]
    features: Features
    rule: str | None
    incumbent: IncumbentNote | None
    reference: ReferenceCost | None
    budget: Budget
    explanation: str
    preference: Preference
    policy_version: int
    classifier: str
    engine: str
