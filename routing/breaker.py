"""One breaker: after failures it keeps calls away for a while, then lets one through to see.

Times are in seconds of the clock that the caller passes; what is a failure, and of what, is decided
in answering/fallback_matrix.py.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

# It opens after three weighted failures in a row, or when half of at least five calls in a minute
# failed; then for 30 s, doubled at each failed probe up to ten minutes.
FAILURES_IN_A_ROW = 3.0
WINDOW_S = 60.0
WINDOW_CALLS = 5
OPEN_S = 30.0
OPEN_MAX_S = 600.0
PROBES_TO_CLOSE = 2
# A probe that has not ended by then keeps the next one away no longer.
PROBE_S = 120.0

# Whom a failure was seen with: the credential and the model.
Witness = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Failure:
    """`counts`: how much it weighs; `opens_s`: it opens at once for so long. With a witness it
    opens only when failures were seen with two credentials or two models."""

    counts: float
    opens_s: float = 0.0
    witness: Witness | None = None


@dataclass(slots=True)
class Breaker:
    """`since` is None while it is closed. `is_stated`: the failure itself said for how long."""

    since: float | None = None
    until: float = 0.0
    length_s: float = OPEN_S
    is_stated: bool = False
    probes_passed: int = 0
    probed_until: float = 0.0
    in_a_row: float = 0.0
    calls: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=200))
    witnesses: dict[Witness, float] = field(default_factory=dict)

    def is_closed_to(self, now: float) -> bool:
        """Whether calls are kept away: it is open, or another call is the probe just now."""
        return self.since is not None and (now < self.until or now < self.probed_until)

    def begin_probe(self, now: float) -> None:
        if self.since is not None:
            self.probed_until = now + PROBE_S

    def failed(self, now: float, failure: Failure, spread: float = 1.0) -> bool:
        """Whether this opened it, for the first time or anew, `spread` times as long as usual."""
        self._called(now, passed=False)
        self.in_a_row += failure.counts
        is_general = failure.witness is None or self._saw(failure.witness, now)
        if failure.opens_s:
            self._open(now, failure.opens_s, is_stated=True)
            return True
        if self.since is not None:
            # What was under way when it opened is no probe.
            if now < self.until:
                return False
            self.length_s = min(2 * self.length_s, OPEN_MAX_S)
        elif not (failure.counts and is_general and self._has_enough(now)):
            return False
        self._open(now, self.length_s * spread, is_stated=False)
        return True

    def succeeded(self, now: float) -> bool:
        """Whether this closed it. Nobody else's failures matter then: it begins anew."""
        self._called(now, passed=True)
        self.in_a_row = 0.0
        self.witnesses.clear()
        if self.since is None:
            return False
        self.probes_passed += 1
        return self.probes_passed >= PROBES_TO_CLOSE

    def _saw(self, witness: Witness, now: float) -> bool:
        self.witnesses[witness] = now
        recent = [seen for seen, at in self.witnesses.items() if at >= now - WINDOW_S]
        return any(len(set(kind)) > 1 for kind in zip(*recent, strict=True))

    def _called(self, now: float, *, passed: bool) -> None:
        self.calls.append((now, passed))
        self.probed_until = 0.0

    def _open(self, now: float, seconds: float, *, is_stated: bool) -> None:
        self.since = now if self.since is None else self.since
        self.until = now + seconds
        self.is_stated = is_stated
        self.probes_passed = 0

    def _has_enough(self, now: float) -> bool:
        recent = [passed for at, passed in self.calls if at >= now - WINDOW_S]
        mostly = len(recent) >= WINDOW_CALLS and recent.count(False) * 2 >= len(recent)
        return mostly or self.in_a_row >= FAILURES_IN_A_ROW
