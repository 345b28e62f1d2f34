"""What a person reads when something goes wrong: what happened, what was kept, what to do."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.chatting import PATIENCE_MS
from tests.upstream_formats import Answer


def withdraw(page: Page, *names: str) -> None:
    page.goto("/organisation/models")
    for name in names:
        page.get_by_role("button", name=f"Withdraw {name}").click()
        expect(page.get_by_role("button", name=f"Approve {name}")).to_be_visible()


def test_a_rejected_key_is_named_here_and_beside_the_key(chat, provider):
    provider.default = Answer(status=401)
    chat.ask("Hello", state="failed")

    expect(chat.reply.locator(".reply-end")).to_contain_text("was rejected")
    expect(chat.reply.locator(".reply-end")).to_contain_text("Your message is kept")
    chat.page.goto("/organisation/keys")
    expect(chat.page.get_by_text("Failing")).to_be_visible()


def test_after_a_failure_it_can_be_tried_again(chat, provider):
    provider.default = Answer(status=400)
    chat.ask("Hello", state="failed")
    provider.default = Answer("Better now.")

    chat.reply.get_by_role("button", name="Try again").click()

    chat.says("Better now.")
    chat.ends()


def test_an_overloaded_model_is_replaced_in_words(chat, provider):
    provider.answers["gpt-6-luna"] = Answer(status=529)
    provider.answers["gpt-6.1-sol"] = Answer(status=529)
    chat.ask("Hello", state="failed")

    steps = chat.open_receipt().locator(".timeline-step")
    expect(steps.locator(".timeline-bill")).to_have_count(4)
    expect(steps.last).to_contain_text("No model could answer")
    expect(chat.reply.locator(".reply-end")).to_contain_text("is overloaded")


def test_the_receipt_tells_what_went_before_continue(chat, provider):
    provider.default = [Answer("One two three", cut_after=2), Answer("three four.")]
    chat.ask("Count", state="interrupted")
    chat.reply.get_by_role("button", name="Continue").click()
    chat.ends()

    titles = chat.open_receipt().locator(".timeline-title")

    expect(titles).to_have_count(6)
    expect(titles.nth(0)).to_have_text("You asked")
    expect(titles.nth(3)).to_have_text("You pressed Continue")
    expect(chat.panel.locator(".timeline-failed")).to_contain_text("broke")
    expect(chat.panel.locator(".timeline-answered")).to_contain_text("Answered")


def test_while_a_model_is_busy_the_words_say_who_is_tried(chat, provider):
    for model in ("gpt-6-luna", "gpt-6.1-sol"):
        provider.answers[model] = [Answer(status=529), Answer("Here.", first_delay_s=2)]
    chat.write("Hello")

    expect(chat.reply.locator("[data-words]")).to_contain_text(
        "is overloaded: trying", timeout=PATIENCE_MS
    )
    chat.ends()


def test_a_model_withdrawn_meanwhile_is_not_called(chat, provider, context):
    chat.page.locator("[data-model-button]").click()
    chat.page.get_by_role("combobox").fill("luna")
    chat.page.get_by_role("combobox").press("Enter")
    withdraw(context.new_page(), "GPT-6 Luna")

    chat.ask("Hello", state="failed")

    expect(chat.reply.locator(".reply-end")).to_contain_text("Not approved")
    assert provider.asked == []


def test_with_no_model_left_it_says_what_to_do(chat, provider, context):
    withdraw(context.new_page(), "GPT-6 Luna", "GPT-6.1 Sol")
    chat.ask("Hello", state="failed")

    expect(chat.reply.locator(".reply-end")).to_contain_text("No")
    expect(chat.reply.locator(".reply-end")).to_contain_text("approved")
    assert provider.asked == []


def test_a_broken_connection_is_said_and_heals(chat, provider, page):
    provider.default = Answer(" ".join(f"w{number}" for number in range(80)), delay_s=0.05)
    chat.write("Count")
    chat.says("w3 ")
    page.context.set_offline(True)
    page.wait_for_timeout(1500)
    page.context.set_offline(False)

    chat.ends()
    expect(chat.content).to_have_text(" ".join(f"w{number}" for number in range(80)) + "\n")
    assert len(provider.asked) == 1


def test_signing_out_elsewhere_ends_the_page_and_keeps_the_draft(chat, context):
    other = context.new_page()
    other.goto("/")
    other.locator("#account-button").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/accounts/login/"))

    chat.box.fill("Half a thought")
    chat.box.press("Enter")

    expect(chat.page.locator("[data-offline]")).to_contain_text("Reload the page to go on")
    expect(chat.box).to_have_value("Half a thought")
