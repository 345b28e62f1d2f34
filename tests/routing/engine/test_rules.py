from __future__ import annotations

import pytest

from routing.engine.values import Action, Budget, Condition, Policy, Rule
from tests.routing.engine.market import (
    choose,
    chosen_model,
    make_candidate,
    make_card,
    make_reading,
)


def fired(condition, reading=None, policy_changes=None, **request):
    policy = Policy(rules=(Rule("It", condition, Action()),), **(policy_changes or {}))
    return choose(reading, policy=policy, **request).rule == "It"


@pytest.mark.parametrize(
    ("condition", "reading", "holds"),
    [
        (Condition(), {}, True),
        (Condition(categories=frozenset({"coding"})), {"category": "coding"}, True),
        (Condition(categories=frozenset({"coding"})), {"category": "maths"}, False),
        (Condition(min_difficulty=0.6), {"difficulty": 0.6}, True),
        (Condition(min_difficulty=0.6), {"difficulty": 0.5}, False),
        (Condition(max_difficulty=0.2), {"difficulty": 0.3}, False),
        (Condition(languages=frozenset({"he"})), {"language": "he"}, True),
        (Condition(languages=frozenset({"he"})), {"language": "en"}, False),
        (Condition(min_prompt_tokens=500), {"prompt_tokens": 500}, True),
        (Condition(min_prompt_tokens=500), {"prompt_tokens": 499}, False),
        (Condition(max_prompt_tokens=500), {"prompt_tokens": 501}, False),
        (Condition(sensitive=frozenset({"*"})), {"sensitive": ("email",)}, True),
        (Condition(sensitive=frozenset({"*"})), {}, False),
        (Condition(sensitive=frozenset({"secret"})), {"sensitive": ("email",)}, False),
    ],
)
def test_a_condition_on_what_was_read(condition, reading, holds):
    assert fired(condition, make_reading(**reading)) is holds


@pytest.mark.parametrize(
    ("condition", "request_changes", "holds"),
    [
        (Condition(attachments=frozenset({"image"})), {"images": 1}, True),
        (Condition(attachments=frozenset({"image"})), {"documents": 1}, False),
        (Condition(tools=frozenset({"web_search"})), {"tools": ("web_search",)}, True),
        (Condition(tools=frozenset({"web_search"})), {"tools": ("calendar",)}, False),
        (Condition(data_classes=frozenset({"internal"})), {"data_class": "internal"}, True),
        (Condition(data_classes=frozenset({"internal"})), {}, False),
        (Condition(sensitive=frozenset({"phone"})), {"sensitive": ("phone",)}, True),
    ],
)
def test_a_condition_on_what_was_sent(condition, request_changes, holds):
    assert fired(condition, **request_changes) is holds


@pytest.mark.parametrize(
    ("condition", "policy_changes", "holds"),
    [
        (Condition(teams=frozenset({"legal"})), {"teams": frozenset({"legal", "board"})}, True),
        (Condition(teams=frozenset({"legal"})), {"teams": frozenset({"sales"})}, False),
        (Condition(hours=(9, 17)), {"hour": 9}, True),
        (Condition(hours=(9, 17)), {"hour": 17}, False),
        (Condition(hours=(22, 6)), {"hour": 3}, True),
        (Condition(hours=(22, 6)), {"hour": 12}, False),
        (Condition(hours=(9, 17)), {"hour": None}, False),
        (Condition(max_budget_left_usd=5.0), {"budget": Budget(4.0)}, True),
        (Condition(max_budget_left_usd=5.0), {"budget": Budget(6.0)}, False),
        (Condition(max_budget_left_usd=5.0), {}, False),
    ],
)
def test_a_condition_on_who_asks_and_when(condition, policy_changes, holds):
    assert fired(condition, policy_changes=policy_changes) is holds


def test_the_first_match_wins_and_is_named():
    rules = (
        Rule("No", Condition(languages=frozenset({"he"})), Action(preference="quality")),
        Rule("First", Condition(), Action(preference="cost")),
        Rule("Second", Condition(), Action(preference="speed")),
    )
    decision = choose(policy=Policy(rules=rules))
    assert (decision.rule, decision.preference) == ("First", "cost")
    assert 'The rule "First" applies.' in decision.explanation


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Action(models=frozenset({"acme/local"})), 'The rule "It" asks for another model'),
        (Action(forbid=frozenset({"acme/one"})), 'Forbidden by the rule "It"'),
        (Action(only="local"), 'The rule "It" asks for local models'),
        (Action(only="trusted"), 'The rule "It" asks for local or trusted models'),
    ],
)
def test_a_rule_restricts(action, reason):
    candidates = [
        make_candidate(make_card("acme/one", quality=3.0, trusted=False)),
        make_candidate(make_card("acme/local", quality=1.0, local=True)),
    ]
    decision = choose(
        candidates=candidates, policy=Policy(rules=(Rule("It", Condition(), action),))
    )
    assert chosen_model(decision) == "acme/local"
    assert [(each.code, each.reason) for each in decision.rejected] == [("rule", reason)]


def test_a_rule_holds_even_if_nobody_is_left():
    rule = Rule("Only local", Condition(sensitive=frozenset({"*"})), Action(only="local"))
    decision = choose(make_reading(sensitive=("email",)), [make_candidate()], Policy(rules=(rule,)))
    assert decision.chosen is None
    assert 'The rule "Only local" asks for local models' in decision.explanation


def test_a_rule_sets_the_floor():
    rule = Rule("Careful", Condition(), Action(floor=0.97, preference="cost"))
    decision = choose(make_reading("writing", 0.3), policy=Policy(rules=(rule,)))
    assert decision.chosen.success >= 0.97
