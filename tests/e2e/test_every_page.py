"""Every page that links lead to: nothing complains, and nothing is wider than the window."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import sign_in

ROW = re.compile(r"[0-9a-f-]{36}")
LINKS = "[...document.querySelectorAll('a[href]')].map(link => link.href)"
WIDTH = "document.documentElement.scrollWidth - innerWidth"
LEAST_PAGES = 12


def crawl(page: Page, base_url: str, *begin: str) -> Iterator[str]:
    """Each address once; of pages that differ by the row they show, one."""
    waiting, seen = list(begin), set()
    while waiting:
        address = waiting.pop().removeprefix(base_url).partition("#")[0].partition("?")[0]
        kind = ROW.sub("*", address)
        if not address.startswith("/") or kind in seen:
            continue
        seen.add(kind)
        response = page.goto(address)
        assert response is not None
        assert response.status == 200, address
        yield address
        waiting += page.evaluate(LINKS)


def fits(page: Page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 800})
    return bool(page.evaluate(WIDTH) <= 0)


def test_the_pages_of_an_owner_are_in_order(page, person, base_url):
    sign_in(page.context, person, base_url)

    addresses = []
    for address in crawl(page, base_url, "/"):
        addresses.append(address)
        for width in (1280, 390, 360):
            assert fits(page, width), f"{address} is wider than {width}"

    assert len(addresses) >= LEAST_PAGES


def test_the_pages_of_a_visitor_are_in_order(page, base_url):
    addresses = list(crawl(page, base_url, "/accounts/login/"))

    assert "/accounts/signup/" in addresses


def test_in_hebrew_every_page_runs_from_right_to_left(browser, person, base_url, watch):
    context: BrowserContext = browser.new_context(base_url=base_url, locale="he-IL")
    watch(context)
    sign_in(context, person, base_url)
    page = context.new_page()
    for address in crawl(page, base_url, "/"):
        assert page.evaluate("document.documentElement.dir") == "rtl", address
        assert page.evaluate("document.documentElement.lang") == "he", address
        for width in (1280, 390):
            assert fits(page, width), f"{address} is wider than {width}"
    context.close()


@pytest.mark.parametrize("address", ["/no-such-page", "/c/0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b11"])
def test_a_page_that_is_not_there_says_so_kindly(page, person, base_url, complaints, address):
    sign_in(page.context, person, base_url)
    response = page.goto(address)

    assert response is not None
    assert response.status == 404
    assert page.get_by_role("link").count() > 0
    complaints.forgive("404 (Not Found)")
