"""What a call taught us: told to the breakers, the measurements and the key's owner."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from answering import fallback_matrix, metrics
from answering.attempts import OpenAttempt
from answering.log_ids import ATTEMPT
from providers.errors import ProviderError
from routing.engine.values import Candidate
from routing.health import credential_scope, health, model_scope, provider_scope

logger = logging.getLogger(__name__)


def let_through(candidate: Candidate) -> bool:
    """Breakers may have opened since the decision, or another call may be the probe. If true, and
    one of them is on probation, this call is its probe."""
    return health.may_try(*_scopes(candidate))


@contextmanager
def given_back_unless_called(candidate: Candidate, *, is_probe: bool) -> Iterator[None]:
    """The call that was let through is opened here; if it cannot be, the next may be the probe."""
    try:
        yield
    except BaseException:
        if is_probe:
            health.gave_up(*_scopes(candidate))
        raise


def may_retry(endpoint: str) -> bool:
    return health.may_retry(endpoint)


def chosen_instead(first: Candidate | None, attempt: OpenAttempt, failure: str) -> None:
    """Count it, if this is another model than the decision put first."""
    if first is not None and attempt.candidate.card.id != first.card.id:
        metrics.FALLBACKS.labels(str(failure)).inc()


def started(attempt: OpenAttempt) -> None:
    ATTEMPT.set(str(attempt.row.id))
    metrics.LIVE.inc()
    health.started(attempt.candidate.endpoint)


def ended(attempt: OpenAttempt) -> None:
    metrics.LIVE.dec()
    health.ended(attempt.candidate.endpoint)
    if attempt.is_probe:
        health.gave_up(*_scopes(attempt.candidate))


def succeeded(attempt: OpenAttempt) -> None:
    candidate = attempt.candidate
    logger.info("%s answered", candidate.card.id)
    metrics.ATTEMPTS.labels(candidate.card.provider, "answered").inc()
    health.succeeded(*_scopes(candidate))
    if attempt.first_token_at is None:
        return
    first_token_s = (attempt.first_token_at - attempt.row.started_at).total_seconds()
    streaming_s = (timezone.now() - attempt.first_token_at).total_seconds()
    tokens = attempt.usage.output_tokens if attempt.usage else 0
    metrics.FIRST_TEXT.labels(candidate.card.provider).observe(first_token_s)
    # A reply of a few words says nothing about speed.
    speed = tokens / streaming_s if tokens >= 50 and streaming_s > 0.2 else None
    health.measured(_model(candidate), first_token_s, speed)


def failed(attempt: OpenAttempt, error: ProviderError) -> str:
    """Tell the breakers; the sentence for the person."""
    candidate = attempt.candidate
    metrics.ATTEMPTS.labels(candidate.card.provider, "failed").inc()
    metrics.FAILURES.labels(error.failure.value).inc()
    step = fallback_matrix.step_after(error, 1, other_candidates=True)
    _tell_breakers(candidate, step)
    words = fallback_matrix.words(error.failure, candidate.card.name)
    logger.warning("%s failed: %s %s", candidate.card.id, error.failure, error.detail)
    return words


def _tell_breakers(candidate: Candidate, step: fallback_matrix.Step) -> None:
    scope = {
        "credential": credential_scope(candidate.credential, candidate.endpoint),
        "model": _model(candidate),
    }.get(step.breaker)
    if scope and (step.counts or step.opens_s):
        health.failed(scope, counts=step.counts, opens_s=step.opens_s)
    if step.of_provider:
        witness = (candidate.credential or "", candidate.card.id)
        health.failed(provider_scope(candidate.endpoint), counts=step.counts, witness=witness)


def _scopes(candidate: Candidate) -> tuple[str, str, str]:
    return (
        credential_scope(candidate.credential, candidate.endpoint),
        _model(candidate),
        provider_scope(candidate.endpoint),
    )


def _model(candidate: Candidate) -> str:
    return model_scope(candidate.credential, candidate.endpoint, candidate.card.id)
