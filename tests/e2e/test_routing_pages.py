"""Rules, playground, preview and verdicts as a person meets them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chatting import PATIENCE_MS
from tests.e2e.conftest import sign_in
from tests.upstream_formats import Answer

PYTHON = "Write a Python function that merges overlapping intervals, with unit tests"
HELLO = "Hello, how are you?"


@pytest.fixture
def routing(page: Page, person, base_url) -> Page:
    """The page of the organisation's rules."""
    sign_in(page.context, person, base_url)
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/organisation/routing")
    return page


def add_rule(page: Page, name: str, kind: str, preference: str = "quality") -> None:
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Name").fill(name)
    page.locator("label.choice", has_text=kind).first.click()
    page.get_by_label("Preference").select_option(preference)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".rule-name", has_text=name)).to_be_visible()


def rule_names(page: Page) -> list[str]:
    return page.locator(".rule-name").all_inner_texts()


def try_prompt(page: Page, prompt: str) -> None:
    page.locator("#rule-test-prompt").fill(prompt)


def test_a_rule_is_written_with_its_words_and_a_trial_beside_it(routing, complaints):
    routing.get_by_role("link", name="Add a rule").click()
    routing.get_by_label("Name").fill("Code")
    routing.locator("label.choice", has_text="Coding").click()
    routing.get_by_label("Preference").select_option("cost")
    check = routing.locator("#rule-check")
    expect(check).to_contain_text("preference Cost")
    routing.locator("#rule-prompt").fill(PYTHON)
    expect(check).to_contain_text("Rule 1, “Code”, would hold.")
    routing.get_by_label("Difficulty from, %").fill("90")
    routing.get_by_label("Difficulty up to, %").fill("10")
    expect(check).to_contain_text("It can never hold")

    routing.get_by_role("button", name="Save").click()
    expect(routing.get_by_role("alert")).to_contain_text("It can never hold")
    expect(routing.get_by_label("Name")).to_have_value("Code")
    complaints.forgive("400 (Bad Request)")


def test_the_live_line_marks_the_rule_that_would_hold(routing):
    add_rule(routing, "Poems", "Creative writing")
    add_rule(routing, "Code", "Coding")

    try_prompt(routing, PYTHON)
    expect(routing.locator("#rule-test-result")).to_contain_text("Rule 2, “Code”, would hold.")
    expect(routing.locator(".rule.is-match")).to_have_count(1)
    expect(routing.locator(".rule.is-match .rule-name")).to_have_text("Code")

    try_prompt(routing, HELLO)
    expect(routing.locator("#rule-test-result")).to_contain_text("No rule would hold")
    expect(routing.locator(".rule.is-match")).to_have_count(0)


def test_rules_are_ordered_by_the_keyboard_and_the_focus_follows(routing):
    for name, kind in (("One", "Coding"), ("Two", "Maths"), ("Three", "Editing")):
        add_rule(routing, name, kind)
    try_prompt(routing, PYTHON)
    expect(routing.locator("#rule-test-result")).to_contain_text("Rule 1, “One”")

    routing.get_by_role("link", name="One").focus()
    routing.keyboard.press("Alt+ArrowDown")
    expect(routing.locator(".rule-name").nth(1)).to_have_text("One")
    expect(routing.locator("#rule-test-result")).to_contain_text("Rule 2, “One”")
    expect(routing.locator(":focus")).to_have_count(1)
    routing.keyboard.press("Alt+ArrowDown")
    expect(routing.locator(".rule-name").nth(2)).to_have_text("One")
    assert rule_names(routing) == ["Two", "Three", "One"]

    routing.reload()
    assert rule_names(routing) == ["Two", "Three", "One"]


def test_a_dead_rule_is_named_and_a_deleted_one_comes_back(routing):
    add_rule(routing, "All code", "Coding")
    add_rule(routing, "Never read", "Coding", "speed")
    expect(routing.locator(".finding")).to_have_text(re.compile("Never reached: rule 1"))

    routing.get_by_role("button", name="Delete All code").click()
    expect(routing.locator(".rule")).to_have_count(1)
    expect(routing.locator(".finding")).to_have_count(0)
    routing.get_by_role("button", name="Undo").click()
    expect(routing.locator(".rule")).to_have_count(2)
    assert rule_names(routing) == ["All code", "Never read"]


def test_rules_are_exported_and_a_bad_file_changes_nothing(routing, tmp_path):
    add_rule(routing, "Code", "Coding")
    routing.get_by_text("Export and import").click()
    with routing.expect_download() as download:
        routing.get_by_role("link", name="Export as JSON").click()
    exported = json.loads(download.value.path().read_text())
    assert [rule["name"] for rule in exported["rules"]] == ["Code"]

    exported["rules"].append({"name": "Broken", "when": {"kind": "x"}, "then": {}})
    bad = tmp_path / "rules.json"
    bad.write_text(json.dumps(exported))
    routing.get_by_label("A file that was exported").set_input_files(bad)
    routing.get_by_role("button", name="Import").click()
    expect(routing.get_by_role("alert")).to_contain_text("Nothing was imported")
    expect(routing.get_by_role("alert")).to_contain_text("Rule 2")
    assert rule_names(routing) == ["Code"]


def test_the_playground_shows_four_preferences_and_follows_the_context(page, person, base_url):
    sign_in(page.context, person, base_url)
    page.goto("/playground")
    page.get_by_label("Prompt").fill(PYTHON)
    expect(page.locator(".option")).to_have_count(4, timeout=PATIENCE_MS)
    expect(page.locator("#outcome")).to_contain_text("Coding")

    page.get_by_text("Earlier in the conversation").click()
    page.get_by_label("Tokens of the conversation so far").fill("5000000")
    expect(page.locator("#outcome")).to_contain_text(
        "Its window of 922k tokens is too small", timeout=PATIENCE_MS
    )


def test_a_file_of_prompts_names_its_bad_line(page, person, base_url, tmp_path):
    sign_in(page.context, person, base_url)
    page.goto("/playground")
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"prompt": "Hello"}\n{"prompt": ""}\n')
    page.locator("#batch-file").set_input_files(file)
    page.get_by_role("button", name="Decide all").click()

    expect(page.locator("#batch tbody tr")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator("#batch")).to_contain_text("The prompt is empty")


def test_the_preview_says_who_would_answer_and_is_silent_otherwise(chat, page):
    line = page.locator("[data-preview]")
    expect(line).to_be_hidden()
    chat.box.press_sequentially(PYTHON, delay=5)
    expect(line).to_contain_text("GPT-6", timeout=PATIENCE_MS)
    expect(line).to_contain_text("coding task")
    # A screen reader is not interrupted by it, and the keyboard does not stop at it.
    assert line.evaluate("line => line.closest('[aria-live], [role=status]') === null")
    assert line.locator("a, button, [tabindex]").count() == 0

    chat.box.fill("")
    expect(line).to_be_hidden()
    chat.box.fill(PYTHON)
    expect(line).to_be_visible()
    page.locator("[data-model-button]").click()
    page.get_by_role("combobox").fill("luna")
    page.get_by_role("combobox").press("Enter")
    expect(line).to_be_hidden()


def test_a_thumb_asks_for_a_reason_and_moves_what_is_learned(chat, page):
    chat.ask(PYTHON)
    name = chat.chip.locator(".chip-model").inner_text()
    chat.reply.get_by_role("button", name="Bad reply").click()
    expect(chat.reply.get_by_role("group", name="What was wrong?")).to_be_visible()
    chat.reply.get_by_role("button", name="Not correct").click()
    expect(chat.reply.get_by_role("button", name="Not correct")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(chat.reply.get_by_role("button", name="Bad reply")).to_have_attribute(
        "aria-pressed", "true"
    )

    page.goto("/organisation/routing/learned")
    card = page.locator(".card", has_text=name)
    expect(card).to_contain_text("1 against")
    expect(card).to_contain_text("Not correct")
    expect(card.locator("tbody tr").first).to_contain_text("Coding")
    card.get_by_role("button", name=f"Reset {name}").click()
    expect(page.get_by_text("1 verdict no longer counts.")).to_be_visible()
    expect(page.get_by_role("heading", name="No verdicts yet")).to_be_visible()


def test_not_this_one_asks_why_and_raises_what_is_asked_for(chat, page, provider):
    provider.default = [Answer("First."), Answer("Second."), Answer("Third.")]
    chat.ask(HELLO)
    first = chat.chip.locator(".chip-model").inner_text()
    chat.reply.get_by_role("button", name="Not this one").click()
    chat.says("Second.")
    chat.ends()
    page.locator(".why-not").get_by_role("button", name="Too weak").click()
    expect(page.locator(".why-not").get_by_role("button", name="Too weak")).to_have_attribute(
        "aria-pressed", "true"
    )

    chat.ask(HELLO)
    assert chat.chip.locator(".chip-model").inner_text() != first
    expect(chat.open_receipt()).to_contain_text("More is asked for than usual")


def test_a_switch_is_told_and_can_be_undone_or_pinned(chat, page, provider):
    chat.ask(HELLO)
    former = chat.chip.locator(".chip-model").inner_text()
    chat.ask(PYTHON)
    note = chat.reply.locator("[data-switch]")
    expect(note).to_contain_text(f"Auto went from {former} to")
    taken = chat.chip.locator(".chip-model").inner_text()

    note.get_by_role("button", name="Undo").click()
    expect(chat.chip.locator(".chip-model")).to_have_text(former)
    chat.ends()
    expect(chat.reply.locator(".branch")).to_contain_text("2/2")
    expect(page.locator("[data-model-label]")).to_contain_text("Auto")

    chat.reply.get_by_role("button", name="Previous answer").click()
    expect(chat.chip.locator(".chip-model")).to_have_text(taken)
    chat.reply.locator("[data-switch]").get_by_role("button", name="Pin").click()
    expect(page.locator("#pinned")).to_contain_text(f"Auto stays with {taken}")
    chat.ask(HELLO)
    expect(chat.chip.locator(".chip-model")).to_have_text(taken)
    page.locator("#pinned").get_by_role("button", name="Unpin").click()
    expect(page.locator("#pinned")).to_be_empty()
