"""How the candidates that passed the gates stand to each other: floor, preference, stay or switch, rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from routing.engine.demand import Demand
from routing.engine.estimate import Estimate
from routing.engine.floor import Split, raised, refused_below, reserve, split_at, usual_floor
from routing.engine.order import Entry, ranked
from routing.engine.preference import NEAR_TIE, Stake, scores, success_usd
from routing.engine.stickiness import favour_incumbent, is_outdone, margin_of, staying_floor
from routing.engine.values import Preference, Rejected, Scored


class Standing(NamedTuple):
    """`reached`: False where nobody is above the floor and so the likeliest comes first, whatever was preferred;
    `ordered_by` then is quality. `fitting`: how many models are above the floor. `is_raised`: more is asked for than
    usual, since a reply was turned down.
    """

    ranked: tuple[Scored, ...]
    rejected: list[Rejected]
    preference: Preference
    ordered_by: Preference
    floor: float
    reached: bool
    fitting: int
    is_raised: bool = False


def standing_of(estimates: Sequence[Estimate], demand: Demand) -> Standing:
    preference, usual = _asked(demand)
    floor = _raised(usual, demand)
    if not estimates:
        return Standing((), [], preference, preference, floor, reached=False, fitting=0)
    # Whoever was turned down, or is beaten in everything, is not kept by a margin.
    is_kept = floor <= usual and not is_outdone(estimates, demand.incumbent)
    margin = demand.policy.switch_margin if is_kept else 0.0
    split = split_at(estimates, floor, staying_floor(floor - margin, demand.incumbent))
    ordered_by = preference if split.reached else "quality"
    # A model that was turned down is not taken again for being nearly as likely, and cheap.
    near_tie = 0.0 if floor > usual and not split.reached else NEAR_TIE
    entries = _entries(split, demand, ordered_by, (margin, near_tie))
    kept = reserve(split)
    least = min(score for score, _ in entries)
    # Below the floor comes after all that is above it, by what it lacks.
    entries.extend(
        (least - (floor - each[1]), each) for each in split.below if each[0].card.id == kept
    )
    return Standing(
        ranked(entries),
        refused_below([each for each in split.below if each[0].card.id != kept], floor),
        preference,
        ordered_by,
        floor,
        split.reached,
        len({estimate[0].card.id for estimate in split.above}),
        floor > usual,
    )


def _asked(demand: Demand) -> tuple[Preference, float]:
    """The preference and the floor that hold for this prompt: the rule's, where it sets them."""
    preference, floor = demand.policy.preference, usual_floor(demand.difficulty)
    if demand.rule is not None:
        then = demand.rule.then
        preference = then.preference or preference
        floor = floor if then.floor is None else then.floor
    return preference, floor


def _raised(floor: float, demand: Demand) -> float:
    if demand.incumbent is None or demand.incumbent.least_ability is None:
        return floor
    return raised(floor, demand.incumbent.least_ability, demand.difficulty_logits)


def _entries(
    split: Split, demand: Demand, ordered_by: Preference, margins: tuple[float, float]
) -> list[Entry]:
    """`margins`: of a switch, and of a near-tie."""
    margin, near_tie = margins
    worth = success_usd(demand.difficulty, demand.stakes)
    stake = Stake(worth, demand.policy.budget.pressure, near_tie)
    marks = scores(split.above, ordered_by, stake)
    if demand.incumbent is not None:
        favour = margin_of(margin, ordered_by)
        marks = favour_incumbent(marks, split.above, demand.incumbent, favour)
    return list(zip(marks, split.above, strict=True))
