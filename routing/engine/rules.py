"""Which rule applies: the first, of the organisation's and then the person's, whose whole condition holds."""

from __future__ import annotations

from routing.engine.demand import all_sensitive, prompt_tokens
from routing.engine.values import Condition, Policy, Reading, Request, Rule


def first_match(reading: Reading, request: Request, policy: Policy) -> Rule | None:
    for rule in policy.rules:
        if _holds(rule.when, reading, request, policy):
            return rule
    return None


def _holds(when: Condition, reading: Reading, request: Request, policy: Policy) -> bool:
    return (
        _reads_as(when, reading)
        and _carries(when, reading, request)
        and _comes_from(when, policy)
        and _is_as_long(when, prompt_tokens(reading, request))
    )


def _reads_as(when: Condition, reading: Reading) -> bool:
    return (
        (not when.categories or reading.category in when.categories)
        and when.min_difficulty <= reading.difficulty <= when.max_difficulty
        and (not when.languages or reading.language in when.languages)
    )


def _is_as_long(when: Condition, tokens: int) -> bool:
    return when.min_prompt_tokens <= tokens and (
        when.max_prompt_tokens is None or tokens <= when.max_prompt_tokens
    )


def _carries(when: Condition, reading: Reading, request: Request) -> bool:
    attached = {"image": request.images, "document": request.documents}
    return (
        (not when.attachments or any(attached.get(kind, 0) > 0 for kind in when.attachments))
        and (not when.tools or not when.tools.isdisjoint(request.tools))
        and (not when.data_classes or request.data_class in when.data_classes)
        and (not when.sensitive or _is_sensitive(when, all_sensitive(reading, request)))
    )


def _is_sensitive(when: Condition, found: list[str]) -> bool:
    return bool(found) and ("*" in when.sensitive or not when.sensitive.isdisjoint(found))


def _comes_from(when: Condition, policy: Policy) -> bool:
    left = policy.budget.left_usd
    return (
        (not when.teams or not when.teams.isdisjoint(policy.teams))
        and (when.hours is None or _is_within(when.hours, policy.hour))
        and (when.max_budget_left_usd is None or _is_at_most(left, when.max_budget_left_usd))
    )


def _is_within(hours: tuple[int, int], hour: int | None) -> bool:
    if hour is None:
        return False
    start, until = hours
    if start <= until:
        return start <= hour < until
    return hour >= start or hour < until


def _is_at_most(left: float | None, most: float) -> bool:
    return left is not None and left <= most
