"""The decision of one call: read, decided, stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import Organisation, User
from routing.classifier import load_classifier
from routing.engine.classify import classify
from routing.engine.decide import decide
from routing.engine.receipt import receipt
from routing.engine.record import Asked, Receipt
from routing.engine.values import Budget, Decision, Incumbent, Request
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
    """Decided but not stored."""

    call: Call
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
    return Prepared(call, decision)


def store(prepared: Prepared) -> Stored:
    call, decision = prepared.call, prepared.decision
    decision_id, made_at = uuid7(), timezone.now()
    stored = receipt(
        decision, receipt_id=str(decision_id), made_at=made_at.isoformat(), asked=call.asked
    )
    DecisionRow.objects.create(
        id=decision_id,
        organisation=call.organisation,
        user=call.user,
        made_at=made_at,
        surface=call.asked["surface"],
        preference=decision.preference,
        model_id=decision.chosen.candidate.card.id if decision.chosen else "",
        category=decision.category,
        difficulty=decision.difficulty,
        receipt=stored,
    )
    return Stored(decision_id, stored)
