from __future__ import annotations

import random
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.chatting import PATIENCE_MS
from tests.upstream_formats import Answer

# The same word for ever would be taken for a broken model.
LONG = Answer("word by " * 400, delay_s=0.03)


def test_a_first_message_is_answered_and_the_page_becomes_its_chat(chat, page):
    chat.ask("What is a monad? Please.")

    chat.says("Hello from upstream.")
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}$"))
    expect(page).to_have_title("What is a monad? · Chofesh")
    expect(page.locator(".welcome")).to_have_count(0)
    expect(chat.rows.first).to_contain_text("What is a monad?")


def test_the_chip_is_there_before_the_first_word(chat, provider):
    provider.default = Answer("At last.", first_delay_s=2)
    chat.write("Hello")

    expect(chat.chip).to_be_visible(timeout=PATIENCE_MS)
    expect(chat.content).to_be_empty()
    expect(chat.reply.locator("[data-words]")).to_have_text(re.compile("Waiting for"))
    chat.ends()
    chat.says("At last.")


def test_the_text_grows_while_it_is_written(chat, provider):
    provider.default = LONG
    chat.write("Go on")
    chat.says("word by")
    early = len(chat.content.inner_text())

    expect(chat.reply).to_have_attribute("data-state", "running")
    chat.page.wait_for_function(
        "before => document.querySelector('[data-content]').innerText.length > before",
        arg=early + 100,
    )
    chat.stop_button.click()
    chat.ends("stopped")


def test_the_stop_button_keeps_what_was_written(chat, provider):
    provider.default = LONG
    chat.write("Go on")
    chat.says("word by")

    chat.stop_button.click()

    chat.ends("stopped")
    chat.says("word by")
    expect(chat.reply.get_by_role("button", name="Continue")).to_be_visible()
    expect(chat.stop_button).to_be_hidden()
    assert provider.left == 1


def test_escape_stops_and_enter_sends_and_shift_enter_breaks(chat, provider):
    provider.default = LONG
    chat.box.press_sequentially("one")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("two")
    expect(chat.box).to_have_value("one\ntwo")
    chat.box.press("Enter")
    chat.says("word")
    expect(chat.page.locator(".message-text")).to_have_text("one\ntwo")

    chat.page.keyboard.press("Escape")

    chat.ends("stopped")


def test_a_continued_reply_is_one_text(chat, provider):
    provider.default = [Answer("One two three", cut_after=2), Answer("three four.")]
    chat.ask("Count", state="interrupted")
    expect(chat.reply.locator(".reply-end")).to_contain_text("broke")

    chat.reply.get_by_role("button", name="Continue").click()

    chat.ends()
    expect(chat.content).to_have_text("One two three four.\n")
    expect(chat.replies).to_have_count(1)


def test_not_this_one_opens_a_branch_and_the_pager_turns_back(chat, provider):
    provider.default = [Answer("First answer."), Answer("Second answer.")]
    chat.ask("Hello")
    first = chat.chip.locator(".chip-model").inner_text()

    chat.reply.get_by_role("button", name="Not this one").click()
    chat.says("Second answer.")
    chat.ends()
    assert chat.chip.locator(".chip-model").inner_text() != first
    expect(chat.reply.locator(".branch")).to_contain_text("2/2")

    chat.reply.get_by_role("button", name="Previous answer").click()
    chat.says("First answer.")
    expect(chat.reply.locator(".branch")).to_contain_text("1/2")
    expect(chat.replies).to_have_count(1)


def test_an_answer_again_by_a_model_of_one_s_choice(chat, provider):
    chat.ask("Hello")

    chat.reply.get_by_role("button", name="Answer again with a model").click()
    chat.page.get_by_role("combobox").fill("luna")
    chat.page.get_by_role("combobox").press("Enter")

    expect(chat.reply.locator(".branch")).to_contain_text("2/2", timeout=PATIENCE_MS)
    expect(chat.chip).to_contain_text("GPT-6 Luna", timeout=PATIENCE_MS)
    chat.ends()
    assert len(provider.asked) == 2
    assert provider.asked[-1].model == "gpt-6-luna"
    expect(chat.page.locator("[data-model-label]")).to_contain_text("Auto")


def test_twenty_reloads_in_the_middle_lose_and_double_nothing(chat, provider, page):
    words = " ".join(f"w{number}" for number in range(400))
    provider.default = Answer(words, delay_s=0.03)
    chat.write("Count")
    chat.says("w5 ")

    for _ in range(20):
        page.reload()
        expect(chat.box).to_be_visible()
        page.wait_for_timeout(random.uniform(0, 400))

    expect(chat.content).to_have_text(words + "\n", timeout=30_000)
    chat.ends()
    expect(page.locator(".message-text")).to_have_count(1)
    assert len(provider.asked) == 1


def test_two_pages_show_the_same(chat, provider, context):
    provider.default = Answer(" ".join(f"w{number}" for number in range(60)), delay_s=0.03)
    chat.write("Count")
    chat.says("w5 ")
    other = type(chat)(context.new_page())
    other.open(chat.page.url)

    for each in (chat, other):
        each.ends()
    assert chat.content.inner_text() == other.content.inner_text()


def test_a_page_at_another_branch_is_not_disturbed(chat, provider, context):
    provider.default = [Answer("First."), Answer("Second."), Answer("Third.")]
    chat.ask("Hello")
    chat.reply.get_by_role("button", name="Not this one").click()
    chat.says("Second.")
    chat.ends()
    other = type(chat)(context.new_page())
    other.open(chat.page.url)
    other.reply.get_by_role("button", name="Previous answer").click()
    other.says("First.")

    chat.ask("And then?")
    expect(chat.replies).to_have_count(2)
    # What comes over the same socket after the turn.
    expect(other.rows.first.locator(".dot-running")).to_have_count(0)
    other.page.wait_for_timeout(500)

    expect(other.replies).to_have_count(1)
    other.says("First.")
    expect(other.stop_button).to_be_hidden()


def test_a_page_at_the_same_branch_follows(chat, provider, context):
    provider.default = [Answer("First."), Answer("Second."), Answer("Third.")]
    chat.ask("Hello")
    other = type(chat)(context.new_page())
    other.open(chat.page.url)

    chat.ask("And then?")
    other.says("Second.")
    chat.reply.get_by_role("button", name="Not this one").click()

    chat.says("Third.")
    other.says("Third.")
    expect(other.replies).to_have_count(2)


def test_a_reply_stopped_before_its_first_word_can_be_tried_again(chat, provider):
    provider.default = [Answer("Too late.", first_delay_s=30), Answer("Here.")]
    chat.write("Hello")
    expect(chat.chip).to_be_visible(timeout=PATIENCE_MS)
    chat.stop_button.click()
    chat.ends("stopped")

    chat.reply.get_by_role("button", name="Try again").click()

    chat.says("Here.")


def test_a_draft_outlives_a_reload(chat, page):
    chat.box.fill("Half a thought")
    page.reload()

    expect(chat.box).to_have_value("Half a thought")


def test_while_a_reply_is_written_a_second_message_waits_in_the_box(chat, provider):
    provider.default = LONG
    chat.write("First")
    chat.says("word")
    chat.box.fill("Second")
    chat.box.press("Enter")

    expect(chat.notice).to_contain_text("still being written")
    expect(chat.box).to_have_value("Second")
    chat.stop_button.click()
    chat.ends("stopped")


def test_one_character_too_many_keeps_the_draft_and_says_by_how_much(chat):
    chat.box.fill("x" * 200_001)

    expect(chat.page.locator("[data-count]")).to_contain_text("200,001")
    expect(chat.page.locator("[data-count]")).to_contain_text("Shorten it by 1")
    expect(chat.page.get_by_role("button", name="Send")).to_be_disabled()
    chat.box.press("Enter")
    assert len(chat.box.input_value()) == 200_001

    chat.box.fill("x" * 200_000)
    expect(chat.page.get_by_role("button", name="Send")).to_be_enabled()


def test_the_empty_page_teaches(chat, page):
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    starters = page.locator("[data-starter]")
    expect(starters).to_have_count(3)

    starters.first.click()

    expect(chat.box).to_have_value(re.compile("merges overlapping intervals"))


def test_code_is_copied_and_formulas_are_set(chat, provider, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    provider.default = Answer("Look:\n\n```python\nx = 1\n```\n\nand $x^2$ too.\n")
    chat.ask("Show me")

    expect(chat.content.locator(".katex")).to_have_count(1, timeout=PATIENCE_MS)
    chat.content.locator("[data-copy-code]").click()
    assert chat.page.evaluate("navigator.clipboard.readText()") == "x = 1\n"


@pytest.mark.parametrize(
    ("keys", "focused"),
    [("Shift+Escape", "composer-text"), ("Control+k", "sidebar-filter")],
)
def test_the_keyboard_reaches_everything(chat, page, keys, focused):
    page.locator("body").click(position={"x": 600, "y": 5})
    page.keyboard.press(keys)

    assert page.evaluate("document.activeElement.id") == focused


def test_the_list_of_shortcuts_opens_and_closes(chat, page):
    page.keyboard.press("Control+/")
    expect(page.locator("#shortcuts")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
