"""What is wrong with a list of rules: contradictions, rules that are never reached, models that cannot answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from django.utils.translation import gettext as _

from routing.engine.values import CATEGORIES, Action, Card, Condition, Rule
from routing.names import model_name

HOURS = 24


class Finding(NamedTuple):
    """An error keeps a rule from being saved; a warning stands beside it."""

    level: Literal["error", "warning"]
    words: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules are held against. `usable`: approved, and in the person's own pool. `teams`: names by id."""

    cards: Mapping[str, Card]
    usable: frozenset[str]
    teams: Mapping[str, str]


def check_rules(
    rules: Sequence[Rule], known: Known, before: Sequence[Rule] = ()
) -> list[list[Finding]]:
    """The findings of each rule, in their order. `before`: rules of the organisation that are read first."""
    return [
        [
            *_contradictions(rule),
            *_of_models(rule, known),
            *_of_teams(rule.when, known),
            *_of_order(rule, before, rules[:position]),
        ]
        for position, rule in enumerate(rules)
    ]


def _contradictions(rule: Rule) -> Iterator[Finding]:
    when, then = rule.when, rule.then
    if when.min_difficulty > when.max_difficulty:
        yield _error(_("It can never hold: the least difficulty is above the greatest."))
    if when.max_prompt_tokens is not None and when.min_prompt_tokens > when.max_prompt_tokens:
        yield _error(_("It can never hold: the least length is above the greatest."))
    if when.hours is not None and when.hours[0] == when.hours[1]:
        yield _error(_("It can never hold: it begins and ends in the same hour."))
    both = (then.models or frozenset()) & then.forbid
    if both:
        yield _error(_("It asks for a model and forbids it: %(models)s.") % {"models": _list(both)})
    if then == Action():
        yield _warning(_("It changes nothing, except that no later rule is read."))


def _of_models(rule: Rule, known: Known) -> Iterator[Finding]:
    words = _("The catalogue has no model %(models)s.")
    for named, say in ((rule.then.models or frozenset(), _error), (rule.then.forbid, _warning)):
        unknown = sorted(named.difference(known.cards))
        if unknown:
            yield say(words % {"models": ", ".join(unknown)})
    if rule.then.models is not None:
        closed = rule.then.models & known.cards.keys() - known.usable
        if closed:
            yield _warning(
                _("Not approved, so it is left out: %(models)s.") % {"models": _list(closed)}
            )
    left = [
        known.cards[id_] for id_ in known.usable & known.cards.keys() if _allows(rule, id_, known)
    ]
    if not left:
        yield _warning(_("It leaves no approved model: where it holds, nobody can answer."))
    else:
        yield from _of_capabilities(rule.when, left)


def _allows(rule: Rule, model_id: str, known: Known) -> bool:
    then, card = rule.then, known.cards[model_id]
    return (
        model_id not in then.forbid
        and (then.models is None or model_id in then.models)
        and (then.only is None or card.local or (then.only == "trusted" and card.trusted))
    )


def _of_capabilities(when: Condition, left: Sequence[Card]) -> Iterator[Finding]:
    """What the condition brings along must be within reach of somebody."""
    offered = frozenset[str]().union(*(card.capabilities for card in left))
    if when.attachments and not when.attachments & offered:
        yield _warning(_("None of its models can read what is attached."))
    needed = {"web_search" if tool == "web_search" else "tools" for tool in when.tools}
    if needed and not needed & offered:
        yield _warning(_("None of its models can use these tools."))


def _of_teams(when: Condition, known: Known) -> Iterator[Finding]:
    gone = when.teams.difference(known.teams)
    if when.teams and gone == when.teams:
        yield _warning(_("It never holds any more: its team was deleted."))


def _of_order(rule: Rule, before: Sequence[Rule], above: Sequence[Rule]) -> Iterator[Finding]:
    for earlier in before:
        if covers(earlier.when, rule.when):
            words = _("Never reached: the organisation’s rule “%(name)s” holds whenever it does.")
            yield _warning(words % {"name": earlier.name})
            return
    for number, earlier in enumerate(above, start=1):
        if covers(earlier.when, rule.when):
            words = _("Never reached: rule %(number)s, “%(name)s”, holds whenever it does.")
            yield _warning(words % {"number": number, "name": earlier.name})
            return
    for number, earlier in enumerate(above, start=1):
        if earlier.name == rule.name:
            words = _("Rule %(number)s has the same name: a receipt could mean either.")
            yield _warning(words % {"number": number})
            return


def covers(wide: Condition, narrow: Condition) -> bool:
    """Whether `wide` holds wherever `narrow` does."""
    return (
        _covers_set(_categories(wide), _categories(narrow))
        and wide.min_difficulty <= narrow.min_difficulty
        and wide.max_difficulty >= narrow.max_difficulty
        and _covers_set(wide.languages, narrow.languages)
        and wide.min_prompt_tokens <= narrow.min_prompt_tokens
        and _covers_limit(wide.max_prompt_tokens, narrow.max_prompt_tokens)
        and _covers_set(wide.attachments, narrow.attachments)
        and _covers_set(wide.tools, narrow.tools)
        and _covers_set(wide.data_classes, narrow.data_classes)
        and (_covers_set(wide.sensitive, narrow.sensitive) or _is_any(wide, narrow))
        and _covers_set(wide.teams, narrow.teams)
        and _hours(wide) >= _hours(narrow)
        and _covers_limit(wide.max_budget_left_usd, narrow.max_budget_left_usd)
    )


def _covers_set(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """An empty set asks for nothing; of a set any member is enough."""
    return not wide or (bool(narrow) and narrow <= wide)


def _covers_limit(wide: float | None, narrow: float | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _categories(when: Condition) -> frozenset[str]:
    return frozenset() if when.categories.issuperset(CATEGORIES) else when.categories


def _is_any(wide: Condition, narrow: Condition) -> bool:
    return "*" in wide.sensitive and bool(narrow.sensitive)


def _hours(when: Condition) -> frozenset[int]:
    if when.hours is None:
        # One more than a clock has: an hour that is not known is not within any bounds.
        return frozenset(range(HOURS + 1))
    start, until = when.hours
    return frozenset((start + step) % HOURS for step in range((until - start) % HOURS))


def _list(model_ids: frozenset[str]) -> str:
    return ", ".join(sorted(map(model_name, model_ids)))


def _error(words: str) -> Finding:
    return Finding("error", words)


def _warning(words: str) -> Finding:
    return Finding("warning", words)
