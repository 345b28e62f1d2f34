"""What people say of replies, and what an organisation's abilities learn from it (docs/routing.md, "Learning")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit import record as audit
from accounts.models import Organisation, User
from routing.cards import organisation_cards
from routing.engine.floor import ability_above
from routing.engine.learning import Evidence, Learned, card_ability, learn, shifts_of
from routing.engine.success import category_mix, difficulty_logits
from routing.engine.values import Card
from routing.models import Decision, LearnedAbility, Verdict

Kind = Verdict.Kind
Reason = Verdict.Reason

THUMBS = (Kind.GOOD, Kind.BAD)
TURNED_DOWN = (Kind.BAD, Kind.NOT_THIS_ONE)
# To ask another model too may be curiosity; to be told that a reply was slow or dear says nothing of its quality.
WEIGHTS: Mapping[str, float] = {Kind.GOOD: 1, Kind.BAD: 1, Kind.NOT_THIS_ONE: 1, Kind.RETRY: 0.5}
NOT_ABOUT_QUALITY = (Reason.TOO_SLOW, Reason.TOO_DEAR)
# The latest verdicts on a model that are read; more would hardly move it any further.
VERDICTS_READ = 1000


@transaction.atomic
def record(user: User, decision: Decision, model_id: str, kind: Kind, reason: str = "") -> None:
    """One verdict of a kind by each person on each decision; a thumb takes the place of the other one.

    `model_id` is who answered. A reason that is not one of `Reason` is left out.
    """
    if kind in THUMBS:
        _thumbs(user, decision).exclude(kind=kind).delete()
    Verdict.objects.update_or_create(
        decision=decision,
        user=user,
        kind=kind,
        defaults={
            "organisation_id": decision.organisation_id,
            "model_id": model_id,
            "reason": reason if reason in Reason else "",
            "categories": dict(category_mix(decision.receipt["categories"])),
            "expected_success": _expected_success(decision, model_id),
        },
    )
    relearn(decision.organisation, model_id)


@transaction.atomic
def withdraw(user: User, decision: Decision) -> None:
    """Take one's thumb back."""
    models = list(_thumbs(user, decision).values_list("model_id", flat=True))
    _thumbs(user, decision).delete()
    for model_id in models:
        relearn(decision.organisation, model_id)


def thumbs_of(decision_ids: Iterable[UUID]) -> dict[UUID, str]:
    """ "good" or "bad", by decision; only who asked for a reply can judge it."""
    given = Verdict.objects.filter(decision__in=list(decision_ids), kind__in=THUMBS)
    return dict(given.values_list("decision_id", "kind"))


def _thumbs(user: User, decision: Decision) -> QuerySet[Verdict]:
    return Verdict.objects.filter(decision=decision, user=user, kind__in=THUMBS)


def _expected_success(decision: Decision, model_id: str) -> float | None:
    notes = decision.receipt["candidates"]
    return next((note["success"] for note in notes if note["model"] == model_id), None)


@transaction.atomic
def relearn(organisation: Organisation, model_id: str) -> None:
    """Work out what the verdicts on one model say, and keep it where decisions read it."""
    LearnedAbility.objects.get_or_create(organisation=organisation)
    row = LearnedAbility.objects.select_for_update().get(organisation=organisation)
    shifts = shifts_of(learned(organisation, model_id))
    if shifts != row.shifts.get(model_id, {}):
        _keep(row, row.shifts | {model_id: shifts})


@transaction.atomic
def reset(organisation: Organisation, by: User, model_id: str = "") -> int:
    """Forget what was learned of one model, or of all; how many verdicts no longer count."""
    counting = Verdict.objects.filter(organisation=organisation, counts=True)
    if model_id:
        counting = counting.filter(model_id=model_id)
    set_back = counting.update(counts=False)
    row = LearnedAbility.objects.select_for_update().filter(organisation=organisation).first()
    if row is not None:
        _keep(row, row.shifts | {model_id: {}} if model_id else {})
    audit(organisation, by, "learning.reset", model_id or organisation.name, verdicts=set_back)
    return set_back


def _keep(row: LearnedAbility, shifts: Mapping[str, Any]) -> None:
    row.shifts = {model_id: moved for model_id, moved in shifts.items() if moved}
    row.version += 1
    row.save()


def learned(organisation: Organisation, model_id: str) -> dict[str, Learned]:
    """By category, from this organisation's verdicts that count; nothing for a model without a card."""
    card = organisation_cards(organisation).get(model_id)
    return learn(_evidence(organisation, card)) if card else {}


def learned_ability(organisation: Organisation) -> LearnedAbility:
    row = LearnedAbility.objects.filter(organisation=organisation).first()
    return row or LearnedAbility(organisation=organisation)


def turned_down(decisions: QuerySet[Any]) -> QuerySet[Verdict, tuple[float | None, float]]:
    """What was expected of the replies that were turned down, and how hard it was to answer.

    `decisions`: the ids of a conversation's decisions, as a query.
    """
    found = Verdict.objects.filter(decision__in=decisions, kind__in=TURNED_DOWN)
    about_quality = found.exclude(reason__in=NOT_ABOUT_QUALITY)
    return about_quality.values_list("expected_success", "decision__difficulty")


def least_ability(figures: Iterable[tuple[float | None, float]]) -> float | None:
    """What is asked for, in logits, once these were turned down; None if none was."""
    asked = [ability_above(success, hard) for success, hard in figures if success is not None]
    return max(asked, default=None)


def _evidence(organisation: Organisation, card: Card) -> list[Evidence]:
    verdicts = (
        Verdict.objects.filter(organisation=organisation, model_id=card.id, counts=True)
        .exclude(reason__in=NOT_ABOUT_QUALITY)
        .order_by("-created_at")
        .values_list("user_id", "decision_id", "kind", "categories", "decision__difficulty")
    )[:VERDICTS_READ]
    # Who gives a reply a thumb and asks again has judged it once.
    once = {(row[0], row[1]): row for row in sorted(verdicts, key=lambda row: row[2] in THUMBS)}
    return [
        Evidence(
            person=str(user_id),
            mix=category_mix(categories),
            expected_logits=card_ability(card, category_mix(categories))
            - difficulty_logits(difficulty),
            is_good=kind == Kind.GOOD,
            weight=WEIGHTS[kind],
        )
        for user_id, _decision, kind, categories, difficulty in once.values()
    ]
