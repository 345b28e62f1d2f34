from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.chatting import Chat
from tests.upstream_formats import Answer


def choose(chat: Chat, row: Locator, item: str) -> None:
    row.hover()
    row.locator("[data-row-menu]").click()
    chat.page.locator("#row-menu").get_by_role("menuitem", name=item).click()


def titles(page: Page) -> list[str]:
    return page.locator(".chat-row:visible [data-title]").all_inner_texts()


@pytest.fixture
def two_chats(chat: Chat) -> Chat:
    """Two answered chats; the second is open."""
    chat.ask("About apples and pears")
    chat.open("/")
    chat.ask("About bridges and towers")
    return chat


def test_the_newest_chat_stands_first(two_chats):
    assert titles(two_chats.page) == ["About bridges and towers", "About apples and pears"]


def test_a_chat_is_renamed(two_chats):
    choose(two_chats, two_chats.rows.first, "Rename")
    two_chats.page.keyboard.type("Engineering")
    two_chats.page.keyboard.press("Enter")

    expect(two_chats.page.locator("#conversation-title")).to_have_text("Engineering")
    two_chats.page.reload()
    assert titles(two_chats.page)[0] == "Engineering"


def test_escape_leaves_the_name(two_chats):
    choose(two_chats, two_chats.rows.first, "Rename")
    two_chats.page.keyboard.type("Nonsense")
    two_chats.page.keyboard.press("Escape")

    assert titles(two_chats.page)[0] == "About bridges and towers"


def test_a_deleted_chat_comes_back(two_chats):
    choose(two_chats, two_chats.rows.nth(1), "Delete")
    expect(two_chats.rows).to_have_count(1)

    two_chats.page.get_by_role("button", name="Undo").click()

    expect(two_chats.rows).to_have_count(2)
    two_chats.page.reload()
    expect(two_chats.rows).to_have_count(2)


def test_deleting_the_open_chat_leads_to_a_new_one(two_chats, base_url):
    choose(two_chats, two_chats.rows.first, "Delete")

    expect(two_chats.page).to_have_url(f"{base_url}/")
    expect(two_chats.rows).to_have_count(1)
    two_chats.page.get_by_role("button", name="Undo").click()
    expect(two_chats.page).to_have_url(re.compile("/c/"))
    two_chats.says("Hello from upstream.")


def test_a_chat_is_found_by_its_name(two_chats):
    two_chats.page.keyboard.press("Control+k")
    two_chats.page.keyboard.type("apples")
    expect(two_chats.rows).to_have_count(1)

    two_chats.page.keyboard.type(" nowhere")
    expect(two_chats.page.locator("[data-no-match]")).to_be_visible()


def test_a_dot_runs_while_a_reply_is_written_elsewhere(chat, provider):
    provider.default = Answer(" ".join(f"w{number}" for number in range(60)), delay_s=0.03)
    chat.write("Go on")
    chat.says("w1")
    chat.open("/")

    expect(chat.rows.first.locator(".dot-running")).to_be_visible()
    expect(chat.rows.first.locator(".dot-unread")).to_be_visible(timeout=20_000)


@pytest.fixture
def phone(chat: Chat) -> Chat:
    chat.page.set_viewport_size({"width": 390, "height": 800})
    chat.page.reload()
    return chat


def test_on_a_phone_the_sidebar_is_a_drawer(phone):
    sidebar = phone.page.locator("#sidebar")
    expect(sidebar).not_to_be_in_viewport()

    phone.page.locator("[data-open-sidebar]").first.click()
    expect(sidebar).to_be_in_viewport()
    assert phone.page.evaluate("document.getElementById('main').inert")

    phone.page.keyboard.press("Escape")
    expect(sidebar).not_to_be_in_viewport()


def test_nothing_is_wider_than_a_phone(phone, provider):
    cell = " ".join(f"cell{number}" for number in range(60))
    provider.default = Answer(
        f"Wide:\n\n```\n{'x' * 300}\n```\n\n| a | b |\n|---|---|\n| {cell} | {'z' * 90} |\n"
    )
    phone.ask("Show " + "w" * 300)
    phone.open_receipt()

    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
