"""`manage.py route`: the format that docs/catalog.md promises."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.approvals import approve_models, unapprove_models
from routing.cards import FOLDER, shipped_cards
from routing.engine.values import CATEGORIES, COMPLEXITY
from routing.policy import PolicyChange, change_policy
from tests.cast import make_key

ROOT = Path(__file__).parent.parent.parent
CODE = {"id": "code", "prompt": "Write a Python function that merges two sorted lists."}
POEM = {"id": "poem", "prompt": "Write a short poem about the sea."}


@pytest.fixture
def route(tmp_path):
    def run(*lines, **options):
        path = tmp_path / "prompts.jsonl"
        path.write_bytes(
            b"".join(
                (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
                for line in lines
            )
        )
        out = io.StringIO()
        failed = None
        try:
            call_command("route", input=str(path), stdout=out, **options)
        except CommandError as error:
            failed = error
        told = [json.loads(line) for line in out.getvalue().splitlines()]
        return told, failed

    return run


def only(route, line, **options):
    told, failed = route(line, **options)
    assert failed is None
    assert len(told) == 1
    return told[0]


def test_it_answers_every_line_in_order(route):
    told, failed = route(CODE, POEM)

    assert failed is None
    assert [line["id"] for line in told] == ["code", "poem"]


def test_an_answer_has_the_promised_fields(route):
    told = only(route, CODE)

    assert set(told) == {
        "id", "category", "categories", "difficulty", "complexity", "model", "fallbacks",
        "candidates", "rejected", "explanation",
    }  # fmt: skip
    assert set(told["categories"]) == set(CATEGORIES)
    assert sum(told["categories"].values()) == pytest.approx(1, abs=1e-9)
    assert told["category"] == "coding"
    assert 0 <= told["difficulty"] <= 1
    assert set(told["complexity"]) == set(COMPLEXITY)
    assert set(told["candidates"][0]) == {"model", "success", "cost_usd", "wait_s", "score"}


def test_without_an_organisation_every_model_is_a_candidate(route):
    told = only(route, CODE)
    candidates = [candidate["model"] for candidate in told["candidates"]]
    rejected = [line["model"] for line in told["rejected"]]

    assert sorted(candidates + rejected) == sorted(shipped_cards())
    assert told["model"] == candidates[0]
    assert told["model"] not in told["fallbacks"]


def test_the_same_prompt_gets_the_same_answer(route):
    first, second = route(CODE, CODE)[0]

    assert first == second


def test_messages_are_a_conversation(route):
    line = {
        "id": 7,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Write a quicksort in Rust."},
            {"role": "assistant", "content": "fn quicksort() {}"},
            {"role": "user", "content": [{"type": "text", "text": "Now without recursion"}]},
        ],
    }

    assert only(route, line)["id"] == 7


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"tools": ["web_search"]}, "web search"),
        ({"tools": [{"type": "function", "function": {"name": "weather"}}]}, "tools"),
        ({"response_format": {"type": "json_schema"}}, "output format"),
    ],
)
def test_what_a_line_needs_is_a_gate(route, more, reason):
    told = only(route, CODE | more, pool="demo/swift")

    assert told["model"] is None
    assert told["candidates"] == []
    refused = {line["model"]: line["reason"] for line in told["rejected"]}
    assert reason in refused["demo/swift"]


def test_the_incumbent_of_a_line_is_told(route):
    told = only(
        route,
        POEM | {"incumbent": {"model": "demo/polyglot", "difficulty": 0.3}},
        pool="demo/polyglot,demo/scholar",
    )

    assert told["model"] == "demo/polyglot"


def test_a_pool_leaves_the_others_out(route):
    told = only(route, CODE, pool="demo/coder,demo/swift")

    assert told["model"] in {"demo/coder", "demo/swift"}
    assert {candidate["model"] for candidate in told["candidates"]} <= {"demo/coder", "demo/swift"}


def test_a_pool_of_an_unknown_model_is_refused(route):
    told, failed = route(CODE, pool="demo/coder,nobody/nothing")

    assert told == []
    assert "nobody/nothing" in str(failed)


def test_a_preference_can_change_the_pick(route):
    pool = "openai/gpt-6-astra,openai/gpt-6-luna,groq/gpt-oss-20b"

    picks = {
        preference: only(route, CODE, pool=pool, preference=preference)["model"]
        for preference in ("quality", "speed", "cost")
    }

    assert len(set(picks.values())) > 1


def test_another_catalog_takes_the_place_of_the_shipped_one(route, tmp_path):
    card = json.loads((FOLDER / "models.json").read_text())["models"][0] | {"id": "openai/mine"}
    path = tmp_path / "cards.json"
    path.write_text(json.dumps({"schema": 1, "models": [card]}))

    assert only(route, CODE, catalog=str(path))["model"] == "openai/mine"


def test_a_broken_catalog_is_refused_whole(route, tmp_path):
    path = tmp_path / "cards.json"
    path.write_text(json.dumps({"schema": 1, "models": [{"id": "a/b"}]}))

    told, failed = route(CODE, catalog=str(path))

    assert told == []
    assert "a/b" in str(failed)


@pytest.mark.parametrize(
    ("line", "line_id"),
    [
        (b"", None),
        (b"not json", None),
        (b"[" * 100_000, None),
        (b'["a list"]', None),
        (b"\xff\xfe\x00binary", None),
        (b'{"prompt": "no id"}', None),
        (b'{"id": [1], "prompt": "x"}', None),
        (b'{"id": 1}', 1),
        (b'{"id": 1, "prompt": 5}', 1),
        (b'{"id": 1, "prompt": "  "}', 1),
        (b'{"id": 1, "prompt": "a\\u0000b"}', 1),
        (b'{"id": 1, "prompt": "\\ud800"}', 1),
        (b'{"id": 1, "prompt": "' + b"long " * 1_700_000 + b'"}', 1),
        (b'{"id": 1, "prompt": "' + b"longer " * 2_400_000 + b'"}', None),
        (b'{"id": 1, "messages": []}', 1),
        (b'{"id": 1, "messages": [{"role": "wizard", "content": "x"}]}', 1),
        (b'{"id": 1, "messages": [{"role": "user", "content": 3}]}', 1),
        (b'{"id": 1, "messages": [{"role": "assistant", "content": "x"}]}', 1),
        (b'{"id": 1, "prompt": "x", "tools": "all"}', 1),
        (b'{"id": 1, "prompt": "x", "tools": [3]}', 1),
        (b'{"id": 1, "prompt": "x", "response_format": 3}', 1),
        (b'{"id": 1, "prompt": "x", "data_class": 3}', 1),
        (b'{"id": 1, "prompt": "x", "incumbent": 3}', 1),
        (b'{"id": 1, "prompt": "x", "incumbent": {"model": "a/b", "difficulty": 1e400}}', 1),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, bytes) else "",
)
def test_a_bad_line_gives_an_error_in_its_place(route, line, line_id):
    told, failed = route(CODE, line, POEM)

    assert [set(told[0]) > {"model"}, set(told[1]), set(told[2]) > {"model"}] == [
        True,
        {"id", "error"},
        True,
    ]
    assert told[1]["id"] == line_id
    assert "1 lines" in str(failed)


@pytest.mark.parametrize("words", [1, 20_000])
def test_short_and_long_prompts_are_routed(route, words):
    assert only(route, {"id": 1, "prompt": "summarise this " * words})["model"]


def test_it_says_that_the_file_is_missing():
    with pytest.raises(CommandError, match="There is no file"):
        call_command("route", input="nowhere.jsonl")


def test_an_organisation_is_held_to_its_approvals_and_keys(route, alice, organisation, key_ring):
    approve_models(organisation, ["openai/gpt-6-luna", "anthropic/claude-haiku-5-5"], alice)
    make_key(organisation)

    told = only(route, CODE, organization=organisation.slug)

    candidates = {candidate["model"] for candidate in told["candidates"]}
    reasons = {line["model"]: line["reason"] for line in told["rejected"]}
    assert "openai/gpt-6-luna" in candidates
    assert reasons["anthropic/claude-haiku-5-5"] == "There is no key for it"
    assert reasons["openai/gpt-6-astra"] == "Not approved"


def test_an_organisation_without_approvals_gets_no_model(route, alice, organisation):
    unapprove_models(organisation, shipped_cards(), alice)

    told = only(route, CODE, organization=organisation.slug)

    assert told["model"] is None
    assert told["rejected"]


def test_the_rules_of_the_organisation_hold(route, alice, organisation):
    rule = {"name": "Code", "when": {"categories": ["coding"]}, "then": {"models": ["demo/swift"]}}
    change_policy(organisation, alice, PolicyChange(rules=(rule,)))

    assert only(route, CODE, organization=organisation.slug)["model"] == "demo/swift"


def test_an_unknown_organisation_is_named(route, db):
    assert "nobody" in str(route(CODE, organization="nobody")[1])


def test_it_reads_standard_input_and_needs_no_database(tmp_path):
    run = subprocess.run(
        [sys.executable, "manage.py", "route", "--input", "-"],
        cwd=ROOT,
        env={
            "CHOFESH_DATA_DIR": str(tmp_path / "data"),
            "CHOFESH_KEYS_DIR": str(tmp_path / "keys"),
        },
        input=json.dumps(CODE).encode() + b"\nbroken\n",
        capture_output=True,
        check=False,
    )

    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 1
    assert [set(told[0]) > {"model"}, set(told[1])] == [True, {"id", "error"}]
    assert b"1 lines could not be routed" in run.stderr
    assert not list(tmp_path.rglob("*.sqlite3"))
