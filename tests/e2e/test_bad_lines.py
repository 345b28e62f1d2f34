"""F51 and F52: no network for a while, and a lid that was closed. What was missed comes, once and in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.chatting import Chat
from tests.e2e.complaints import Complaints
from tests.e2e.conftest import WEB, sign_in
from tests.fake_upstream import FakeUpstream
from tests.services.database import Row, SqliteDatabase
from tests.services.processes import free_port
from tests.services.stack import Stack
from tests.tcp_proxy import FAIR, TcpProxy, Weather, running_proxy
from tests.upstream_formats import Answer

# The page itself looks after its socket in seconds; the server may say nothing for 45 s.
SOON_MS = 10_000


@pytest.fixture(scope="module")
def line(
    running_provider: FakeUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TcpProxy, Iterator[Row]]]:
    """The way to a server of its own, and people there."""
    folder = tmp_path_factory.mktemp("behind-a-line")
    database = SqliteDatabase(folder / "data" / "chofesh.sqlite3")
    stack = Stack(folder, database, running_provider.openai_url)
    stack.ports[WEB] = free_port()
    with running_proxy(stack.ports[WEB]) as proxy:
        stack.environment["CHOFESH_PUBLIC_URL"] = f"http://127.0.0.1:{proxy.port}"
        try:
            stack.start_web(WEB)
            yield proxy, iter(stack.make_people(10))
        finally:
            stack.stop()


@pytest.fixture
def proxy(line: tuple[TcpProxy, Iterator[Row]]) -> Iterator[TcpProxy]:
    yield line[0]
    line[0].weather = FAIR


@pytest.fixture
def chat(
    line: tuple[TcpProxy, Iterator[Row]],
    proxy: TcpProxy,
    page: Page,
    context: BrowserContext,
    complaints: Complaints,
) -> Iterator[Chat]:
    address = f"http://127.0.0.1:{proxy.port}"
    complaints.servers.append(address)
    sign_in(context, next(line[1]), address)
    page.clock.install()
    opened = Chat(page)
    opened.open(f"{address}/")
    yield opened
    # A browser says aloud that there was no network.
    complaints.forgive("net::ERR_")
    complaints.forgive("WebSocket connection to")


def counted(words: int) -> str:
    return " ".join(f"w{number}" for number in range(words))


@pytest.mark.parametrize(
    "seconds", [1, 10, pytest.param(60, marks=pytest.mark.soak)], ids=["1 s", "10 s", "60 s"]
)
def test_what_was_written_while_there_was_no_network_comes_afterwards(
    chat, provider, proxy, seconds
):
    text = counted(100 + 20 * seconds)
    provider.default = Answer(text, delay_s=0.05)
    chat.write("Count")
    chat.says("w5 ")

    proxy.weather = Weather(is_down=True)
    proxy.cut()
    chat.page.wait_for_timeout(1000 * seconds)
    proxy.weather = FAIR

    expect(chat.content).to_have_text(text + "\n", timeout=60_000)
    chat.ends()
    assert len(provider.asked) == 1


@pytest.mark.parametrize("seconds", [30, 3600])
def test_after_a_nap_the_page_notices_soon_that_its_line_is_dead(chat, provider, proxy, seconds):
    text = counted(60)
    provider.default = Answer(text, delay_s=0.05)
    chat.write("Count")
    chat.says("w5 ")

    proxy.strand()
    chat.page.clock.fast_forward(1000 * seconds)

    expect(chat.content).to_have_text(text + "\n", timeout=SOON_MS)
    expect(chat.reply).to_have_attribute("data-state", "done", timeout=SOON_MS)
    assert len(provider.asked) == 1


def test_a_message_sent_into_a_dead_line_arrives_once(chat, provider, proxy):
    chat.ask("Hello")
    proxy.strand()
    chat.box.fill("And again")
    chat.box.press("Enter")

    chat.page.clock.fast_forward(30_000)

    expect(chat.replies).to_have_count(2, timeout=SOON_MS)
    chat.ends()
    expect(chat.box).to_have_value("")
    assert len(provider.asked) == 2
