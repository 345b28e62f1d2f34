"""S01-S07 in a real browser: what is said runs nothing and calls nobody, wherever it is shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.chat.hostile_texts import (
    ATTRIBUTES,
    CODE,
    HOSTILE_TEXTS,
    IMAGES,
    LINKS,
    PLACES,
    RAW_HTML,
)
from tests.upstream_formats import Answer

GROUPS = {
    "raw HTML": RAW_HTML,
    "links": LINKS,
    "images": IMAGES,
    "attributes": ATTRIBUTES,
    "code": CODE,
    "places": PLACES,
}
PWNED = "window.pwned"


@pytest.mark.parametrize("group", GROUPS)
def test_in_a_reply_it_is_text(chat, provider, group):
    provider.default = Answer("\n\n".join(GROUPS[group]) + "\n\nThe end.", delay_s=0.001)
    chat.ask("Be evil")
    chat.says("The end.")
    assert chat.page.evaluate(PWNED) is None

    chat.page.reload()
    chat.says("The end.")
    chat.open_receipt()
    assert chat.page.evaluate(PWNED) is None


def test_in_a_message_and_a_title_it_is_text(chat, provider):
    for text in (
        "<img src=x onerror=window.pwned=1> first",
        "</title><script>window.pwned=1</script>",
    ):
        chat.open("/")
        chat.ask(text)
    chat.ask("\n".join(HOSTILE_TEXTS))
    expect(chat.page.locator(".message-text").last).to_contain_text("<script>")

    chat.page.reload()
    chat.ends()
    assert chat.page.evaluate(PWNED) is None
    expect(chat.rows).to_have_count(2)


def test_in_a_provider_s_error_it_is_text(chat, provider):
    provider.default = Answer(status=400, error_message="<img src=x onerror=window.pwned=1>")
    chat.ask("Hello", state="failed")
    chat.open_receipt()

    assert chat.page.evaluate(PWNED) is None
    expect(chat.panel).not_to_contain_text("onerror")


def test_in_a_draft_and_a_name_it_is_text(chat):
    chat.box.fill("<img src=x onerror=window.pwned=1>")
    chat.page.reload()
    chat.box.press("Enter")
    chat.ends()
    row = chat.rows.first
    row.hover()
    row.locator("[data-row-menu]").click()
    chat.page.locator("#row-menu").get_by_role("menuitem", name="Rename").click()
    chat.page.keyboard.type("<svg onload=window.pwned=1>")
    chat.page.keyboard.press("Enter")

    expect(chat.page.locator("#conversation-title")).to_have_text("<svg onload=window.pwned=1>")
    assert chat.page.evaluate(PWNED) is None
