"""What an organisation's verdicts have moved, as its admins see it: figures and counts, never who said what."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, Q

from accounts.models import Organisation
from routing.cards import organisation_cards
from routing.engine.learning import Learned
from routing.models import Verdict
from routing.names import category_name, model_name, name_in
from routing.verdicts import NOT_ABOUT_QUALITY, Kind, learned, learned_ability

# A category that a handful of verdicts only touched is not worth a line.
LEAST_TOLD_SHIFT = 0.05
# The shift is told on a model that would succeed nine times in ten: a logit means little to most people.
TOLD_AT_SUCCESS = 0.9


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """`bar`: -100 to 100, of what a shift can be at most. `success_percent`: what 90 % has become."""

    name: str
    shift: float
    bar: int
    success_percent: int
    good: int
    bad: int
    people: int

    @property
    def width(self) -> int:
        return abs(self.bar)

    @property
    def shift_words(self) -> str:
        return f"{self.shift:+.2f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class ModelLines:
    """`set_aside`: verdicts about time or price, which move nothing. `reasons`: names with how often."""

    model_id: str
    name: str
    good: int
    bad: int
    people: int
    set_aside: int
    reasons: list[tuple[str, int]]
    categories: list[CategoryLine]


@dataclass(frozen=True, slots=True)
class LearnedPage:
    version: int
    models: list[ModelLines]


def learned_page(organisation: Organisation) -> LearnedPage:
    counting = Verdict.objects.filter(organisation=organisation, counts=True)
    # Mypy does not see the names that `annotate` adds.
    rows = cast(
        "Iterable[dict[str, Any]]",
        counting.values("model_id").annotate(
            good=Count("decision", filter=Q(kind=Kind.GOOD), distinct=True),
            bad=Count("decision", filter=~Q(kind=Kind.GOOD), distinct=True),
            people=Count("user", distinct=True),
            set_aside=Count("decision", filter=Q(reason__in=NOT_ABOUT_QUALITY), distinct=True),
        ),
    )
    reasons = _reasons(organisation)
    known = organisation_cards(organisation)
    models = [
        ModelLines(
            name=known[row["model_id"]].name
            if row["model_id"] in known
            else model_name(row["model_id"]),
            reasons=reasons.get(row["model_id"], []),
            categories=_lines(learned(organisation, row["model_id"])),
            **row,
        )
        for row in rows
    ]
    models.sort(key=lambda each: (-each.good - each.bad, each.name))
    return LearnedPage(learned_ability(organisation).version, models)


def _reasons(organisation: Organisation) -> dict[str, list[tuple[str, int]]]:
    counting = Verdict.objects.filter(organisation=organisation, counts=True).exclude(reason="")
    rows = cast(
        "Iterable[dict[str, Any]]",
        counting.values("model_id", "reason").annotate(times=Count("id")).order_by("-times"),
    )
    names = dict(Verdict.Reason.choices)
    told: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        told.setdefault(row["model_id"], []).append((name_in(names, row["reason"]), row["times"]))
    return told


def _lines(moved: dict[str, Learned]) -> list[CategoryLine]:
    lines = [
        CategoryLine(
            name=category_name(category),
            shift=each.shift,
            bar=round(100 * each.shift),
            success_percent=_success_percent(each.shift),
            good=each.good,
            bad=each.bad,
            people=each.people,
        )
        for category, each in moved.items()
        if abs(each.shift) >= LEAST_TOLD_SHIFT
    ]
    return sorted(lines, key=lambda line: (-abs(line.shift), line.name))


def _success_percent(shift: float) -> int:
    odds = TOLD_AT_SUCCESS / (1.0 - TOLD_AT_SUCCESS) * math.exp(shift)
    return round(100 * odds / (1.0 + odds))
