"""The walk of somebody who has just installed it: from signing up to the fourth answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.aimock import require_aimock, running_aimock
from tests.e2e.chatting import PATIENCE_MS, Chat
from tests.e2e.complaints import Complaints
from tests.fake_upstream import FakeUpstream
from tests.services.database import SqliteDatabase
from tests.services.stack import Stack
from tests.upstream_formats import Answer

WEB = "web"
KEYS = {
    "openai": "sk-newcomer-0123456789abcdefghij",
    "anthropic": "sk-ant-newcomer-0123456789abcdefghij",
    "google": "AIzaNewcomer0123456789abcdefghij",
}
# The three prompts of the empty page: code, translation, hard maths.
CODE, TRANSLATION, MATHS = range(3)
NOBODYS = "0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b11"
STORY = " ".join(f"line{number}" for number in range(300))


def told(text: str, content: str) -> dict[str, object]:
    usage = {"prompt_tokens": 40, "completion_tokens": 60, "total_tokens": 100}
    return {"match": {"userMessage": text}, "response": {"content": content, "usage": usage}}


OVERLOADED = {"error": {"message": "Overloaded", "type": "overloaded_error"}, "status": 529}
FIXTURES = [
    {"match": {"model": "claude-sonnet-5-5", "userMessage": "Rename"}, "response": OVERLOADED},
    told("merges overlapping intervals", "```python\ndef merge(intervals):\n    ...\n```"),
    told("A train leaves", "They never meet before $t = 98$ minutes."),
    told("Rename", "Here is the renamed function."),
    told("story", STORY),
]


@pytest.fixture(scope="module")
def installed(
    running_provider: FakeUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A server as it is after `make run`, with mocks where the vendors would be.

    aimock has no list of Gemini's models, by which a key is tested, so Google is our own.
    """
    require_aimock()
    folder: Path = tmp_path_factory.mktemp("newcomer")
    with running_aimock(FIXTURES, folder, latency_ms=15, chunk_characters=12) as mock:
        database = SqliteDatabase(folder / "data" / "chofesh.sqlite3")
        stack = Stack(folder, database, mock.openai_url)
        stack.environment |= {
            "CHOFESH_ANTHROPIC_BASE_URL": mock.base_url,
            "CHOFESH_GOOGLE_BASE_URL": running_provider.base_url,
            "CHOFESH_SIGNUP": "open",
        }
        stack.start_web(WEB)
        yield stack
        stack.stop()


@pytest.fixture
def visit(
    browser: Browser, installed: Stack, complaints: Complaints
) -> Iterator[Callable[[str], Page]]:
    """Somebody who signs up there, in a browser of their own."""
    home = f"http://127.0.0.1:{installed.ports[WEB]}"
    complaints.servers.append(home)
    contexts = []

    def visited(email: str) -> Page:
        context = browser.new_context(base_url=home)
        contexts.append(context)
        complaints.watch(context)
        page = context.new_page()
        sign_up(page, email)
        return page

    yield visited
    for context in contexts:
        context.close()


def sign_up(page: Page, email: str) -> None:
    page.goto("/accounts/signup/")
    page.get_by_role("textbox", name=re.compile("e-?mail", re.IGNORECASE)).fill(email)
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Create the account").click()
    expect(page.locator("#composer-text")).to_be_visible(timeout=PATIENCE_MS)


def paste_key(page: Page, provider: str) -> None:
    page.goto(f"/settings/keys/new/{provider}")
    page.get_by_label("Key", exact=True).fill(KEYS[provider])
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_text("is connected")).to_be_visible(timeout=PATIENCE_MS)


def ask_starter(chat: Chat, number: int) -> str:
    """The name of the model that answered, by the chip."""
    chat.open("/")
    chat.page.locator("[data-starter]").nth(number).click()
    chat.box.press("Enter")
    expect(chat.chip).to_be_visible(timeout=PATIENCE_MS)
    chat.ends()
    return chat.chip.locator(".chip-model").inner_text()


def test_the_walk_of_a_newcomer(visit, complaints, provider):
    provider.default = Answer("La réunion est déplacée à jeudi, à bientôt.")
    chat = Chat(visit("newcomer@example.org"))
    expect(chat.page.get_by_text("You are using the built-in demo models")).to_be_visible()
    add_keys(chat.page)
    approve_and_withdraw(chat.page)

    answered_by = [ask_starter(chat, number) for number in (CODE, TRANSLATION, MATHS)]
    assert len(set(answered_by)) == 3, answered_by
    expect(chat.chip).to_contain_text("Maths")
    expect(chat.content.locator(".katex")).to_have_count(1)

    see_a_fallback(chat)
    reload_in_the_middle(chat)
    chat.page.goto("/usage")
    expect(chat.page.locator("body")).to_contain_text("Claude Sonnet 5.5")

    look_as_a_stranger(visit("stranger@example.org"), chat)
    complaints.forgive("404 (Not Found)")


def add_keys(page: Page) -> None:
    for provider in KEYS:
        paste_key(page, provider)
    expect(page.get_by_text("Works", exact=True)).to_have_count(len(KEYS))
    expect(page.get_by_text("…ghij")).to_have_count(len(KEYS))


def approve_and_withdraw(page: Page) -> None:
    page.goto("/organisation/models")
    for before, after in (("Approve", "Withdraw"), ("Withdraw", "Approve")):
        page.get_by_role("button", name=f"{before} GPT-6 Astra").click()
        expect(page.get_by_role("button", name=f"{after} GPT-6 Astra")).to_be_visible()


def see_a_fallback(chat: Chat) -> None:
    chat.open("/")
    chat.ask("Rename this Python function and add type hints to all of its arguments")
    expect(chat.chip).to_contain_text("after a fallback")
    steps = chat.open_receipt().locator(".timeline-step")
    # Asked, chosen, called twice in vain, and answered.
    expect(steps).to_have_count(5)
    expect(steps.nth(2)).to_contain_text("Claude Sonnet 5.5 is overloaded")
    expect(steps.last).to_contain_text("Answered")
    expect(chat.panel).to_contain_text("your key")


def reload_in_the_middle(chat: Chat) -> None:
    chat.open("/")
    chat.write("Tell me a long story")
    chat.says("line3 ")
    chat.page.reload()
    chat.ends()
    expect(chat.content).to_have_text(STORY + "\n")
    expect(chat.page.locator(".message-text")).to_have_count(1)


def look_as_a_stranger(stranger: Page, chat: Chat) -> None:
    """Who founds an organisation of their own sees none of it: not even that it is there."""
    chat.page.goto("/")
    chat.rows.first.locator("a").click()
    chat.ends()
    conversation = chat.page.url.rpartition("/")[2]
    reply = str(chat.reply.get_attribute("data-reply"))

    expect(stranger.locator(".chat-link")).to_have_count(0)
    assert same_not_found(stranger, f"/c/{conversation}", f"/c/{NOBODYS}")
    assert same_not_found(stranger, f"/replies/{reply}/receipt", f"/replies/{NOBODYS}/receipt")
    assert socket_refuses(stranger, conversation, reply)


def same_not_found(stranger: Page, address: str, none: str) -> bool:
    """404, and byte by byte what is said of an id that nobody has."""
    return bool(
        stranger.evaluate(
            """async (addresses) => {
                const answers = await Promise.all(addresses.map(address => fetch(address)));
                const texts = await Promise.all(answers.map(answer => answer.text()));
                const [first, second] = texts.map(text => text.replace(/(nonce|content)="[^"]*"/g, ""));
                return answers.every(answer => answer.status === 404) && first === second;
            }""",
            [address, none],
        )
    )


def socket_refuses(stranger: Page, conversation: str, reply: str) -> bool:
    """Not one word of it comes over a socket of one's own."""
    frames = stranger.evaluate(
        """([conversation, reply]) => new Promise(resolve => {
            const socket = new WebSocket(`ws://${location.host}/ws/chat/`);
            const heard = [];
            socket.onopen = () => {
                const hello = {type: "hello", protocol: 1, conversation, running: {[reply]: 0}};
                for (const frame of [hello, {type: "resync", reply}, {type: "stop", reply}]) {
                    socket.send(JSON.stringify(frame));
                }
                socket.send(JSON.stringify({type: "ping"}));
            };
            socket.onmessage = ({data}) => {
                heard.push(JSON.parse(data));
                if (heard.at(-1).type === "pong") { socket.close(); resolve(heard); }
            };
        })""",
        [conversation, reply],
    )
    kinds = [frame.get("code", frame["type"]) for frame in frames]
    return kinds == ["welcome", "not_found", "not_found", "not_found", "pong"]
