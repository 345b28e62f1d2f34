from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.approvals import approve_models
from accounts.models import AuditEntry
from routing.policy import (
    PersonalChange,
    PolicyChange,
    change_personal_routing,
    change_policy,
    organisation_policy,
    personal_routing,
)
from tests.cast import make_key, make_team

SOL, LUNA = "openai/gpt-6.1-sol", "openai/gpt-6-luna"
CODE = {"name": "Code", "when": {"categories": ["coding"]}, "then": {"models": [SOL]}}
HEBREW = {"name": "Hebrew", "when": {"languages": ["he"]}, "then": {"preference": "quality"}}
NIGHT = {"name": "Night", "when": {"hours": [22, 6]}, "then": {"preference": "cost"}}
PYTHON = "Write a Python function that merges overlapping intervals, with unit tests"
PIECE = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def admin(client, alice, organisation, key_ring):
    """Alice at her browser: two models are approved, and a key reaches both."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [SOL, LUNA], alice)
    client.force_login(alice)
    return client


@pytest.fixture
def rules(admin, alice, organisation):
    """Three rules of the organisation."""
    change_policy(organisation, alice, PolicyChange(rules=(CODE, HEBREW, NIGHT)))
    return admin


def names(organisation):
    return [rule["name"] for rule in organisation_policy(organisation).rules]


def seen(client, page="policy"):
    """What a page sends back to say which rules it was made of."""
    found = re.search(r'name="seen" value="(\w+)"', client.get(reverse(page)).content.decode())
    assert found is not None
    return found[1]


def act(client, button, number=None, **fields):
    """Press a button of the list, as htmx does."""
    address = reverse(button, args=[number] if number else [])
    return client.post(address, {"seen": seen(client), **fields}, **PIECE).content.decode()


def exported(*rules, **changes):
    given = {"format": "chofesh-rules", "version": 1, "rules": list(rules)}
    return json.dumps({**given, **changes}).encode()


def take(client, content, name="policy_rules_import"):
    return act(client, name, file=SimpleUploadedFile("rules.json", content))


def test_a_rule_is_written_and_told_in_words(admin, organisation):
    fields = {"name": "Hard code", "categories": ["coding"], "min_difficulty": "60",
              "hour_from": "22", "hour_until": "6", "max_budget_left_usd": "20",
              "models": [SOL], "floor": "90", "seen": seen(admin)}  # fmt: skip
    response = admin.post(reverse("policy_rule_new"), fields, follow=True)

    (rule,) = organisation_policy(organisation).rules
    assert rule["when"] == {
        "categories": ["coding"],
        "min_difficulty": 0.6,
        "max_budget_left_usd": 20.0,
        "hours": [22, 6],
    }
    assert rule["then"] == {"models": [SOL], "floor": 0.9}
    page = response.content.decode()
    assert "Coding · difficulty from 60 % · from 22:00 to 06:00 · $20 or less" in page
    assert "only GPT-6.1 Sol · success of at least 90 %" in page


def test_a_rule_that_stands_is_shown_and_changed_in_its_place(rules, organisation):
    page = rules.get(reverse("policy_rule", args=[2])).content.decode()
    assert 'value="Hebrew"' in page

    fields = {"name": "Ivrit", "languages": ["he"], "preference": "speed", "seen": seen(rules)}
    rules.post(reverse("policy_rule", args=[2]), fields)
    assert names(organisation) == ["Code", "Ivrit", "Night"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"min_difficulty": "80", "max_difficulty": "20"}, "It can never hold: the least diff"),
        ({"min_prompt_tokens": "9", "max_prompt_tokens": "8"}, "It can never hold: the least len"),
        ({"hour_from": "9", "hour_until": "9"}, "It can never hold: it begins and ends"),
        ({"hour_from": "9"}, "Give both hours, or neither"),
        ({"models": [SOL], "forbid": [SOL]}, "It asks for a model and forbids it: GPT-6.1 Sol"),
        ({"models": ["acme/unknown"]}, "Select a valid choice"),
        ({"min_difficulty": "101"}, "less than or equal to 100"),
        ({"name": ""}, "This field is required"),
        ({"tools": ",".join(map(str, range(201)))}, "too long"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_kept_in_the_form(rules, organisation, fields, words):
    given = {"name": "Mine", "seen": seen(rules), **fields}
    response = rules.post(reverse("policy_rule_new"), given)

    assert response.status_code == 400
    assert words in response.content.decode()
    assert names(organisation) == ["Code", "Hebrew", "Night"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (CODE, "Never reached: rule 1, “Code”, holds whenever it does."),
        (
            {"name": "x", "when": {"categories": ["coding"], "languages": ["he"]}, "then": {}},
            "Never reached: rule 1",
        ),
        ({**NIGHT, "when": {"hours": [23, 5]}}, "Never reached: rule 3"),
        ({**CODE, "when": {"categories": ["maths"]}}, "Rule 1 has the same name"),
        ({"name": "x", "when": {"teams": ["gone"]}, "then": {}}, "its team was deleted"),
        ({"name": "x", "when": {"languages": ["fr"]}, "then": {}}, "It changes nothing"),
        (
            {"name": "x", "when": {}, "then": {"only": "local"}},
            "It leaves no approved model: where it holds, nobody can answer.",
        ),
        (
            {"name": "x", "when": {}, "then": {"models": [SOL, "openai/gpt-6-astra"]}},
            "Not approved, so it is left out: GPT-6 Astra.",
        ),
    ],
)
def test_dead_rules_and_conflicts_are_named_beside_the_rule(
    rules, alice, organisation, rule, words
):
    change_policy(organisation, alice, PolicyChange(rules=(CODE, HEBREW, NIGHT, rule)))

    page = rules.get(reverse("policy")).content.decode()
    *_, last = page.split('data-rule="')
    assert words in last


def test_the_live_line_names_the_rule_that_would_hold(rules):
    page = act(rules, "policy_rules_test", prompt=PYTHON)

    assert "Rule 1, “Code”, would hold." in page
    assert "GPT-6.1 Sol would answer." in page
    assert "Coding" in page
    assert 'data-match="1"' in page


def test_the_live_line_of_a_rule_that_is_being_written(rules, organisation):
    draft = {"name": "Coding here", "categories": ["coding"], "forbid": [SOL], "prompt": PYTHON}
    address = reverse("policy_rules_test")
    page = rules.post(address, {**draft, "number": "1"}, **PIECE).content.decode()

    assert "Rule 1, “Coding here”, would hold." in page
    assert "GPT-6 Luna would answer." in page
    assert "never GPT-6.1 Sol" in page
    assert names(organisation) == ["Code", "Hebrew", "Night"]


@pytest.mark.parametrize("prompt", ["", " \n ", "\x00\x01\x02" * 50, "word " * 40_000])
def test_the_live_line_takes_any_prompt(rules, prompt):
    address = reverse("policy_rules_test")
    assert rules.post(address, {"prompt": prompt}, **PIECE).status_code == 200


def test_rules_are_put_in_another_order(rules, organisation):
    page = act(rules, "policy_rule_move", 3, by="up")
    assert names(organisation) == ["Code", "Night", "Hebrew"]
    assert "“Night” is rule 2 now." in page

    act(rules, "policy_rule_move", 1, by="down")
    act(rules, "policy_rule_move", 3, by="down")
    assert names(organisation) == ["Night", "Code", "Hebrew"]


def test_each_change_of_the_rules_is_a_version_and_audited(rules, organisation):
    before = organisation_policy(organisation).version
    act(rules, "policy_rule_move", 3, by="up")
    act(rules, "policy_rule_delete", 1)

    assert organisation_policy(organisation).version == before + 2
    entry = AuditEntry.objects.filter(action="routing.rules_changed").latest("at")
    assert entry.detail["rules"] == ["Night", "Hebrew"]


def test_a_deleted_rule_comes_back(rules, organisation):
    page = act(rules, "policy_rule_delete", 2)
    assert names(organisation) == ["Code", "Night"]

    undo = re.search(r'name="undo" value="([^"]+)"', page)
    assert undo is not None
    act(rules, "policy_rules_import", undo=undo[1])
    assert names(organisation) == ["Code", "Hebrew", "Night"]


def test_an_undo_that_we_did_not_sign_is_refused(rules, organisation):
    assert "changed meanwhile" in act(rules, "policy_rules_import", undo="W10:forged")
    assert names(organisation) == ["Code", "Hebrew", "Night"]


@pytest.mark.parametrize(
    ("name", "number", "fields"),
    [
        ("policy_rule_move", 3, {"by": "up"}),
        ("policy_rule_delete", 3, {}),
        ("policy_rules_import", None, {"file": SimpleUploadedFile("r.json", exported(CODE))}),
    ],
)
def test_a_page_of_former_rules_changes_nothing(rules, alice, organisation, name, number, fields):
    former = seen(rules)
    change_policy(organisation, alice, PolicyChange(rules=(HEBREW, CODE, NIGHT)))

    page = act(rules, name, number, **fields, seen=former)
    assert "The rules were changed meanwhile" in page
    assert names(organisation) == ["Hebrew", "Code", "Night"]


def test_what_is_exported_can_be_imported_elsewhere(rules, organisation, charlie, client):
    export = rules.get(reverse("policy_rules_export"))
    assert export["Content-Disposition"] == 'attachment; filename="rules.json"'

    client.force_login(charlie)
    page = take(client, export.content)
    assert "The rules were read in." in page
    elsewhere = charlie.memberships.get().organisation
    assert organisation_policy(elsewhere).rules == [CODE, HEBREW, NIGHT]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This is not JSON"),
        (b"\xff\xfe\x00PNG", "This is not JSON"),
        (b"[" * 100_000, "This is not JSON"),
        (b"[]", "must be “chofesh-rules”"),
        (exported(version=2), "Only version 1"),
        (exported(rules="x"), "There is no list of rules"),
        (exported(HEBREW, {"name": "x"}), "Rule 2: &#x27;when&#x27; is a required property"),
        (exported(HEBREW, {**CODE, "when": {"category": "x"}}), "Rule 2: when"),
        (exported(HEBREW, {**CODE, "then": {"floor": 7}}), "Rule 2: then.floor: 7 is greater"),
        (exported(HEBREW, "text"), "Rule 2"),
        (
            exported(HEBREW, {**CODE, "then": {"models": ["acme/unknown"]}}),
            "Rule 2: The catalogue has no model acme/unknown.",
        ),
        (
            exported(HEBREW, {**NIGHT, "when": {"hours": [5, 5]}}),
            "Rule 2: It can never hold",
        ),
        (exported(*[HEBREW] * 101), "101 rules; at most 100"),
        (b" " * (512 * 1024 + 1), "too large for rules"),
    ],
)
def test_a_bad_file_changes_no_rule(rules, organisation, content, words):
    page = take(rules, content)

    assert "Nothing was imported, your rules are as they were." in page
    assert words in page
    assert names(organisation) == ["Code", "Hebrew", "Night"]


def test_an_import_without_a_file_says_so(rules, organisation):
    assert "Choose a file first" in act(rules, "policy_rules_import")
    assert names(organisation) == ["Code", "Hebrew", "Night"]


def test_without_htmx_a_bad_file_is_told_on_a_page(rules):
    fields = {"seen": seen(rules), "file": SimpleUploadedFile("rules.json", b"x")}
    page = rules.post(reverse("policy_rules_import"), fields).content.decode()

    assert "<html" in page
    assert "This is not JSON" in page


def test_a_rule_for_a_team_holds_for_its_members(rules, alice, organisation):
    team = make_team(organisation, alice, name="Research")
    rule = {"name": "Team", "when": {"teams": [str(team.id)]}, "then": {"preference": "quality"}}
    change_policy(organisation, alice, PolicyChange(rules=(rule,)))

    assert "Rule 1, “Team”, would hold." in act(rules, "policy_rules_test", prompt="Hello")
    assert "Research" in rules.get(reverse("policy")).content.decode()
    team.members.clear()
    assert "No rule would hold" in act(rules, "policy_rules_test", prompt="Hello")


def test_sensitive_text_is_kept_by_a_rule(rules, alice, organisation):
    rule = {"name": "Secrets", "when": {"sensitive": ["*"]}, "then": {"only": "local"}}
    change_policy(organisation, alice, PolicyChange(rules=(rule,)))

    page = act(rules, "policy_rules_test", prompt="Charge my card 4111 1111 1111 1111 please")
    assert "Rule 1, “Secrets”, would hold." in page
    assert "Nobody could answer." in page


def test_a_person_has_rules_of_their_own(rules, bob, alice, client):
    client.force_login(bob)
    fields = {"name": "Maths", "categories": ["maths"], "preference": "quality"}
    client.post(reverse("my_rule_new"), {**fields, "seen": seen(client, "my_routing")})

    assert [rule["name"] for rule in personal_routing(bob).rules] == ["Maths"]
    assert personal_routing(alice).rules == []


def test_the_rules_of_the_organisation_come_before_a_person_s_own(rules, bob, client):
    mine = {"name": "My code", "when": {"categories": ["coding"]}, "then": {"preference": "cost"}}
    change_personal_routing(bob, PersonalChange(rules=(mine,)))
    client.force_login(bob)

    tried = client.post(reverse("my_rules_test"), {"prompt": PYTHON}, **PIECE).content.decode()
    assert "Your organisation’s rule “Code” would come first." in tried
    page = client.get(reverse("my_routing")).content.decode()
    assert "Never reached: the organisation’s rule “Code” holds whenever it does." in page
