"""How many retries a provider is sent: a few, so that its bad minute is not made worse."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 60.0
SHARE = 0.1
FLOOR = 3


@dataclass(slots=True)
class Traffic:
    calls: deque[float] = field(default_factory=deque)
    retries: deque[float] = field(default_factory=deque)


class RetryBudget:
    """By endpoint: of the calls of the last minute a tenth may be retries, and three always.

    Each process counts its own. `clock` gives seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._traffic: defaultdict[str, Traffic] = defaultdict(Traffic)

    def called(self, endpoint: str) -> None:
        self._of_last_minute(endpoint).calls.append(self._clock())

    def may_retry(self, endpoint: str) -> bool:
        """True takes one of what is left."""
        traffic = self._of_last_minute(endpoint)
        if len(traffic.retries) >= max(FLOOR, SHARE * len(traffic.calls)):
            return False
        traffic.retries.append(self._clock())
        return True

    def _of_last_minute(self, endpoint: str) -> Traffic:
        traffic = self._traffic[endpoint]
        since = self._clock() - WINDOW_S
        for times in (traffic.calls, traffic.retries):
            while times and times[0] < since:
                times.popleft()
        return traffic
