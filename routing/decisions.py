"""The decision of one call: read, decided, stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import Organisation, User
from routing.classifier import load_classifier
from routing.engine.classify import classify
from routing.engine.decide import decide
from routing.engine.receipt import receipt
from routing.engine.record import Asked, Receipt, SecondReading
from routing.engine.values import Budget, Candidate, Decision, Incumbent, Policy, Reading, Request
from routing.models import Decision as DecisionRow
from routing.snapshot import take_snapshot

NO_LIMIT = Budget()


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what. `asked["model"]` is "auto" or a model id."""

    user: User
    organisation: Organisation
    asked: Asked
    request: Request
    incumbent: Incumbent | None = None
    budget: Budget = NO_LIMIT


@dataclass(frozen=True, slots=True)
class Prepared:
    """Decided but not stored, and what it was decided by."""

    call: Call
    reading: Reading
    candidates: Sequence[Candidate]
    policy: Policy
    decision: Decision


@dataclass(frozen=True, slots=True)
class Stored:
    id: UUID
    receipt: Receipt


def prepare(call: Call) -> Prepared:
    reading = classify(load_classifier(), call.request)
    snapshot = take_snapshot(call.user, call.organisation, call.asked, call.budget)
    policy = replace(snapshot.policy, excluded=snapshot.excluded)
    decision = decide(reading, call.request, snapshot.candidates, policy, call.incumbent)
    return Prepared(call, reading, snapshot.candidates, policy, decision)


def with_reading(prepared: Prepared, reading: Reading) -> Prepared:
    """Decided anew, by another reading of the same message."""
    call = prepared.call
    decision = decide(reading, call.request, prepared.candidates, prepared.policy, call.incumbent)
    return replace(prepared, reading=reading, decision=decision)


def store(
    prepared: Prepared, second_reading: SecondReading | None = None, decision_id: UUID | None = None
) -> Stored:
    row = not_stored(prepared, decision_id or uuid7())
    if second_reading is not None:
        row.receipt["second_reading"] = second_reading
    row.save()
    return Stored(row.id, row.receipt)


def not_stored(prepared: Prepared, decision_id: UUID) -> DecisionRow:
    call, decision = prepared.call, prepared.decision
    made_at = timezone.now()
    return DecisionRow(
        id=decision_id,
        organisation=call.organisation,
        user=call.user,
        made_at=made_at,
        surface=call.asked["surface"],
        preference=decision.preference,
        model_id=decision.chosen.candidate.card.id if decision.chosen else "",
        category=decision.category,
        difficulty=decision.difficulty,
        receipt=receipt(
            decision, receipt_id=str(decision_id), made_at=made_at.isoformat(), asked=call.asked
        ),
    )
