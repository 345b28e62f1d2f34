"""Whether the model that answered last goes on, and why not.

The incumbent's score is raised by the policy's `switch_margin` (0.03 where nothing else is set), so that another
model must be better by more than that: a switch costs a change of voice, and often the prompt cache. There is no
margin for whom another model beats in everything that is weighed.
"""

from __future__ import annotations

from collections.abc import Sequence

from routing.engine.demand import Demand
from routing.engine.estimate import Estimate
from routing.engine.floor import StayingFloor
from routing.engine.preference import SECOND_USD, success_usd
from routing.engine.record import IncumbentNote
from routing.engine.values import Incumbent, Preference, Rejected, Scored
from routing.engine.wording import percent, seconds, usd

# The scores of `cost` and `speed` are ratios and spread wider than probabilities: three points of success weigh like
# fifteen points of price or wait.
RATIO_MARGIN_FACTOR = 5.0

# What a pinned model is above all others at least, where there is no margin.
PINNED_ABOVE = 0.01

# A difficulty that moved by less is not worth telling as the reason of a switch.
TOLD_DIFFICULTY_STEP = 0.1

PINNED = "pinned to this conversation"
STILL_BEST = "still the best choice"
WITHIN_MARGIN = "no other model is better by enough"


def staying_floor(floor: float, incumbent: Incumbent | None) -> StayingFloor:
    """`floor`: the one for a model that stays, before a pin is looked at."""
    if incumbent is None:
        return StayingFloor(None, floor)
    return StayingFloor(incumbent.model, 0.0 if incumbent.pinned else floor)


def is_outdone(estimates: Sequence[Estimate], incumbent: Incumbent | None) -> bool:
    """Whether another model is likelier, quicker and no dearer than every way to the incumbent."""
    if incumbent is None or incumbent.pinned:
        return False
    own = [each for each in estimates if each[0].card.id == incumbent.model]
    return bool(own) and any(
        all(_outdoes(rival, each) for each in own)
        for rival in estimates
        if rival[0].card.id != incumbent.model
    )


def _outdoes(rival: Estimate, held: Estimate) -> bool:
    _, success, cost_usd, wait_s, _ = rival
    _, held_success, held_cost_usd, held_wait_s, _ = held
    return success > held_success and cost_usd <= held_cost_usd and wait_s < held_wait_s


def favour_incumbent(
    scores: Sequence[float], estimates: Sequence[Estimate], incumbent: Incumbent, margin: float
) -> list[float]:
    """The scores with the incumbent's raised by the margin; a pinned one is raised above all others."""
    raised, model = list(scores), incumbent.model
    for position, estimate in enumerate(estimates):
        if estimate[0].card.id != model:
            continue
        if incumbent.pinned:
            raised[position] = max(scores) + max(margin, PINNED_ABOVE)
        else:
            raised[position] = scores[position] + margin
    return raised


def margin_of(switch_margin: float, preference: Preference) -> float:
    return switch_margin * (RATIO_MARGIN_FACTOR if preference in {"cost", "speed"} else 1.0)


def incumbent_note(
    demand: Demand, ranked: Sequence[Scored], rejected: Sequence[Rejected], preference: Preference
) -> IncumbentNote | None:
    """Whether the incumbent stays, and a fragment that says why; None where nobody answered before."""
    incumbent = demand.incumbent
    if incumbent is None or not incumbent.model:
        return None
    stays = bool(ranked) and ranked[0].candidate.card.id == incumbent.model
    held = next((each for each in ranked if each.candidate.card.id == incumbent.model), None)
    if stays:
        why = _why_stayed(incumbent, ranked, margin_of(demand.policy.switch_margin, preference))
    elif held is None:
        why = _why_gone(incumbent, demand.difficulty, rejected)
    else:
        why = _why_overtaken(demand, ranked[0], held, preference)
    return IncumbentNote(model=incumbent.model, stayed=stays, why=why)


def _why_stayed(incumbent: Incumbent, ranked: Sequence[Scored], margin: float) -> str:
    if incumbent.pinned:
        return PINNED
    others = (each.score for each in ranked if each.candidate.card.id != incumbent.model)
    is_best_anyway = ranked[0].score - margin >= max(others, default=-1.0)
    return STILL_BEST if is_best_anyway else WITHIN_MARGIN


def _why_gone(incumbent: Incumbent, difficulty: float, rejected: Sequence[Rejected]) -> str:
    refusal = next((each for each in rejected if each.model == incumbent.model), None)
    if refusal is None:
        return "no longer available"
    rise = _rise(incumbent.difficulty, difficulty) if refusal.code == "below_floor" else None
    return rise or refusal.reason[0].lower() + refusal.reason[1:]


def _why_overtaken(demand: Demand, chosen: Scored, held: Scored, preference: Preference) -> str:
    assert demand.incumbent is not None
    worth = success_usd(demand.difficulty, demand.stakes)
    gains = {
        "quality": chosen.success - held.success,
        "cost": (held.cost_usd - chosen.cost_usd) / worth,
        "speed": (held.wait_s - chosen.wait_s) * SECOND_USD / worth,
    }
    main = max(gains, key=lambda name: gains[name])
    if gains.get(preference, 0.0) > 0.0:
        main = preference
    if main == "quality":
        better = (
            f"likelier to succeed ({percent(chosen.success)} instead of {percent(held.success)})"
        )
        return _rise(demand.incumbent.difficulty, demand.difficulty) or better
    if main == "cost":
        return f"cheaper ({usd(chosen.cost_usd)} instead of {usd(held.cost_usd)})"
    return f"quicker ({seconds(chosen.wait_s)} instead of {seconds(held.wait_s)})"


def _rise(before: float, now: float) -> str | None:
    if now - before < TOLD_DIFFICULTY_STEP:
        return None
    return f"difficulty rose from {before:.2f} to {now:.2f}"
