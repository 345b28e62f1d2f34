"""A page of a conversation as a person uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 20_000


class Chat:
    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)

    def open(self, address: str) -> None:
        self.page.goto(address)
        expect(self.box).to_be_visible()

    @property
    def box(self) -> Locator:
        return self.page.locator("#composer-text")

    @property
    def stop_button(self) -> Locator:
        return self.page.get_by_role("button", name="Stop")

    @property
    def replies(self) -> Locator:
        return self.page.locator("#thread .reply")

    @property
    def reply(self) -> Locator:
        """The newest reply."""
        return self.replies.last

    @property
    def content(self) -> Locator:
        return self.reply.locator("[data-content]")

    @property
    def chip(self) -> Locator:
        return self.reply.locator("[data-receipt]")

    @property
    def panel(self) -> Locator:
        return self.page.locator("#panel")

    @property
    def notice(self) -> Locator:
        return self.page.locator("[data-notice-text]")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".chat-row:visible")

    def write(self, text: str) -> None:
        """Send it; the box is empty once the server has it."""
        self.box.fill(text)
        self.box.press("Enter")
        expect(self.box).to_have_value("", timeout=PATIENCE_MS)

    def ask(self, text: str, state: str = "done") -> None:
        """Send it, and wait for the end of the reply."""
        before = self.replies.count()
        self.write(text)
        expect(self.replies).to_have_count(before + 1, timeout=PATIENCE_MS)
        self.ends(state)

    def ends(self, state: str = "done") -> None:
        expect(self.reply).to_have_attribute("data-state", state, timeout=PATIENCE_MS)

    def says(self, text: str) -> None:
        expect(self.content).to_contain_text(text, timeout=PATIENCE_MS)

    def open_receipt(self) -> Locator:
        self.chip.click()
        expect(self.panel).to_be_visible()
        return self.panel
