"""What Prometheus reads of answers. Labels are few: no person, no organisation, no text."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from routing.health import health, place_of

ATTEMPTS = Counter("chofesh_attempts_total", "Calls to models", ["provider", "outcome"])
FAILURES = Counter("chofesh_attempt_failures_total", "Failed calls by class", ["failure"])
FALLBACKS = Counter(
    "chofesh_fallbacks_total",
    "Calls to another model than chosen first, by what went before",
    ["failure"],
)
LIVE = Gauge("chofesh_live_attempts", "Calls to models under way")
FIRST_TEXT = Histogram(
    "chofesh_first_text_seconds",
    "From the start of an attempt to its first text",
    ["provider"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)


class OpenBreakers(Collector):
    """Counted when Prometheus asks. In the scaled run every process knows those of all."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        found = GaugeMetricFamily(
            "chofesh_breakers_open",
            "Breakers that keep calls away, or are on probation",
            labels=["scope", "provider"],
        )
        for place, count in Tally(place_of(scope) for scope in health.openings()).items():
            found.add_metric(place, count)
        yield found


REGISTRY.register(OpenBreakers())
