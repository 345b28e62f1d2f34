"""One entry for each attempt: what it used, what that cost, and who pays."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from providers.events import Usage
from routing.engine.values import Prices
from routing.models import Attempt
from usage.models import LedgerEntry

PER_TOKEN = Decimal(1) / Decimal(1_000_000)
# Of English prose and of most code one token is about this many bytes (stack.md, section 11).
BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Used:
    """`usage` as the provider counted it; None when it did not say, then the bytes are counted."""

    usage: Usage | None
    prompt_tokens: int
    answer_bytes: int


def book(attempt: Attempt, used: Used, prices: Prices) -> LedgerEntry:
    """Call once for each attempt, when it has ended."""
    usage = used.usage or estimated(used)
    certainty = LedgerEntry.Certainty.EXACT if used.usage else LedgerEntry.Certainty.ESTIMATED
    decision = attempt.decision
    return LedgerEntry.objects.create(
        organisation_id=decision.organisation_id,
        user_id=decision.user_id,
        attempt=attempt,
        model_id=attempt.model_id,
        payer=attempt.payer,
        delivered=attempt.outcome != Attempt.Outcome.FAILED,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=cost_of(usage, prices),
        certainty=certainty,
        outcome=attempt.failure or attempt.outcome,
    )


def estimated(used: Used) -> Usage:
    """Nothing was generated and the provider counted nothing: then nothing is billed."""
    if not used.answer_bytes:
        return Usage()
    return Usage(
        input_tokens=used.prompt_tokens, output_tokens=-(-used.answer_bytes // BYTES_PER_TOKEN)
    )


def cost_of(usage: Usage, prices: Prices) -> Decimal:
    """USD. A price that the provider does not have is the plain input price."""
    cached = prices.input if prices.cached_input is None else prices.cached_input
    written = prices.input if prices.cache_write is None else prices.cache_write
    plain = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens
    return PER_TOKEN * (
        max(0, plain) * Decimal(str(prices.input))
        + usage.cached_input_tokens * Decimal(str(cached))
        + usage.cache_write_tokens * Decimal(str(written))
        + usage.output_tokens * Decimal(str(prices.output))
    )
