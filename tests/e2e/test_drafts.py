"""Drafts belong to their writer, and a sign-out leaves none of them in the browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in

KEPT = "Object.keys(localStorage).filter(key => key.startsWith('chofesh.draft.'))"
WITHOUT_RANDOM_UUID = "delete Crypto.prototype.randomUUID"


def sign_out(page: Page) -> None:
    page.locator("#account-button").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_draft_is_not_shown_to_the_next_person(chat, context, base_url, another_person):
    # Else the line that says who would answer is asked for by nobody, which is forbidden.
    with chat.page.expect_response("**/preview"):
        chat.box.fill("My salary is 100")
    chat.page.wait_for_function(f"() => {KEPT}.length === 1")
    context.clear_cookies()
    sign_in(context, another_person, base_url)

    chat.open("/")

    expect(chat.box).to_have_value("")


def test_a_sign_out_forgets_the_drafts(chat):
    chat.box.fill("My salary is 100")
    chat.page.wait_for_function(f"() => {KEPT}.length === 1")

    sign_out(chat.page)

    assert chat.page.evaluate(KEPT) == []


def test_a_page_that_is_still_open_writes_no_draft_back(chat, context):
    chat.box.fill("My salary is 100")
    chat.page.wait_for_function(f"() => {KEPT}.length === 1")
    other = context.new_page()
    other.goto("/usage")
    sign_out(other)

    chat.page.goto("/accounts/login/")

    assert other.evaluate(KEPT) == []


def test_it_sends_over_plain_http_in_a_local_network_too(chat, provider):
    """There a browser offers no `crypto.randomUUID`."""
    chat.page.add_init_script(WITHOUT_RANDOM_UUID)
    chat.open("/")

    chat.ask("Hello")
    chat.reply.get_by_role("button", name="Not this one").click()

    expect(chat.reply.locator(".branch")).to_contain_text("2/2", timeout=20_000)
