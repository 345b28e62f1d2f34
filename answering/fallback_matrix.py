"""What is done about each class of failure: the only fallback policy. It reads like the table in docs/reliability.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from providers.errors import FailureClass as F
from providers.errors import ProviderError

Next = Literal["no", "yes", "other credential", "larger window"]
Scope = Literal["none", "credential", "model", "provider"]

# Retries wait 0.5 s, then 1 s, ... each within half of it either way, at most this long.
BACKOFF_S = 0.5
BACKOFF_MAX_S = 8.0
# A provider that asks for a longer wait is not waited for.
SHORT_WAIT_S = 5.0
ATTEMPTS_PER_MODEL = 2
MODELS = 4
ATTEMPTS = 6
# From the first attempt to the first text.
WALK_S = 90.0

MINUTE = 60.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Row:
    """`same`: further tries at the same model. `opens_s`: the breaker opens at once for so long;
    `counts`: how much a failure weighs towards opening it, and that of the whole provider too if
    `of_provider`. `words`: what a person reads."""

    number: int
    same: int
    next: Next
    breaker: Scope
    words: str | Promise
    opens_s: float = 0.0
    counts: float = 0.0
    least_wait_s: float = 0.0
    tell_admin: bool = False
    of_provider: bool = False


TABLE: dict[F, Row] = {
    F.BAD_REQUEST: Row(1, 0, "no", "none", _("%(model)s refused this request")),
    F.CONTEXT_TOO_LONG: Row(2, 0, "larger window", "none", _("Too long for %(model)s")),
    F.SPEND_LIMIT: Row(
        3, 0, "other credential", "credential", _("The key for %(model)s has reached its spending limit"), HOUR, tell_admin=True
    ),
    F.KEY_REJECTED: Row(
        4, 0, "other credential", "credential", _("The key for %(model)s was rejected"), HOUR, tell_admin=True
    ),
    F.PAYMENT_REQUIRED: Row(
        5, 0, "other credential", "credential", _("%(model)s is out of credit"), HOUR, tell_admin=True
    ),
    F.FORBIDDEN: Row(7, 0, "yes", "model", _("This key may not use %(model)s"), HOUR),
    F.CONTENT_POLICY: Row(8, 0, "no", "none", _("Declined by the content policy of %(model)s")),
    F.MODEL_GONE: Row(
        9, 0, "yes", "model", _("%(model)s is no longer offered"), 10 * MINUTE, tell_admin=True
    ),
    F.REQUEST_TIMEOUT: Row(10, 1, "yes", "model", _("%(model)s took too long"), counts=1),
    F.CONFLICT: Row(11, 1, "yes", "none", _("%(model)s was in conflict with itself")),
    F.TOO_LARGE: Row(12, 0, "no", "none", _("The attachment or text is too large for %(model)s")),
    F.UNPROCESSABLE: Row(13, 0, "no", "none", _("%(model)s refused this request")),
    F.RATE_LIMITED: Row(16, 1, "yes", "model", _("%(model)s is busy"), 30.0),
    F.QUOTA_EXHAUSTED: Row(
        15, 0, "other credential", "credential", _("%(model)s is out of credit"), HOUR, tell_admin=True
    ),
    F.SERVER_ERROR: Row(17, 1, "yes", "model", _("%(model)s failed"), counts=1, of_provider=True),
    F.BAD_GATEWAY: Row(18, 1, "yes", "model", _("%(model)s failed"), counts=1, of_provider=True),
    F.UNAVAILABLE: Row(19, 1, "yes", "model", _("%(model)s is unavailable"), counts=1, of_provider=True),
    F.OVERLOADED: Row(
        20, 1, "yes", "model", _("%(model)s is overloaded"), counts=2, least_wait_s=1.0
    ),
    F.UNREACHABLE: Row(21, 1, "yes", "model", _("%(model)s cannot be reached"), counts=1, of_provider=True),
    F.TLS_FAILED: Row(21, 0, "yes", "model", _("%(model)s cannot be reached safely"), counts=1, of_provider=True),
    F.HEAD_TIMEOUT: Row(22, 0, "yes", "model", _("%(model)s did not answer"), counts=1, of_provider=True),
    F.FIRST_CONTENT_TIMEOUT: Row(23, 0, "yes", "model", _("%(model)s was too slow"), counts=1),
    F.CUT_BEFORE_TEXT: Row(24, 1, "yes", "model", _("The connection to %(model)s broke"), counts=1),
    F.NOT_A_MODEL_ANSWER: Row(
        25, 0, "yes", "model", _("%(model)s gave no model's answer"), counts=1, tell_admin=True
    ),
    F.EMPTY_ANSWER: Row(27, 1, "yes", "model", _("%(model)s gave an empty answer"), counts=0.5),
    F.MALFORMED_EVENT: Row(28, 1, "yes", "model", _("%(model)s sent broken data"), counts=1),
    F.STALLED: Row(29, 0, "no", "model", _("%(model)s stopped responding"), counts=1),
    F.CUT_AFTER_TEXT: Row(30, 0, "no", "model", _("The connection to %(model)s broke"), counts=1),
    F.ERROR_AFTER_TEXT: Row(31, 0, "no", "none", _("%(model)s failed in the middle of its answer")),
    F.DECODING: Row(35, 1, "yes", "model", _("%(model)s sent unreadable data"), counts=1),
    F.OVER_CAP: Row(37, 0, "yes", "model", _("The answer of %(model)s was too long"), counts=1),
    F.REPEATING: Row(37, 0, "yes", "model", _("%(model)s repeated itself without end"), counts=1),
    F.REDIRECT: Row(
        38, 0, "yes", "model", _("%(model)s has moved to another address"), 10 * MINUTE, tell_admin=True
    ),
    F.BLOCKED_ADDRESS: Row(
        38, 0, "yes", "model", _("The address of %(model)s is not allowed"), 10 * MINUTE, tell_admin=True
    ),
}  # fmt: skip

# Rows 6 and 14: the same answers, with a time that the provider named.
PAYMENT_WITH_TIME = 6
BUSY_WITH_TIME = 14
BUSY_MAX_S = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now: try the same again after `wait_s`, or go on to `next`."""

    row: int
    again: bool
    wait_s: float
    next: Next
    breaker: Scope
    opens_s: float
    counts: float
    of_provider: bool


def step_after(
    error: ProviderError, tries: int, *, other_candidates: bool, jitter: float = 0.5
) -> Step:
    """What follows this failure, after `tries` attempts at the same candidate.

    After text nothing is ever tried again by itself: the person has read it. A request that was refused for a field
    that it may go without is tried again without it.
    `jitter` is in 0..1 and spreads the waits of many replies. Source: reliability.md 3.2-3.4.
    """
    row, harm = TABLE[error.failure], TABLE[_kind(error)]
    number, opens_s = _with_time(error, harm)
    learned = (harm.breaker, opens_s, harm.counts, harm.of_provider)
    if error.after_text:
        return Step(row.number, False, 0, "no", *learned)  # noqa: FBT003  # a row of the table
    same, following = row.same, row.next
    if number == PAYMENT_WITH_TIME:
        same, following = 1, "yes"
    elif error.failure is F.BAD_REQUEST and error.optional:
        same = 1
    again = tries < min(same + 1, ATTEMPTS_PER_MODEL)
    wait_s = row.least_wait_s + _backoff(tries, jitter)
    if error.retry_after_s is not None:
        again = again and error.retry_after_s <= SHORT_WAIT_S
        again = again and not (number == BUSY_WITH_TIME and other_candidates)
        wait_s = error.retry_after_s
    return Step(number, again, wait_s, following, *learned)


def _kind(error: ProviderError) -> F:
    """Row 31: an error after text harms as its own class does."""
    return (error.failure is F.ERROR_AFTER_TEXT and error.inner) or error.failure


def _with_time(error: ProviderError, row: Row) -> tuple[int, float]:
    if error.retry_after_s is None:
        return row.number, row.opens_s
    if _kind(error) in {F.RATE_LIMITED, F.UNAVAILABLE}:
        return BUSY_WITH_TIME, min(error.retry_after_s, BUSY_MAX_S)
    if _kind(error) is F.PAYMENT_REQUIRED:
        return PAYMENT_WITH_TIME, min(error.retry_after_s, HOUR)
    return row.number, row.opens_s


def _backoff(tries: int, jitter: float) -> float:
    doubled: int = 2 ** (tries - 1)
    return min(BACKOFF_S * doubled * (0.5 + jitter), BACKOFF_MAX_S)


def words(failure: F, model_name: str) -> str:
    return str(TABLE[failure].words) % {"model": model_name}
