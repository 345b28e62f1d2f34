"""The switch beside a model chosen by hand: may another one answer where it fails?"""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.chatting import PATIENCE_MS
from tests.upstream_formats import Answer


@pytest.fixture
def switch(chat) -> Locator:
    return chat.page.get_by_role("switch", name="fails, let another approved model answer")


def choose(chat, name: str) -> None:
    chat.page.get_by_role("button", name="Model:").click()
    chat.page.get_by_role("combobox").fill(name)
    chat.page.get_by_role("combobox").press("Enter")


def test_it_stands_beside_a_model_chosen_by_hand_alone(chat, switch):
    expect(switch).to_be_hidden()

    choose(chat, "sol")
    expect(switch).to_have_accessible_name(
        "If GPT-6.1 Sol fails, let another approved model answer"
    )
    expect(switch).not_to_be_checked()
    choose(chat, "luna")
    expect(switch).to_have_accessible_name("If GPT-6 Luna fails, let another approved model answer")
    choose(chat, "Balanced")
    expect(switch).to_be_hidden()


def test_the_first_message_of_a_new_chat_takes_it_along_and_a_reload_finds_it(
    chat, provider, switch
):
    provider.answers["gpt-6.1-sol"] = Answer(status=500)
    choose(chat, "sol")
    switch.focus()
    chat.page.keyboard.press("Space")
    chat.ask("Hello")

    expect(chat.chip).to_contain_text("GPT-6 Luna")
    expect(chat.chip).to_contain_text("after a fallback")
    panel = chat.open_receipt()
    expect(panel).to_contain_text(
        "You chose GPT-6.1 Sol. GPT-6.1 Sol failed. GPT-6 Luna answered, as this chat allows."
    )
    chat.page.reload()
    expect(switch).to_be_checked()


def test_switched_off_in_a_chat_no_other_model_answers(chat, provider, switch):
    choose(chat, "sol")
    switch.check()
    chat.ask("Hello")
    with chat.page.expect_response("**/model") as saved:
        switch.uncheck()
    assert saved.value.status == 204
    provider.answers["gpt-6.1-sol"] = Answer(status=500)

    chat.page.reload()
    expect(switch).not_to_be_checked()
    chat.ask("Again", state="failed")

    assert {asked.model for asked in provider.asked} == {"gpt-6.1-sol"}


def test_it_is_reached_by_the_tab_key_from_the_box(chat, switch):
    choose(chat, "sol")
    chat.box.click()
    for _ in range(6):
        chat.page.keyboard.press("Tab")
        if switch.evaluate("element => element === document.activeElement"):
            break
    expect(switch).to_be_focused(timeout=PATIENCE_MS)
