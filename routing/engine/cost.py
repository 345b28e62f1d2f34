"""What an answer is likely to cost, in USD at list prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from routing.engine.demand import Demand
from routing.engine.values import Candidate, Card, Prices

# Providers neither write nor read a prompt cache below this length.
CACHED_LEAST_TOKENS = 1024

PER_MILLION = 1e-6


def tokens_usd(prices: Prices, input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
    """`cached_tokens` of the input are read from the provider's cache, the rest is written to it where that costs."""
    fresh_price, cached_price = prices.input, prices.cached_input
    if prices.cache_write is not None and input_tokens >= CACHED_LEAST_TOKENS:
        fresh_price = prices.cache_write
    if cached_price is None:
        cached_price = prices.input
    return PER_MILLION * (
        (input_tokens - cached_tokens) * fresh_price
        + cached_tokens * cached_price
        + output_tokens * prices.output
    )


def costs_usd(
    candidates: Sequence[Candidate], demand: Demand, output_tokens: Iterable[int]
) -> list[float]:
    """Of each candidate; a free model costs nothing."""
    input_tokens = demand.input_tokens
    incumbent = demand.incumbent.model if demand.incumbent is not None else None
    costs = []
    for candidate, output in zip(candidates, output_tokens, strict=True):
        card = candidate.card
        if card.free:
            costs.append(0.0)
        elif card.id == incumbent or input_tokens > card.context_tokens:
            sent_tokens, cached_tokens = sent_and_cached(card, demand)
            costs.append(tokens_usd(card.prices, sent_tokens, cached_tokens, output))
        else:
            costs.append(tokens_usd(card.prices, input_tokens, 0, output))
    return costs


def sent_and_cached(card: Card, demand: Demand) -> tuple[int, int]:
    """Tokens sent, at most a full window, and of them those cached: only the incumbent has seen the conversation."""
    sent_tokens = min(demand.input_tokens, card.context_tokens)
    if demand.incumbent is None or demand.incumbent.model != card.id:
        return sent_tokens, 0
    return sent_tokens, min(demand.cached_tokens, sent_tokens)
