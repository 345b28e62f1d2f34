"""One's own message, edited on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.chatting import PATIENCE_MS, Chat
from tests.upstream_formats import Answer


@pytest.fixture
def talked(chat, provider) -> Chat:
    provider.default = [Answer("About one."), Answer("About two."), Answer("About the edit.")]
    chat.ask("One")
    chat.ask("Two")
    return chat


def messages(chat: Chat) -> Locator:
    return chat.page.locator("#thread .message-text")


def editor(chat: Chat) -> Locator:
    return chat.page.locator("#thread [data-editor-text]")


def test_a_message_is_edited_and_the_former_version_stays(talked, provider, page):
    messages(talked).first.hover()
    page.get_by_role("button", name="Edit your message").first.click()
    expect(editor(talked)).to_have_value("One")
    editor(talked).fill("ONE")
    page.get_by_role("button", name="Save and send").click()

    talked.says("About the edit.")
    talked.ends()
    expect(messages(talked)).to_have_text(["ONE"])
    said = [message["content"] for message in provider.asked[-1].body["messages"]]
    assert said == ["ONE"]

    page.get_by_role("button", name="Previous version").click()
    expect(messages(talked)).to_have_text(["One", "Two"])
    expect(page.get_by_role("button", name="Next version")).to_be_focused()
    page.get_by_role("button", name="Next version").press("Enter")
    expect(messages(talked)).to_have_text(["ONE"])

    page.reload()
    expect(messages(talked)).to_have_text(["ONE"])


def test_the_keyboard_alone_edits_the_last_message(talked, page):
    talked.box.press("ArrowUp")
    expect(editor(talked)).to_be_focused()
    expect(editor(talked)).to_have_value("Two")
    page.keyboard.press("Escape")
    expect(editor(talked)).to_have_count(0)
    expect(talked.box).to_be_focused()

    talked.box.press("ArrowUp")
    page.keyboard.insert_text(", again")
    page.keyboard.press("Control+Enter")

    talked.says("About the edit.")
    expect(messages(talked)).to_have_text(["One", "Two, again"])
    expect(talked.box).to_be_focused()


def test_the_arrow_is_the_box_s_own_where_something_is_written(talked):
    talked.box.fill("A draft")
    talked.box.press("ArrowUp")

    expect(editor(talked)).to_have_count(0)


def test_a_half_finished_edit_outlives_a_reload(talked, page):
    talked.box.press("ArrowUp")
    editor(talked).fill("Two and a half")
    page.reload()
    talked.box.press("ArrowUp")

    expect(editor(talked)).to_have_value("Two and a half")
    page.get_by_role("button", name="Cancel").click()
    talked.box.press("ArrowUp")
    expect(editor(talked)).to_have_value("Two")


def test_an_edit_that_is_refused_is_kept(talked, provider, context):
    provider.default = Answer("word by " * 400, delay_s=0.03)
    other = Chat(context.new_page())
    other.open(talked.page.url)
    talked.box.press("ArrowUp")
    editor(talked).fill("Two, while the other page is busy")
    other.write("Three")
    other.says("word")

    talked.page.get_by_role("button", name="Save and send").click()

    notice = talked.page.locator("[data-editor-notice]")
    expect(notice).to_contain_text("still being written", timeout=PATIENCE_MS)
    expect(editor(talked)).to_have_value("Two, while the other page is busy")
    other.stop_button.click()
    other.ends("stopped")


def test_an_edit_leaves_another_page_where_it_is(talked, context):
    other = Chat(context.new_page())
    other.open(talked.page.url)
    talked.box.press("ArrowUp")
    editor(talked).fill("Two, anew")
    editor(talked).press("Control+Enter")
    talked.says("About the edit.")
    talked.ends()

    expect(messages(talked)).to_have_text(["One", "Two, anew"])
    expect(messages(other)).to_have_text(["One", "Two"])
