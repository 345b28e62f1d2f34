from __future__ import annotations

import pytest

from routing.engine.values import Action, Condition, Rule
from routing.rules import RULES_MOST, RuleError, rules_from_json


def test_it_reads_a_rule():
    stored: dict[str, object] = {
        "name": "Hard code at night",
        "when": {"categories": ["coding"], "min_difficulty": 0.6, "hours": [22, 6]},
        "then": {"models": ["openai/gpt-6-astra"], "preference": "quality"},
    }

    assert rules_from_json([stored]) == (
        Rule(
            "Hard code at night",
            Condition(categories=frozenset({"coding"}), min_difficulty=0.6, hours=(22, 6)),
            Action(models=frozenset({"openai/gpt-6-astra"}), preference="quality"),
        ),
    )


def test_it_keeps_the_order():
    stored: list[dict[str, object]] = [
        {"name": name, "when": {}, "then": {}} for name in ("first", "second")
    ]

    assert [rule.name for rule in rules_from_json(stored)] == ["first", "second"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"when": {}, "then": {}}, "Rule 1: 'name' is a required"),
        ({"name": "x", "when": {"mood": 1}, "then": {}}, "Rule 1: when: .*'mood'"),
        ({"name": "x", "when": {"categories": ["cooking"]}, "then": {}}, "when.categories.0"),
        ({"name": "x", "when": {"min_difficulty": 2}, "then": {}}, "when.min_difficulty"),
        ({"name": "x", "when": {"hours": [1]}, "then": {}}, "when.hours"),
        ({"name": "x", "when": {}, "then": {"models": []}}, "then.models"),
        ({"name": "x", "when": {}, "then": {"only": "nice"}}, "then.only"),
        ("no object", "is not of type 'object'"),
    ],
)
def test_it_names_the_rule_and_the_field(rule, words):
    with pytest.raises(RuleError, match=words):
        rules_from_json([rule])


def test_it_refuses_more_rules_than_anybody_reads():
    with pytest.raises(RuleError, match="at most"):
        rules_from_json([{"name": "x", "when": {}, "then": {}}] * (RULES_MOST + 1))
