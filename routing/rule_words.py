"""A rule as people read it: when it holds, and what it does then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from routing.engine.values import CATEGORIES, Action, Condition, Rule
from routing.names import (
    ATTACHMENTS,
    LANGUAGES,
    ONLY,
    PREFERENCES,
    SENSITIVE,
    category_name,
    model_name,
    name_in,
)


@dataclass(frozen=True, slots=True)
class RuleWords:
    """`when` is empty for a rule that always holds, `then` for one that does nothing."""

    name: str
    when: list[str]
    then: list[str]


def rule_words(rule: Rule, teams: Mapping[str, str]) -> RuleWords:
    """`teams`: names by id."""
    return RuleWords(rule.name, _when(rule.when, teams), _then(rule.then))


def _when(when: Condition, teams: Mapping[str, str]) -> list[str]:
    parts = [
        _any_of(category_name(each) for each in CATEGORIES if each in when.categories),
        _difficulty(when),
        _any_of(_named(LANGUAGES, when.languages)),
        _length(when),
        _with(_named(ATTACHMENTS, when.attachments)),
        _with(sorted(when.tools)),
        _any_of(sorted(when.data_classes)),
        _any_of(_named(SENSITIVE, when.sensitive)),
        _any_of(sorted(teams.get(team, _("a team that is gone")) for team in when.teams)),
        _hours(when),
        _budget(when),
    ]
    return [part for part in parts if part]


def _then(then: Action) -> list[str]:
    parts = []
    if then.models is not None:
        names = _any_of(sorted(map(model_name, then.models)))
        parts.append(_("only %(models)s") % {"models": names})
    if then.forbid:
        names = _any_of(sorted(map(model_name, then.forbid)))
        parts.append(_("never %(models)s") % {"models": names})
    if then.only is not None:
        parts.append(str(ONLY[then.only]))
    if then.preference is not None:
        preference = name_in(PREFERENCES, then.preference)
        parts.append(_("preference %(preference)s") % {"preference": preference})
    if then.floor is not None:
        parts.append(_("success of at least %(share)s") % {"share": percent(then.floor)})
    return parts


def percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _named(names: Mapping[str, object], ids: frozenset[str]) -> list[str]:
    known = [str(name) for id_, name in names.items() if id_ in ids]
    return known + sorted(ids.difference(names))


def _any_of(names: Iterable[str]) -> str:
    given = list(names)
    if len(given) < 2:
        return "".join(given)
    return _("%(names)s or %(last)s") % {"names": ", ".join(given[:-1]), "last": given[-1]}


def _with(names: Iterable[str]) -> str:
    told = _any_of(names)
    return _("with %(names)s") % {"names": told} if told else ""


def _difficulty(when: Condition) -> str:
    least, most = when.min_difficulty, when.max_difficulty
    words = {"least": percent(least), "most": percent(most)}
    if least > 0.0 and most < 1.0:
        return _("difficulty %(least)s to %(most)s") % words
    if least > 0.0:
        return _("difficulty from %(least)s") % words
    return _("difficulty up to %(most)s") % words if most < 1.0 else ""


def _length(when: Condition) -> str:
    words = {
        "least": intcomma(when.min_prompt_tokens),
        "most": intcomma(when.max_prompt_tokens or 0),
    }
    if when.min_prompt_tokens and when.max_prompt_tokens is not None:
        return _("%(least)s to %(most)s tokens") % words
    if when.min_prompt_tokens:
        return _("at least %(least)s tokens") % words
    return _("at most %(most)s tokens") % words if when.max_prompt_tokens is not None else ""


def _hours(when: Condition) -> str:
    if when.hours is None:
        return ""
    start, until = when.hours
    return _("from %(start)s to %(until)s") % {
        "start": f"{start:02}:00",
        "until": f"{until:02}:00",
    }


def _budget(when: Condition) -> str:
    if when.max_budget_left_usd is None:
        return ""
    return _("$%(amount)s or less of the budget left") % {
        "amount": f"{when.max_budget_left_usd:,.6g}"
    }
