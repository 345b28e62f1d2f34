"""The rows of the fallback matrix that need a clock or an address of their own, from the decision to the ledger.

The pinned model A is at an address where something is wrong, the next one, B, at another provider that is well.
"""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.approvals import approve_models
from answering.request import AnswerInterruptedError
from routing.engine.values import Incumbent
from routing.health import Health, credential_scope, model_scope, provider_scope
from routing.models import Attempt
from tests.answering.asking import Heard, ask_for, heard
from tests.cast import make_key
from tests.chat.rows import MODEL
from tests.fault_server import FAULTS, Do, FaultServer, Script, head
from tests.providers.certificates import tls_pair
from usage.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = "deepseek/deepseek-v4-pro"
NAME = "GPT-6.1 Sol"
Place = AbstractAsyncContextManager[str]


@asynccontextmanager
async def sending(script: Script) -> AsyncIterator[str]:
    async with FaultServer(script) as server:
        yield f"{server.base_url}/v1"


@asynccontextmanager
async def nobody_listens() -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    yield f"http://127.0.0.1:{port}/v1"


@asynccontextmanager
async def nobody_accepts() -> AsyncIterator[str]:
    """A full queue: the kernel answers no further connection, as behind a wall that drops packets."""
    with ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}/v1"


@asynccontextmanager
async def no_such_name() -> AsyncIterator[str]:
    yield "https://models.invalid/v1"


@dataclass(frozen=True)
class Row:
    number: str
    place: Callable[[Path], Place]
    calls: str
    failure: str
    words: str


def at(place: Callable[[], Place]) -> Callable[[Path], Place]:
    return lambda _folder: place()


def fault(script: Script) -> Callable[[Path], Place]:
    return lambda _folder: sending(script)


@asynccontextmanager
async def not_trusted(folder: Path) -> AsyncIterator[str]:
    server_tls, _trusting = tls_pair("models.example", folder)
    async with FaultServer(FAULTS["none"], tls=server_tls) as server:
        yield f"{server.base_url}/v1"
        assert server.requests == []


BUSY = f"{NAME} cannot be reached"
OUT_OF_CREDIT = [head("402 Payment Required", "application/json", retry_after="0.2"), b"{}"]
NO_HEAD, NO_TEXT = f"{NAME} did not answer", f"{NAME} was too slow"
BEFORE_TEXT = [
    Row("6", fault(OUT_OF_CREDIT), "AAB", "payment_required", f"{NAME} is out of credit"),
    Row("21 refused", at(nobody_listens), "AAB", "unreachable", BUSY),
    Row("21 no name", at(no_such_name), "AAB", "unreachable", BUSY),
    Row("21 TLS", not_trusted, "AB", "tls_failed", f"{NAME} cannot be reached safely"),
    Row("22 connect", at(nobody_accepts), "AB", "head_timeout", NO_HEAD),
    Row("22 head", fault(FAULTS["never_answers"]), "AB", "head_timeout", NO_HEAD),
    Row("22 slow headers", fault(FAULTS["slow_head"]), "AB", "head_timeout", NO_HEAD),
    Row("22 endless headers", fault(FAULTS["endless_head"]), "AB", "head_timeout", NO_HEAD),
    Row("23 silence", fault([head(), Do.HANG]), "AB", "first_content_timeout", NO_TEXT),
    Row("23 comments", fault(FAULTS["comments_only"]), "AB", "first_content_timeout", NO_TEXT),
]
AFTER_TEXT = [
    Row(f"29 {name}", fault(FAULTS[name]), "A", "stalled", f"{NAME} stopped responding")
    for name in ("stall", "stall_with_pings", "slow_body")
]
COUNTED = {"21 refused", "21 TLS", "22 connect", "22 head", "23 comments", "29 stall"}


@pytest.fixture(autouse=True)
def health(_fresh_health: None, monkeypatch: pytest.MonkeyPatch) -> Health:
    health = Health()
    for module in ("routing.snapshot", "answering.reports"):
        monkeypatch.setattr(f"{module}.health", health)
    return health


@pytest.fixture
def ask(connected, alice, upstream, monkeypatch, settings, tmp_path, in_database):
    """Asks while A is at that place; what was heard."""
    make_key(connected, provider="deepseek")
    approve_models(connected, [ELSEWHERE], alice)
    monkeypatch.setenv("CHOFESH_DEEPSEEK_BASE_URL", upstream.openai_url)
    settings.PATIENCE = 0.03

    async def asked(row: Row) -> Heard:
        pinned = Incumbent(MODEL, 0.5, pinned=True)
        async with row.place(tmp_path) as url:
            monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", url)
            return await heard(ask_for(alice, connected, incumbent=pinned))

    return asked


@pytest.fixture
def scopes(connected) -> tuple[str, str]:
    """The breaker of A, and that of its key."""
    credential = connected.provider_keys.get(endpoint__provider="openai").credential
    return model_scope(credential, "openai", MODEL), credential_scope(credential, "openai")


def steps(attempts: list[Attempt]) -> str:
    return "".join("A" if attempt.model_id == MODEL else "B" for attempt in attempts)


@pytest.mark.parametrize("row", BEFORE_TEXT, ids=lambda row: f"row {row.number}")
async def test_before_text_another_provider_answers(ask, row: Row):
    told = await ask(row)

    *failed, answered = [attempt async for attempt in Attempt.objects.order_by("number")]
    assert (steps([*failed, answered]), told.text) == (row.calls, "Hello from upstream.")
    assert {attempt.failure for attempt in failed} == {row.failure}
    assert {attempt.words for attempt in failed} == {row.words}
    bill = {entry.attempt_id: entry.cost_usd async for entry in LedgerEntry.objects.all()}
    assert [bill[attempt.id] for attempt in failed] == [Decimal(0)] * len(failed)
    assert bill[answered.id] > 0


@pytest.mark.parametrize("row", AFTER_TEXT, ids=lambda row: f"row {row.number}")
async def test_after_text_what_came_stands_and_nobody_else_is_called(ask, upstream, row: Row):
    told = await ask(row)

    attempt = await Attempt.objects.select_related("ledger_entry").aget()
    assert isinstance(told.error, AnswerInterruptedError)
    assert (told.text, told.error.words, told.error.failure) == ("Hello", row.words, row.failure)
    assert (attempt.failure, attempt.words) == (row.failure, row.words)
    assert attempt.ledger_entry.certainty == "estimated"
    assert attempt.ledger_entry.cost_usd > 0
    assert upstream.asked == []


@pytest.mark.parametrize(
    "row",
    [row for row in [*BEFORE_TEXT, *AFTER_TEXT] if row.number in COUNTED],
    ids=lambda row: f"row {row.number}",
)
@pytest.mark.parametrize("failed_before", [True, False])
async def test_the_third_failure_opens_the_breaker_of_the_model(
    ask, health, scopes, row: Row, failed_before
):
    """Each call counts once; one model seen through one key says nothing of the whole provider."""
    model, credential = scopes
    if failed_before:
        health.failed(model, counts=3 - row.calls.count("A"))

    await ask(row)

    opened = health.openings()
    assert (model in opened) == failed_before
    assert not opened.keys() & {credential, provider_scope("openai")}


async def test_row_6_closes_the_key_for_the_time_that_was_named(ask, health, scopes):
    long = [head("402 Payment Required", "application/json", retry_after="90"), b"{}"]

    await ask(Row("6", fault(long), "AB", "", ""))

    opening = health.openings()[scopes[1]]
    assert 80 < opening.until - time.time() <= 90
    assert opening.is_stated
