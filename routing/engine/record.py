"""The JSON of a stored decision (`receipt`): these names leave the program, so they are changed only with `schema`."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Attachments(TypedDict):
    image: int
    document: int


class Features(TypedDict):
    language: str
    turns: int
    prompt_tokens: int
    cached_prefix_tokens: int
    predicted_output_tokens: int
    attachments: Attachments
    tools: list[str]
    response_format: str | None
    data_class: str | None
    sensitive: list[str]


class IncumbentNote(TypedDict):
    model: str
    stayed: bool
    why: str


class ReferenceCost(TypedDict):
    model: str
    cost_usd: float


class Asked(TypedDict):
    """What the caller asked for, as it was asked; a rule may have set another preference."""

    model: str
    preference: str
    pool: list[str] | None
    fallback: bool
    surface: Literal["chat", "api"]


class PolicyNote(TypedDict):
    version: int
    rule: str | None
    engine: str
    classifier: str


class BudgetNote(TypedDict):
    left_usd: float | None
    pressure: float


class PricesNote(TypedDict):
    input: float
    cached_input: float | None
    output: float
    unit: Literal["usd_per_million_tokens"]


class CandidateNote(TypedDict):
    model: str
    endpoint: str
    credential: str | None
    payer: str
    rank: int
    success: float
    ability_version: int
    cost_usd: float
    wait_s: float
    first_token_s: float
    score: float
    prices: PricesNote


class RejectedNote(TypedDict):
    model: str
    code: str
    reason: str


class SecondReading(TypedDict):
    """What a model said of the kind, and the shares as they were before. `outcome`: "answered", "unclear", "late" or
    "failed"; `category` is "" unless it answered.
    """

    model: str
    outcome: str
    category: str
    before: dict[str, float]
    seconds: float
    cost_usd: float


class Receipt(TypedDict):
    schema: Literal[1]
    id: str
    made_at: str
    asked: Asked
    policy: PolicyNote
    features: Features
    categories: dict[str, float]
    difficulty: float
    complexity: dict[str, int]
    incumbent: IncumbentNote | None
    budget: BudgetNote
    candidates: list[CandidateNote]
    rejected: list[RejectedNote]
    reference: ReferenceCost | None
    explanation: str
    second_reading: NotRequired[SecondReading]
