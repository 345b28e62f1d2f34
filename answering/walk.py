"""Which candidate is next, after what has failed. The policy itself stands in fallback_matrix.py."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from answering import fallback_matrix
from answering.request import AnswerRequest
from providers.errors import FailureClass, ProviderError
from routing.engine.values import Candidate, Decision
from usage.budgets import BudgetExhaustedError

# Another key of the same model may well answer after these.
OF_THE_CREDENTIAL = {
    FailureClass.RATE_LIMITED,
    FailureClass.FORBIDDEN,
    FailureClass.PAYMENT_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Of a call among the others of its decision.

    `moves_bill`: the organisation is to pay for what a person's key was to pay before. `passed_over`: whose
    turn it was since the call before, by model id, and why they were not called.
    """

    number: int
    moves_bill: bool
    passed_over: tuple[dict[str, str], ...]


class Walk:
    """The candidates of one decision, in order, each as often as the matrix allows."""

    def __init__(
        self,
        request: AnswerRequest,
        decision: Decision,
        clock: Callable[[], float] = time.monotonic,
        may_retry: Callable[[str], bool] = lambda _endpoint: True,
    ) -> None:
        chosen = (decision.chosen,) if decision.chosen else ()
        self._queue = deque(scored.candidate for scored in (*chosen, *decision.fallbacks))
        self._by_hand = request.asked["model"]
        self._rejected = decision.rejected
        self._organisation_may_pay = request.organisation.auto_fallback_to_organisation_key
        self._current: Candidate | None = None
        # By model, whichever key called it.
        self._tries: Counter[str] = Counter()
        self._models: set[str] = set()
        # Of those who were called or passed over.
        self._payers: set[str] = set()
        self._clock = clock
        self._may_retry = may_retry
        self._started = clock()
        self._told: list[str] = []
        self._passed_over: list[dict[str, str]] = []
        # Row 16: the failure itself closed its model, and its one retry is granted all the same.
        self.is_granted = False
        # Row 1: fields that the current candidate refused and that its request may go without.
        self.without: frozenset[str] = frozenset()
        self.number = 0
        self.failure = "no_model"
        # For the figures: who was passed over after a failed call was passed over because of it.
        self._failed_call = ""

    def next_candidate(self) -> Candidate | None:
        """The candidate to call now, or None when there is nothing left to try."""
        late = self._clock() - self._started > fallback_matrix.WALK_S
        if late or self.number >= fallback_matrix.ATTEMPTS or not self._queue:
            return None
        candidate: Candidate = self._queue[0]
        if candidate is not self._current:
            self._current, self.is_granted, self.without = candidate, False, frozenset()
        if candidate.card.id not in self._models and len(self._models) >= fallback_matrix.MODELS:
            return None
        self._models.add(candidate.card.id)
        self._tries[candidate.card.id] += 1
        self.number += 1
        return candidate

    def place(self) -> Place:
        moves_bill = self._queue[0].payer == "organisation" and "person" in self._payers
        return Place(self.number, moves_bill, tuple(self._passed_over))

    def opened(self) -> None:
        """The call is stored, and with it who was passed over for it."""
        self._passed_over = []

    @property
    def why_another(self) -> str:
        """The class of the last call that failed; where none was made, why whoever was first was not called."""
        return self._failed_call or self.failure

    def withdrawn(self, reason: str = "") -> None:
        """Row 44: since the decision it was unapproved, its key removed, or it may not answer this any more."""
        candidate = self._pass_over("withdrawn")
        name = candidate.card.name
        words = _("%(model)s is no longer available to you") % {"model": name}
        self._tell_why(candidate, f"{name}: {reason}" if reason else words)

    def over_budget(self, error: BudgetExhaustedError) -> None:
        """Row 43: what a cheaper model may still answer is tried."""
        candidate = self._pass_over("budget")
        until = date_format(error.until, "DATE_FORMAT")
        self._tell_why(candidate, _("Your limit is reached until %(day)s") % {"day": until})

    def closed(self) -> None:
        """Its breaker opened since the decision, or another call is the probe just now."""
        candidate = self._pass_over("closed")
        self._tell_why(
            candidate, _("%(model)s is failing just now") % {"model": candidate.card.name}
        )

    @property
    def has_another(self) -> bool:
        """Whether somebody else could answer. The last one is tried whatever is known of it, and so
        is the last way to the model that was chosen by hand."""
        waiting = [candidate.card.id for candidate in self._queue]
        if waiting[0] == self._by_hand:
            return waiting.count(self._by_hand) > 1
        return len(waiting) > 1

    def _tell_why(self, candidate: Candidate, words: str) -> None:
        self._told.append(words)
        self._passed_over.append({"model": candidate.card.id, "words": words})

    def _pass_over(self, failure: str) -> Candidate:
        """It was not called, so it counts as no attempt; but the bill moves no further for it."""
        candidate: Candidate = self._queue.popleft()
        self._queue = deque(other for other in self._queue if self._may_pay(other, candidate))
        self._payers.add(candidate.payer)
        self._tries[candidate.card.id] -= 1
        if not self._tries[candidate.card.id]:
            self._models.discard(candidate.card.id)
        self.number -= 1
        self.failure = failure
        return candidate

    def failed(self, error: ProviderError, words: str, jitter: float) -> float:
        """Take the next step; the seconds to wait before it."""
        self.failure = self._failed_call = error.failure
        self._told.append(words)
        current = self._queue[0]
        self._payers.add(current.payer)
        others = [
            other
            for other in self._queue
            if other is not current and self._may_pay(other, current) and self._has_tries(other)
        ]
        tries = self._tries[current.card.id]
        step = fallback_matrix.step_after(
            error, tries, other_candidates=bool(others), jitter=jitter
        )
        if step.again and self._may_retry(current.endpoint):
            self.is_granted = step.opens_s > 0
            self.without |= {error.optional} - {""}
            return step.wait_s
        self._queue = deque(
            other for other in others if _is_another_way(other, current, error, step)
        )
        return 0.0

    def summary(self) -> str:
        """One message with the list of tries, for when nothing answered."""
        if self._told:
            tries = "; ".join(dict.fromkeys(self._told))
            return _("No model could answer: %(tries)s. Your message is kept.") % {"tries": tries}
        reasons = "; ".join(f"{item.model}: {item.reason}" for item in self._rejected[:4])
        if not reasons:
            return _("No model is approved that could answer. Ask an admin to approve one.")
        return _("No approved model can answer this: %(reasons)s.") % {"reasons": reasons}

    def _has_tries(self, candidate: Candidate) -> bool:
        return self._tries[candidate.card.id] < fallback_matrix.ATTEMPTS_PER_MODEL

    def _may_pay(self, candidate: Candidate, failed: Candidate) -> bool:
        """Never from the organisation's money to a person's; the other way if it is allowed."""
        if failed.payer == "organisation" and candidate.payer == "person":
            return False
        if failed.payer == "person" and candidate.payer == "organisation":
            return self._organisation_may_pay
        return True


def _key_of(candidate: Candidate) -> str:
    """What a refusal of the key is about: where none is needed, the address."""
    return candidate.credential or candidate.endpoint


def _is_another_way(
    candidate: Candidate, failed: Candidate, error: ProviderError, step: fallback_matrix.Step
) -> bool:
    if step.next == "no":
        return False
    if step.next == "other credential":
        return _key_of(candidate) != _key_of(failed)
    if step.next == "larger window":
        return candidate.card.context_tokens > 1.1 * failed.card.context_tokens
    same_model = candidate.card.id == failed.card.id and candidate.endpoint == failed.endpoint
    if same_model and error.failure in OF_THE_CREDENTIAL:
        return _key_of(candidate) != _key_of(failed)
    return not same_model
