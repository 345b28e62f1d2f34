"""How fast calls were, weighed so that later ones count more."""

from __future__ import annotations

from dataclasses import dataclass

from routing.engine.values import Speed

# A measurement loses half of its weight in this many later ones.
HALF_LIFE_CALLS = 10
# What was measured counts half as much after each half hour in which nothing was: a bad hour must
# not keep calls away for good, for without calls nothing new would ever be measured.
HALF_LIFE_S = 1800.0


@dataclass(slots=True)
class Measured:
    """Times in seconds of the clock that the caller passes; `at` is that of the last call."""

    first_token_s: float | None = None
    tokens_per_s: float | None = None
    samples: float = 0.0
    at: float = 0.0

    def add(self, first_token_s: float, tokens_per_s: float | None, now: float) -> None:
        self.first_token_s = _moved(self.first_token_s, first_token_s)
        if tokens_per_s is not None:
            self.tokens_per_s = _moved(self.tokens_per_s, tokens_per_s)
        self.samples, self.at = self._weight(now) + 1, now

    def speed(self, now: float) -> Speed | None:
        """None once it weighs less than half a call."""
        samples = round(self._weight(now))
        return Speed(self.first_token_s, self.tokens_per_s, samples) if samples else None

    def _weight(self, now: float) -> float:
        halvings: float = (now - self.at) / HALF_LIFE_S
        weight: float = self.samples * 2.0**-halvings
        return weight


def _moved(known: float | None, new: float) -> float:
    if known is None:
        return new
    keep: float = 0.5 ** (1 / HALF_LIFE_CALLS)
    return keep * known + (1 - keep) * new
