from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.approvals import approve_models
from routing.models import Attempt, Decision
from routing.playground_batch import FILE_BYTES, PROMPTS_MOST
from routing.policy import PolicyChange, change_policy
from tests.cast import make_key
from tests.chat.html_reading import text_of

SOL, LUNA = "openai/gpt-6.1-sol", "openai/gpt-6-luna"
BLIND = "deepseek/deepseek-v4-pro"
PYTHON = "Write a Python function that merges overlapping intervals, with unit tests"
PIECE = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def member(client, alice, bob, organisation, key_ring):
    """Bob at his browser: the organisation's key reaches two models."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [SOL, LUNA], alice)
    client.force_login(bob)
    return client


def try_out(client, prompt=PYTHON, **fields):
    page = client.post(reverse("playground"), {"prompt": prompt, **fields}, **PIECE)
    assert page.status_code == 200
    return " ".join(text_of(page.content.decode()).split())


def batch(client, content, name="prompts.jsonl", **fields):
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("playground_batch"), {"file": file, **fields}, **PIECE)


def lines(*entries):
    return b"\n".join(json.dumps(entry).encode() for entry in entries)


def test_a_prompt_is_decided_under_all_four_preferences(member):
    page = try_out(member)

    for preference in ("Balanced", "Quality", "Speed", "Cost"):
        assert preference in page
    assert "GPT-6.1 Sol" in page
    assert "GPT-6 Luna" in page
    assert "Coding" in page


def test_nothing_is_called_and_nothing_is_kept(member):
    try_out(member)
    batch(member, b"One\nTwo")

    assert not Decision.objects.exists()
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"earlier_tokens": "2000000"}, "window"),
        ({"earlier_tokens": "90000"}, "$0.23"),
        ({"before": "Write a poem about rain", "reply": "Rain, rain."}, "Who could answer"),
    ],
)
def test_the_context_changes_the_decision(member, fields, words):
    assert words in try_out(member, prompt="And now in French", **fields)


def test_what_a_model_cannot_do_rules_it_out(member, organisation, alice):
    approve_models(organisation, [BLIND], alice)
    make_key(organisation, provider="deepseek")

    assert "cannot see images" not in try_out(member)
    assert "cannot see images" in try_out(member, images="2").lower()


def test_confidential_text_stays_with_trusted_models(member, organisation, alice):
    approve_models(organisation, [BLIND], alice)
    make_key(organisation, provider="deepseek")

    assert "the text is confidential" in try_out(member, data_class="confidential")


def test_the_model_of_the_conversation_is_weighed_with_its_cache(member):
    fresh = try_out(member, earlier_tokens="90000")

    assert try_out(member, earlier_tokens="90000", incumbent=SOL) != fresh


def test_a_rule_is_told_and_sensitive_text_found(member, organisation, alice):
    rule = {"name": "Secrets", "when": {"sensitive": ["*"]}, "then": {"only": "local"}}
    change_policy(organisation, alice, PolicyChange(rules=(rule,)))

    page = try_out(member, prompt="Is 4111 1111 1111 1111 a card?")
    assert "The rule “Secrets” holds" in page
    assert "Payment card" in page
    assert "Nobody" in page


@pytest.mark.parametrize("prompt", ["\x01\x02 �" * 40, "word " * 19_000, "???", "🦜" * 500])
def test_any_prompt_is_decided(member, prompt):
    assert "Who could answer" in try_out(member, prompt=prompt)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": "x" * 100_001}, "at most 100000 characters"),
        ({"prompt": "binary\x00text"}, "Null characters are not allowed"),
        ({"images": "-1"}, "Images: Ensure this value is greater"),
        ({"incumbent": "acme/unknown"}, "Answered by: Select a valid choice"),
    ],
)
def test_what_cannot_be_decided_is_told_by_field(member, fields, words):
    assert words in try_out(member, **fields)


def test_an_empty_prompt_shows_what_the_page_is_for(member):
    assert "Four preferences, side by side" in try_out(member, prompt="  ")


def test_a_file_of_prompts_is_decided_line_by_line(member):
    page = batch(member, "Hello\n\nשלום\n".encode() + PYTHON.encode(), name="prompts.txt")
    text = " ".join(text_of(page.content.decode()).split())

    assert "Prompts3" in text
    assert "Everyday chat" in text
    assert PYTHON in text


def test_lines_of_json_may_bring_their_context(member):
    content = lines(
        {"prompt": "Hello"},
        {"id": "long", "messages": [{"role": "user", "content": PYTHON}], "tools": ["search"]},
    )
    rows = list(
        csv.DictReader(
            io.StringIO(batch(member, content, **{"as": "csv"}).content.decode("utf-8-sig"))
        )
    )

    assert [row["id"] for row in rows] == ["1", "long"]
    assert all(row["model"] in {SOL, LUNA} for row in rows)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"prompt": ', "not JSON"),
        (b'{"id": "x"}', "neither a prompt nor messages"),
        (b'{"prompt": "  "}', "The prompt is empty"),
        (b'{"prompt": "a\\u0000b"}', "The prompt is not text"),
        (b'{"messages": [{"role": "robot", "content": "x"}]}', "A message needs a role"),
        (b"[1]", "not a JSON object"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_decided(member, line, words):
    content = b"\n".join([lines({"prompt": "Hello"}), line, lines({"prompt": "Good night"})])
    rows = list(
        csv.DictReader(
            io.StringIO(batch(member, content, **{"as": "csv"}).content.decode("utf-8-sig"))
        )
    )

    assert [bool(row["model"]) for row in rows] == [True, False, True]
    assert words in rows[1]["error"]
    assert words in batch(member, content).content.decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b" \n\n ", "The file is empty"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not text in UTF-8"),
        (b"x\n" * (PROMPTS_MOST + 1), "The file has 1,001 prompts; at most 1,000"),
        (b"x" * (FILE_BYTES + 1), "larger than 8 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(member, content, words):
    assert words in batch(member, content).content.decode()


def test_without_a_file_or_without_htmx_it_says_so_on_a_page(member):
    page = member.post(reverse("playground_batch")).content.decode()

    assert "<html" in page
    assert "Choose a file first" in page


def test_a_cell_is_no_formula(member):
    content = b"=HYPERLINK(1)\n"
    table = batch(member, content, **{"as": "csv"}).content.decode("utf-8-sig")

    assert "'=HYPERLINK(1)" in table
