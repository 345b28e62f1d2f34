"""Rules as they are stored, and as the engine takes them: the same names on both sides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from routing.engine.values import CATEGORIES, PREFERENCES, SENSITIVE_NAMES, Action, Condition, Rule

RULES_MOST = 100

_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_TOKENS = {"type": "integer", "minimum": 0}


class RuleError(Exception):
    """A rule is not as it should be. The message names the rule and the field."""


def _set_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "maxItems": 200}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


_WHEN = {
    "categories": _set_of({"enum": CATEGORIES}),
    "min_difficulty": _SHARE,
    "max_difficulty": _SHARE,
    "languages": _set_of({"type": "string", "pattern": "^[a-z]{2,3}$"}),
    "min_prompt_tokens": _TOKENS,
    "max_prompt_tokens": _TOKENS,
    "attachments": _set_of({"enum": ["image", "document"]}),
    "tools": _set_of(_TEXT),
    "data_classes": _set_of(_TEXT),
    "sensitive": _set_of({"enum": [*SENSITIVE_NAMES, "*"]}),
    "teams": _set_of(_TEXT),
    "hours": {
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": 23},
        "minItems": 2,
        "maxItems": 2,
    },
    "max_budget_left_usd": {"type": "number", "minimum": 0},
}
_THEN = {
    "models": _set_of(_TEXT) | {"minItems": 1},
    "preference": {"enum": PREFERENCES},
    "forbid": _set_of(_TEXT),
    "only": {"enum": ["local", "trusted"]},
    "floor": _SHARE,
}
_SCHEMA = _object({"name": _TEXT, "when": _object(_WHEN), "then": _object(_THEN)}) | {
    "required": ["name", "when", "then"]
}


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(_SCHEMA)


def rules_from_json(entries: Iterable[Any]) -> tuple[Rule, ...]:
    """Raises `RuleError` for the first field that is unknown or wrong."""
    entries = list(entries)
    if len(entries) > RULES_MOST:
        raise RuleError(f"{len(entries)} rules; at most {RULES_MOST} are possible")
    return tuple(
        _rule(number, json.dumps(entry, sort_keys=True))
        for number, entry in enumerate(entries, start=1)
    )


# Every decision reads the rules again, and they seldom change.
@lru_cache(maxsize=1000)
def _rule(number: int, text: str) -> Rule:
    entry = json.loads(text)
    error = best_match(_validator().iter_errors(entry))
    if error is not None:
        place = ".".join(str(step) for step in error.absolute_path)
        raise RuleError(f"Rule {number}{': ' if place else ''}{place}: {error.message}")
    return Rule(
        entry["name"], Condition(**_values(entry["when"])), Action(**_values(entry["then"]))
    )


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows only lists: `hours` is a pair, every other list a set."""
    return {
        name: (tuple(value) if name == "hours" else frozenset(value))
        if isinstance(value, list)
        else value
        for name, value in fields.items()
    }
