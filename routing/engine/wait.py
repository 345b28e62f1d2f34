"""How long a person is likely to wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from routing.engine.values import Candidate

# The card's figures count as this many measured calls, so that one slow call does not condemn a model.
PRIOR_SAMPLES = 10

# What each call in flight adds to a wait: a local machine (True) shares itself out, a provider hardly notices.
SLOWDOWN_PER_CALL = {True: 1.0, False: 0.02}

# In the place of a speed that is given as 0.
LEAST_TOKENS_PER_S = 0.1


def waits_s(
    candidates: Sequence[Candidate], output_tokens: Iterable[int]
) -> tuple[list[float], list[float]]:
    """Seconds until the first token and until the last, of each candidate, at the load of this moment."""
    firsts, lasts = [], []
    for candidate, output in zip(candidates, output_tokens, strict=True):
        card, speed = candidate.card, candidate.speed
        first_token_s, tokens_per_s = card.first_token_s, card.tokens_per_s
        if speed is not None:
            samples = speed.samples
            weight = samples / (PRIOR_SAMPLES + samples)
            if speed.first_token_s is not None:
                first_token_s += weight * (speed.first_token_s - first_token_s)
            if speed.tokens_per_s is not None:
                tokens_per_s += weight * (speed.tokens_per_s - tokens_per_s)
        if candidate.in_flight:
            slowdown = 1.0 + candidate.in_flight * SLOWDOWN_PER_CALL[card.local]
            first_token_s *= slowdown
            tokens_per_s /= slowdown
        firsts.append(first_token_s)
        lasts.append(first_token_s + output / (tokens_per_s or LEAST_TOKENS_PER_S))
    return firsts, lasts
