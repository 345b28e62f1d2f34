from __future__ import annotations

import pytest

from routing.models import Attempt, Decision, DecisionChangedError


@pytest.fixture
def decision(organisation, alice):
    return Decision.objects.create(
        organisation=organisation,
        user=alice,
        surface="chat",
        preference="balanced",
        model_id="demo/swift",
        category="chat",
        difficulty=0.1,
        receipt={"schema": 1},
    )


def test_a_decision_cannot_be_saved_again(decision):
    decision.model_id = "demo/coder"

    with pytest.raises(DecisionChangedError):
        decision.save()

    assert Decision.objects.get().model_id == "demo/swift"


def test_a_decision_cannot_be_deleted(decision):
    with pytest.raises(DecisionChangedError):
        decision.delete()

    assert Decision.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(model_id="demo/coder"),
        lambda rows: rows.bulk_update(list(rows), ["model_id"]),
        lambda rows: rows.delete(),
        lambda rows: rows.update_or_create(surface="chat", defaults={"model_id": "demo/coder"}),
    ],
    ids=["update", "bulk_update", "delete", "update_or_create"],
)
def test_decisions_cannot_be_changed_in_bulk(decision, change):
    with pytest.raises(DecisionChangedError):
        change(Decision.objects.all())

    assert Decision.objects.get().model_id == "demo/swift"


def test_a_decision_outlives_the_person(decision, bob):
    Decision.objects.create(
        organisation=decision.organisation,
        user=bob,
        surface="api",
        preference="cost",
        category="chat",
        difficulty=0.2,
        receipt={},
    )

    bob.delete()

    assert Decision.objects.get(surface="api").user is None


def test_an_attempt_starts_without_an_outcome(decision):
    attempt = Attempt.objects.create(
        decision=decision, number=1, model_id="demo/swift", endpoint="demo", payer="nobody"
    )

    assert attempt.outcome == Attempt.Outcome.RUNNING
    assert attempt.started_at is not None
    assert attempt.ended_at is None
