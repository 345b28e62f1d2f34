"""A Decision as it is stored: all figures, none of the text."""

from __future__ import annotations

from routing.engine.record import (
    Asked,
    BudgetNote,
    CandidateNote,
    PolicyNote,
    PricesNote,
    Receipt,
    RejectedNote,
)
from routing.engine.values import Decision, Rejected, Scored


def receipt(decision: Decision, receipt_id: str, made_at: str, asked: Asked) -> Receipt:
    """JSON of schema 1. `made_at`: UTC, RFC 3339. What goes into a replay is not rounded, what came out is."""
    return Receipt(
        schema=1,
        id=receipt_id,
        made_at=made_at,
        asked=asked,
        policy=PolicyNote(
            version=decision.policy_version,
            rule=decision.rule,
            engine=decision.engine,
            classifier=decision.classifier,
        ),
        features=decision.features,
        categories=dict(decision.categories),
        difficulty=decision.difficulty,
        complexity=dict(decision.complexity),
        incumbent=decision.incumbent,
        budget=BudgetNote(left_usd=decision.budget.left_usd, pressure=decision.budget.pressure),
        candidates=[_candidate(scored) for scored in decision.candidates],
        rejected=[_rejected(rejected) for rejected in decision.rejected],
        reference=decision.reference,
        explanation=decision.explanation,
    )


def _candidate(scored: Scored) -> CandidateNote:
    candidate = scored.candidate
    prices = candidate.card.prices
    return CandidateNote(
        model=candidate.card.id,
        endpoint=candidate.endpoint,
        credential=candidate.credential,
        payer=candidate.payer,
        rank=scored.rank,
        success=round(scored.success, 4),
        ability_version=candidate.ability_version,
        cost_usd=round(scored.cost_usd, 8),
        wait_s=round(scored.wait_s, 3),
        first_token_s=round(scored.first_token_s, 3),
        score=round(scored.score, 6),
        prices=PricesNote(
            input=prices.input,
            cached_input=prices.cached_input,
            output=prices.output,
            unit="usd_per_million_tokens",
        ),
    )


def _rejected(rejected: Rejected) -> RejectedNote:
    return RejectedNote(model=rejected.model, code=rejected.code, reason=rejected.reason)
