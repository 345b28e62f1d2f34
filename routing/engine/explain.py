"""Why this model, in a sentence or two that a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from routing.engine.demand import Demand
from routing.engine.record import IncumbentNote, ReferenceCost
from routing.engine.standing import Standing
from routing.engine.stickiness import PINNED, WITHIN_MARGIN
from routing.engine.values import CATEGORY_NAMES, Candidate, Reading, Rejected, Scored
from routing.engine.wording import language_name, percent, percent_at_least, seconds, usd

KINDS = {
    "chat": "Everyday chat",
    "questions": "A question",
    "writing": "A writing task",
    "creative": "A creative piece",
    "roleplay": "A role-play",
    "editing": "An editing task",
    "summarising": "A summary",
    "translation": "A translation",
    "extraction": "An extraction task",
    "coding": "A coding task",
    "maths": "A maths problem",
    "reasoning": "A reasoning problem",
    "ideas": "A planning task",
}
TRAITS = {
    "reasoning_steps": "takes several steps",
    "specialist_knowledge": "needs expert knowledge",
    "constraints": "sets many conditions",
    "creativity": "asks for invention",
    "context_dependence": "builds on what came before",
    "stakes": "does harm if it is wrong",
}

# A dimension of the complexity is told from this level up (0..3), two of them at most.
TOLD_LEVEL = 2
MOST_TRAITS = 2

# Below this difficulty a prompt is called easy; below this share its category is told with the second one.
EASY_DIFFICULTY = 0.2
CLEAR_SHARE = 0.5

# Costs within this share of each other are called the same; a reference dearer by this factor is told as a multiple.
SAME_PRICE = 0.05
TOLD_RATIO = 1.5

# From this pressure of the budget (0..1) on, the sentence mentions it.
TOLD_PRESSURE = 0.5

RAISED = "More is asked for than usual, since a reply was turned down in this conversation."

# How many reasons are named when no model is left.
MOST_REASONS = 3


class Outcome(NamedTuple):
    """What was decided, to be told."""

    standing: Standing
    rejected: Sequence[Rejected]
    incumbent: IncumbentNote | None
    reference: ReferenceCost | None


def explain(reading: Reading, demand: Demand, outcome: Outcome) -> str:
    rule = f'The rule "{demand.rule.name}" applies.' if demand.rule is not None else ""
    if not outcome.standing.ranked:
        sentences = [_task(reading), rule, _nobody(outcome.rejected)]
    else:
        chosen = outcome.standing.ranked[0]
        choice = _choice(outcome) + _compared(chosen, demand, outcome.reference) + "."
        raised = RAISED if outcome.standing.is_raised else ""
        sentences = [_task(reading), rule, choice, raised, *_caveats(chosen.candidate, demand)]
    return " ".join(sentence for sentence in sentences if sentence)


def _task(reading: Reading) -> str:
    share = reading.categories[reading.category]
    task = f"{KINDS[reading.category]} ({percent(share)})"
    if share < CLEAR_SHARE:
        second = max(
            (name for name in CATEGORY_NAMES if name != reading.category),
            key=lambda name: reading.categories[name],
        )
        task += f", partly {CATEGORY_NAMES[second].lower()} ({percent(reading.categories[second])})"
    levels = reading.complexity
    told = sorted(
        (name for name in TRAITS if levels.get(name, 0) >= TOLD_LEVEL),
        key=lambda name: -levels[name],
    )
    if told:
        return f"{task} that {' and '.join(TRAITS[name] for name in told[:MOST_TRAITS])}."
    return f"{task}, easy." if reading.difficulty < EASY_DIFFICULTY else f"{task}."


def _nobody(rejected: Sequence[Rejected]) -> str:
    if not rejected:
        return "No model can answer: none is approved and within reach of a key."
    counts = Counter(each.reason for each in rejected).most_common(MOST_REASONS)
    reasons = "; ".join(f"{reason} ({count})" for reason, count in counts)
    return f"No model can answer. Models refused: {reasons}. Change what is asked, or ask for another model."


def _choice(outcome: Outcome) -> str:
    standing = outcome.standing
    chosen = standing.ranked[0]
    name, likely = _name(chosen), f"{percent(chosen.success)} likely to succeed"
    if outcome.incumbent is not None and outcome.incumbent["stayed"]:
        if outcome.incumbent["why"] == PINNED:
            return f"{name} is pinned to this conversation ({likely})"
        if outcome.incumbent["why"] == WITHIN_MARGIN:
            return f"{name} goes on, as no other model is better by enough ({likely})"
    if not standing.reached:
        asked = percent_at_least(standing.floor)
        return f"No model reaches the {asked} asked for at this difficulty; {name} comes closest ({percent(chosen.success)})"
    if standing.fitting == 1:
        return f"{name} is the only fitting model ({likely})"
    return _preferred(standing, chosen, likely)


def _preferred(standing: Standing, chosen: Scored, likely: str) -> str:
    name, fitting = _name(chosen), f"{standing.fitting} fitting models"
    if standing.preference == "cost":
        return f"{name} is the cheapest of {fitting} ({usd(chosen.cost_usd)}, {likely})"
    if standing.preference == "speed":
        return f"{name} is the quickest of {fitting} ({seconds(chosen.wait_s)}, {likely})"
    likeliest = max(standing.ranked, key=lambda each: each.success)
    if likeliest.success == chosen.success:
        price = _price_beside(chosen, standing.ranked)
        return f"Of {fitting} {name} is the likeliest to succeed ({percent(chosen.success)}){price}"
    if standing.preference == "quality":
        return f"Of {fitting} {name} is the cheapest of those likeliest to succeed ({percent(chosen.success)})"
    return (
        f"Of {fitting} {name} gives the most for its price and wait: {likely} for {usd(chosen.cost_usd)}, "
        f"where {_name(likeliest)} reaches {percent(likeliest.success)} for {usd(likeliest.cost_usd)}"
    )


def _price_beside(chosen: Scored, ranked: Sequence[Scored]) -> str:
    others = [each for each in ranked if each.candidate.card.id != chosen.candidate.card.id]
    if not others:
        return ""
    if abs(others[0].cost_usd - chosen.cost_usd) <= SAME_PRICE * chosen.cost_usd:
        return " at the same price"
    if all(each.cost_usd > chosen.cost_usd for each in others):
        return " and the cheapest"
    return ""


def _compared(chosen: Scored, demand: Demand, reference: ReferenceCost | None) -> str:
    card = demand.policy.reference
    if reference is None or card is None or card.id == chosen.candidate.card.id:
        return ""
    cost, reference_cost = chosen.cost_usd, reference["cost_usd"]
    if cost == 0.0:
        return f"; free, where {card.name} costs {usd(reference_cost)}" if reference_cost else ""
    if reference_cost >= TOLD_RATIO * cost:
        return f"; about {_times(reference_cost / cost)} cheaper than {card.name}"
    if cost >= TOLD_RATIO * reference_cost > 0.0:
        return f"; about {_times(cost / reference_cost)} dearer than {card.name}"
    return ""


def _times(ratio: float) -> str:
    if ratio >= 20:
        return f"{round(ratio, -1):.0f} times"
    return f"{ratio:.0f} times" if ratio >= 2.5 else f"{ratio:.1f} times"


def _caveats(candidate: Candidate, demand: Demand) -> list[str]:
    """What was given way to so that somebody could answer at all, and a budget that weighs in."""
    caveats = []
    if demand.language in candidate.card.languages_weak:
        caveats.append(f"It is weak in {language_name(demand.language)}; no better model is left.")
    if demand.input_tokens > candidate.card.context_tokens:
        caveats.append("The conversation is too long for it: the oldest turns are left out.")
    if candidate.closed is not None:
        caveats.append("It has failed lately and is tried all the same: no other model is left.")
    if demand.policy.budget.pressure >= TOLD_PRESSURE:
        caveats.append("The budget runs low, so the price weighs more.")
    return caveats


def _name(scored: Scored) -> str:
    return scored.candidate.card.name
