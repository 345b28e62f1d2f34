"""The only breakers, and what was measured: what this process saw, and in the scaled run what the
others saw too (routing/shared_health.py)."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from routing.breaker import Breaker, Failure, Witness
from routing.engine.values import Speed
from routing.measured import Measured
from routing.retry_budget import RetryBudget

# Opens are shorter or longer by so much, so that processes do not all try again at once.
SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class Opening:
    """A breaker that is open, in wall time (seconds of the epoch). `since` is 0 once it is closed."""

    since: float
    until: float
    length_s: float
    is_stated: bool
    probes_passed: int
    probed_until: float

    @property
    def again_at(self) -> datetime:
        return datetime.fromtimestamp(self.until, UTC)


class Health:
    """`clock` gives seconds that never run backwards, `wall` those of the epoch, which processes
    have in common, `chance` a number in 0..1."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self._clock, self._wall, self._chance = clock, wall, chance
        self._breakers: defaultdict[str, Breaker] = defaultdict(Breaker)
        self._measured: defaultdict[str, Measured] = defaultdict(Measured)
        self._in_flight: defaultdict[str, int] = defaultdict(int)
        self._retries = RetryBudget(clock)
        self._news: set[str] = set()
        self._new_speeds: set[str] = set()
        self._told: dict[str, Speed] = {}
        self._lock = threading.Lock()

    def closed_words(self, *scopes: str) -> str | None:
        """Why none of these may be called now, or None when they may be."""
        with self._lock:
            now = self._clock()
            for scope in scopes:
                breaker = self._breakers.get(scope)
                if breaker and breaker.is_closed_to(now):
                    return self._words(breaker, now)
        return None

    def may_try(self, *scopes: str) -> bool:
        """Call before a call. A breaker whose time is over lets one through: this one, if true."""
        with self._lock:
            now = self._clock()
            breakers = [self._breakers[scope] for scope in scopes if scope in self._breakers]
            if any(breaker.is_closed_to(now) for breaker in breakers):
                return False
            self._news.update(scope for scope in scopes if self._is_open(scope))
            for breaker in breakers:
                breaker.begin_probe(now)
        return True

    def failed(
        self, scope: str, *, counts: float, opens_s: float = 0.0, witness: Witness | None = None
    ) -> None:
        with self._lock:
            failure = Failure(counts, opens_s, witness)
            spread = 1 + SPREAD * (2 * self._chance() - 1)
            if self._breakers[scope].failed(self._clock(), failure, spread):
                self._news.add(scope)

    def succeeded(self, *scopes: str) -> None:
        with self._lock:
            now = self._clock()
            for scope in scopes:
                if self._is_open(scope):
                    self._news.add(scope)
                if self._breakers[scope].succeeded(now):
                    self._breakers[scope] = Breaker()

    def gave_up(self, *scopes: str) -> None:
        """The call was stopped: it was no probe, and the next may be."""
        with self._lock:
            for scope in scopes:
                if self._is_open(scope):
                    self._breakers[scope].probed_until = 0.0
                    self._news.add(scope)

    def answers_again(self, scope: str) -> None:
        """A look from outside found it well: the next call is the probe. A stated time stands."""
        with self._lock:
            breaker = self._breakers[scope]
            if breaker.since is not None and not breaker.is_stated:
                breaker.until = min(breaker.until, self._clock())
                self._news.add(scope)

    def reset(self, scope: str) -> None:
        """The key was changed or the person asked: what was known no longer holds."""
        with self._lock:
            if self._is_open(scope):
                self._news.add(scope)
            self._breakers.pop(scope, None)

    def openings(self) -> dict[str, Opening]:
        """All breakers that are open or on probation."""
        with self._lock:
            return {scope: self._opening(scope) for scope in self._breakers if self._is_open(scope)}

    def news(self) -> dict[str, Opening]:
        """The breakers that changed since this was last asked."""
        with self._lock:
            changed, self._news = self._news, set()
            return {scope: self._opening(scope) for scope in changed}

    def keep_as_news(self, breakers: Iterable[str], speeds: Iterable[str]) -> None:
        """They could not be told to the others."""
        with self._lock:
            self._news.update(breakers)
            self._new_speeds.update(speeds)

    def hear(self, told: Mapping[str, Opening]) -> None:
        """What all processes know together; where this one has news of its own they stand."""
        with self._lock:
            for scope, opening in told.items():
                if scope not in self._news:
                    self._adopt(scope, opening)

    def started(self, endpoint: str) -> None:
        with self._lock:
            self._in_flight[endpoint] += 1
            self._retries.called(endpoint)

    def may_retry(self, endpoint: str) -> bool:
        """Whether one more retry is bearable now; true counts it."""
        with self._lock:
            return self._retries.may_retry(endpoint)

    def ended(self, endpoint: str) -> None:
        with self._lock:
            self._in_flight[endpoint] = max(0, self._in_flight[endpoint] - 1)

    def in_flight(self, endpoint: str) -> int:
        return self._in_flight.get(endpoint, 0)

    def measured(self, scope: str, first_token_s: float, tokens_per_s: float | None) -> None:
        with self._lock:
            self._measured[scope].add(first_token_s, tokens_per_s, self._clock())
            self._new_speeds.add(scope)

    def speed(self, scope: str) -> Speed | None:
        known = self._measured.get(scope)
        return known.speed(self._clock()) if known else None

    def new_speeds(self) -> dict[str, Speed]:
        """What was measured since this was last asked."""
        with self._lock:
            changed, self._new_speeds = self._new_speeds, set()
        return {scope: speed for scope in changed if (speed := self.speed(scope))}

    def hear_speeds(self, told: Mapping[str, Speed]) -> None:
        with self._lock:
            for scope, speed in told.items():
                # Everything is told every second; what was known already gets no younger by it.
                if scope not in self._new_speeds and speed != self._told.get(scope):
                    self._told[scope] = speed
                    self._measured[scope] = Measured(
                        speed.first_token_s, speed.tokens_per_s, speed.samples, self._clock()
                    )

    def _is_open(self, scope: str) -> bool:
        breaker = self._breakers.get(scope)
        return breaker is not None and breaker.since is not None

    def _opening(self, scope: str) -> Opening:
        breaker = self._breakers.get(scope) or Breaker()
        if breaker.since is None:
            return Opening(
                0.0, self._wall(), 0.0, is_stated=False, probes_passed=0, probed_until=0.0
            )
        ahead = self._wall() - self._clock()
        return Opening(
            since=breaker.since + ahead,
            until=breaker.until + ahead,
            length_s=breaker.length_s,
            is_stated=breaker.is_stated,
            probes_passed=breaker.probes_passed,
            probed_until=breaker.probed_until and breaker.probed_until + ahead,
        )

    def _adopt(self, scope: str, opening: Opening) -> None:
        if not opening.since:
            if self._is_open(scope):
                self._breakers[scope] = Breaker()
            return
        breaker = self._breakers[scope]
        ahead = self._wall() - self._clock()
        breaker.since, breaker.until = opening.since - ahead, opening.until - ahead
        breaker.length_s, breaker.is_stated = opening.length_s, opening.is_stated
        breaker.probes_passed = opening.probes_passed
        breaker.probed_until = opening.probed_until and opening.probed_until - ahead

    def _words(self, breaker: Breaker, now: float) -> str:
        assert breaker.since is not None
        since = f"{_local(self._wall() - now + breaker.since):%H:%M}"
        if now >= breaker.until:
            return _("Failing since %(since)s, tried again just now") % {"since": since}
        again = f"{_local(self._wall() - now + breaker.until):%H:%M}"
        return _("Failing since %(since)s, tried again at %(again)s") % {
            "since": since,
            "again": again,
        }


def _local(epoch_s: float) -> datetime:
    return timezone.localtime(datetime.fromtimestamp(epoch_s, UTC))


def credential_scope(credential: str | None, endpoint: str) -> str:
    """Where no key is needed it is the address that may refuse."""
    return f"credential {credential or endpoint}"


def model_scope(credential: str | None, endpoint: str, model_id: str) -> str:
    return f"model {credential} {endpoint} {model_id}"


@dataclass(frozen=True, slots=True)
class Way:
    """How the models of a provider are reached: the key, if one is needed, and where."""

    credential: str | None
    endpoint: str


def way_of(scope: str) -> Way | None:
    """The way to the model of a `model_scope`; None for any other scope."""
    kind, credential, *rest = scope.split(" ", 3)
    if kind != "model":
        return None
    return Way(None if credential == "None" else credential, rest[0])


def place_of(scope: str) -> tuple[str, str]:
    """The kind of a scope and the provider it is about; "" for a credential, which says neither."""
    kind, *rest = scope.split(" ")
    endpoint = {"model": rest[1:2], "provider": rest[:1]}.get(kind, [])
    return kind, "".join(endpoint).partition(":")[0]


def provider_scope(endpoint: str) -> str:
    return f"provider {endpoint}"


# Only spreads load.
health = Health(chance=random.random)
