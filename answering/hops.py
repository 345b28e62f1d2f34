"""Each call is measured again by what holds when it is made: its decision may be a minute and three failures old."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import UUIDField

from accounts.models import Membership
from accounts.prepared import PreparedQuery
from answering.decision import Decided
from answering.request import AnswerRequest
from routing.engine.replay import refusal
from routing.engine.values import Budget, Candidate, Policy
from routing.policy import policy_of_call
from routing.setup import Setup, setup_of

_SWITCH = PreparedQuery(
    lambda organisation_id, user_id: Membership.objects.filter(
        organisation=organisation_id, user=user_id, user__is_active=True, active=True
    ).values_list("organisation__auto_fallback_to_organisation_key"),
    UUIDField(),
    UUIDField(),
)


class CandidateWithdrawnError(Exception):
    """It may no longer answer this. The message says why, where more is to be said than that."""


def measured_again(
    request: AnswerRequest, decided: Decided, candidate: Candidate, *, moves_bill: bool
) -> Candidate:
    """The candidate with its card as it is now. Raises CandidateWithdrawnError if it may not be called any more.

    `moves_bill`: a person's key was to pay before. Key, address and budget are asked by attempts.open_attempt.
    """
    if not _may_pay(request) and moves_bill:
        raise CandidateWithdrawnError
    setup = setup_of(request.user, request.organisation)
    card = setup.cards.get(candidate.card.id)
    if card is None or card.id not in setup.approved:
        raise CandidateWithdrawnError
    again = replace(candidate, card=card)
    policy = _policy(request, again, setup)
    # Nearly always nothing has changed that could refuse it.
    if card != candidate.card or policy.rules or policy.pool is not None:
        refused = refusal(decided.receipt, candidate, again, policy)
        if refused is not None:
            raise CandidateWithdrawnError(refused.reason)
    return again


def _may_pay(request: AnswerRequest) -> bool:
    """Whether the organisation's key may go on for a person's; who left it has nothing of either."""
    found = _SWITCH.first(request.organisation.pk, request.user.pk)
    if found is None:
        raise CandidateWithdrawnError
    return found[0]


def _policy(request: AnswerRequest, candidate: Candidate, setup: Setup) -> Policy:
    policy = policy_of_call(setup.policy, request.asked, Budget())
    # A model that was chosen by hand is in no pool.
    by_hand = candidate.card.id == request.asked["model"]
    return replace(policy, pool=None) if by_hand else policy
