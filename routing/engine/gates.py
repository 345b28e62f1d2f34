"""Who may answer at all. Each gate names those it refuses, each with a sentence; the first refusal stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from routing.engine.demand import Demand
from routing.engine.estimate import Estimate, estimates_of, output_tokens_of
from routing.engine.values import Candidate, Rejected
from routing.engine.wording import language_name, tokens, usd

# Token counts are estimates that may be a tenth too low; a prompt that overflows is refused by the provider.
WINDOW_RESERVE = 1.1

MISSING = {
    "image": "Cannot see images",
    "document": "Cannot read documents",
    "web_search": "Has no web search",
    "tools": "Cannot call tools",
    "structured_output": "Cannot keep to a given output format",
}

# These gates open, one after the other, where nobody would be left: an answer by a model that is weak in the language,
# one without the oldest turns, or one more try at a failing model is worth more than none. The explanation says so.
RELAXED_IN_ORDER = ("language", "window", "breaker_open")

Refusals = Iterable[tuple[Candidate, str]]


class Gate(NamedTuple):
    code: str
    refusals: Callable[[Sequence[Candidate], Demand], Refusals]


class Admission(NamedTuple):
    estimates: Sequence[Estimate]
    rejected: Sequence[Rejected]


def admit(candidates: Sequence[Candidate], demand: Demand) -> Admission:
    """What to expect of those who may answer, and why the others may not."""
    gates = list(GATES)
    admission = _pass(candidates, demand, gates)
    for code in RELAXED_IN_ORDER:
        if admission.estimates:
            break
        gates = [_relaxed(gate) if gate.code == code else gate for gate in gates]
        admission = _pass(candidates, demand, gates)
    return admission


def refusal_of(candidate: Candidate, before: Candidate, demand: Demand) -> Rejected | None:
    """The first gate that refuses a candidate which has changed since it was admitted as `before`.

    A gate that would have refused that one too was opened for it, and is open still.
    """
    for gate in GATES:
        was_opened = gate.code in RELAXED_IN_ORDER and any(gate.refusals((before,), demand))
        refusals = _relaxed(gate).refusals if was_opened else gate.refusals
        for _, reason in refusals((candidate,), demand):
            return Rejected(candidate.card.id, gate.code, reason)
    return None


def _pass(candidates: Sequence[Candidate], demand: Demand, gates: Sequence[Gate]) -> Admission:
    rejected: list[Rejected] = []
    for code, refusals in gates:
        refused = list(refusals(candidates, demand))
        if refused:
            out = {id(candidate) for candidate, _ in refused}
            candidates = [each for each in candidates if id(each) not in out]
            rejected.extend(Rejected(each.card.id, code, reason) for each, reason in refused)
    return _affordable(Admission(estimates_of(candidates, demand), rejected), demand)


def _affordable(admission: Admission, demand: Demand) -> Admission:
    """The budget is the organisation's money: a personal key and a keyless model do not touch it."""
    left_usd = demand.policy.budget.left_usd
    if left_usd is None or all(estimate[2] <= left_usd for estimate in admission.estimates):
        return admission
    within: list[Estimate] = []
    rejected = list(admission.rejected)
    for estimate in admission.estimates:
        candidate, _, cost, _, _ = estimate
        if 0.0 < cost > left_usd and candidate.payer == "organisation":
            reason = f"Would cost about {usd(cost)}, {usd(left_usd)} of the budget is left"
            rejected.append(Rejected(candidate.card.id, "budget", reason))
        else:
            within.append(estimate)
    return Admission(within, rejected)


def _pool(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    pool = demand.policy.pool
    if pool is not None:
        for candidate in candidates:
            if candidate.card.id not in pool:
                yield candidate, "Not in the pool that was asked for"


def _rule(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    if demand.rule is None:
        return
    then, name = demand.rule.then, demand.rule.name
    for candidate in candidates:
        card = candidate.card
        if card.id in then.forbid:
            yield candidate, f'Forbidden by the rule "{name}"'
        elif then.models is not None and card.id not in then.models:
            yield candidate, f'The rule "{name}" asks for another model'
        elif then.only is not None and not (
            card.local or (then.only == "trusted" and card.trusted)
        ):
            asked = "local" if then.only == "local" else "local or trusted"
            yield candidate, f'The rule "{name}" asks for {asked} models'


def _rejected_earlier(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    if demand.incumbent is not None and demand.incumbent.rejected:
        for candidate in candidates:
            if candidate.card.id in demand.incumbent.rejected:
                yield candidate, 'Refused earlier in this conversation ("not this one")'


def _deprecated(candidates: Sequence[Candidate], _demand: Demand) -> Refusals:
    for candidate in candidates:
        deprecated = candidate.card.deprecated
        if deprecated is not None:
            yield candidate, f"No longer offered ({deprecated})"


def _data_class(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    if demand.confidential is not None:
        for candidate in candidates:
            if not (candidate.card.local or candidate.card.trusted):
                yield candidate, f"Neither local nor trusted, and {demand.confidential}"


def _not_chat(candidates: Sequence[Candidate], _demand: Demand) -> Refusals:
    for candidate in candidates:
        if candidate.card.kind != "chat":
            yield candidate, "Is not a chat model"


def _capability(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    if demand.capabilities:
        for candidate in candidates:
            offered = candidate.card.capabilities
            missing = [MISSING[asked] for asked in demand.capabilities if asked not in offered]
            if missing:
                yield candidate, missing[0]


def _language(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    language = demand.language
    for candidate in candidates:
        if language in candidate.card.languages_weak:
            yield candidate, f"Weak in {language_name(language)}"


def _window(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    return _too_small(candidates, demand, demand.input_tokens)


def _window_of_message(candidates: Sequence[Candidate], demand: Demand) -> Refusals:
    """With the oldest turns left out: at least the message itself must fit."""
    sent_tokens = demand.message_tokens if demand.follows_up else demand.input_tokens
    return _too_small(candidates, demand, sent_tokens)


def _too_small(candidates: Sequence[Candidate], demand: Demand, sent_tokens: int) -> Refusals:
    sent, output = WINDOW_RESERVE * sent_tokens, demand.output_tokens
    ample = sent + output + demand.reasoning_tokens
    for candidate in candidates:
        card = candidate.card
        if output > card.max_output_tokens:
            most = tokens(card.max_output_tokens)
            yield candidate, f"Writes at most {most}, about {tokens(output)} are asked for"
        elif card.context_tokens < ample:
            needed = sent + output_tokens_of(candidate, demand)
            if card.context_tokens < needed:
                window = tokens(card.context_tokens)
                yield (
                    candidate,
                    f"Its window of {window} is too small, about {tokens(needed)} are needed",
                )


def _breaker(candidates: Sequence[Candidate], _demand: Demand) -> Refusals:
    for candidate in candidates:
        if candidate.closed is not None:
            yield candidate, candidate.closed


def _nobody(_candidates: Sequence[Candidate], _demand: Demand) -> Refusals:
    return ()


def _relaxed(gate: Gate) -> Gate:
    return Gate(gate.code, _window_of_message if gate.code == "window" else _nobody)


GATES = (
    Gate("not_in_pool", _pool),
    Gate("rule", _rule),
    Gate("rejected_earlier", _rejected_earlier),
    Gate("deprecated", _deprecated),
    Gate("data_class", _data_class),
    Gate("not_chat", _not_chat),
    Gate("capability", _capability),
    Gate("language", _language),
    Gate("window", _window),
    Gate("breaker_open", _breaker),
)

# In the order in which a receipt lists them: the nearest to being chosen first.
CODES = ("below_floor", "budget", *reversed([gate.code for gate in GATES]))
CODE_RANKS = {code: rank for rank, code in enumerate(CODES)}
