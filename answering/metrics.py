"""What Prometheus reads of answers. Labels are few: no person, no organisation, no text."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter("chofesh_attempts_total", "Calls to models", ["provider", "outcome"])
FAILURES = Counter("chofesh_attempt_failures_total", "Failed calls by class", ["failure"])
FALLBACKS = Counter("chofesh_fallbacks_total", "Answers given by another model than chosen first")
LIVE = Gauge("chofesh_live_attempts", "Calls to models under way")
FIRST_TEXT = Histogram(
    "chofesh_first_text_seconds",
    "From the start of an attempt to its first text",
    ["provider"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
