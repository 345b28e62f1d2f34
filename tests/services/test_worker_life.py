"""Workers come up without Redis, end in order however often they are told to, and can be watched."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.services.conftest import WORKERS, Pages
from tests.services.processes import ROOT, python, wait_for
from tests.services.stack import Stack, is_healthy
from tests.services.texts import numbered
from tests.upstream_formats import Answer


def figure(stack: Stack, name: str) -> float:
    with urlopen(f"http://127.0.0.1:{stack.ports['web-1']}/metrics", timeout=30) as shown:
        families = text_string_to_metric_families(shown.read().decode())
    return next(
        sample.value for family in families for sample in family.samples if sample.name == name
    )


async def test_a_worker_that_starts_without_redis_answers(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer("Nobody was needed for this.")
    for name in ("redis", *WORKERS):
        stack.processes[name].kill()
    stack.start_worker("worker-1", wait=False)
    page = await pages.open("web-1")

    end = await page.sees_the_end(await page.ask("Is anybody there?"))

    assert end["state"] == "done"


async def test_a_worker_told_to_end_again_and_again_ends_once(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer(numbered(3000), delay_s=0.02)
    page = await pages.open("web-1")
    reply = await page.ask("Count")
    await page.reads(reply, 100)
    worker = stack.processes[stack.writer_of(reply)]
    said_before = len(worker.said())

    for _ in range(3):
        worker.signal(signal.SIGTERM)
        await asyncio.sleep(0.3)

    assert await asyncio.to_thread(worker.terminate) == 0
    assert (await page.sees_the_end(reply))["state"] == "interrupted"
    assert "Traceback" not in worker.said()[said_before:]


def test_a_worker_that_forks_is_refused_in_words(stack: Stack):
    ended = subprocess.run(
        python("celery", "-A", "chofesh", "worker", "--concurrency", "1"),
        cwd=ROOT,
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "--pool threads" in ended.stderr


async def test_a_web_process_tells_how_long_nobody_has_begun_a_reply(
    pages: Pages, upstream, stack: Stack
):
    for name in WORKERS:
        stack.processes[name].kill()
    page = await pages.open("web-1")
    reply = await page.ask("Is anybody there?")
    await asyncio.sleep(1.1)

    assert figure(stack, "chofesh_oldest_queued_seconds") > 1

    await asyncio.to_thread(stack.start_worker, "worker-1")
    await page.sees_the_end(reply)
    assert figure(stack, "chofesh_oldest_queued_seconds") == 0


async def test_what_is_asked_of_redis_in_vain_is_counted(stack: Stack):
    before = figure(stack, "chofesh_redis_errors_total")
    stack.processes["redis"].kill()

    wait_for(lambda: figure(stack, "chofesh_redis_errors_total") > before, seconds=20)


async def test_a_database_that_gives_no_connection_is_counted(stack: Stack):
    before = figure(stack, "chofesh_database_errors_total")

    with stack.database.away():
        is_healthy(stack.ports["web-1"])

    assert figure(stack, "chofesh_database_errors_total") > before


async def test_a_request_has_one_id_from_the_page_to_the_call(pages: Pages, upstream, stack: Stack):
    names = ("web-1", *WORKERS)
    upstream.default = Answer("The answer that nobody else reads.")
    usual = stack.environment
    stack.environment = usual | {"CHOFESH_LOG_FORMAT": "json", "CHOFESH_LOG_LEVEL": "INFO"}
    for name in names:
        stack.processes[name].kill()
    stack.start_web("web-1")
    stack.start_worker("worker-1")
    stack.environment = usual

    page = await pages.open("web-1")
    reply = await page.ask("The question that nobody else reads.")
    await page.sees_the_end(reply)
    await page.close()
    wait_for(lambda: sockets(stack), seconds=20)
    for name in ("web-1", "worker-1"):
        await asyncio.to_thread(stack.processes[name].terminate)

    (answered,) = [
        line
        for line in lines(stack, "worker-1")
        if line.get("reply_id") == reply and "answered" in line["message"]
    ]
    assert answered["request_id"] in {line["request_id"] for line in sockets(stack)}
    assert answered["attempt_id"]
    for name in names:
        assert "nobody else reads" not in stack.processes[name].said()


def sockets(stack: Stack) -> list[dict[str, str]]:
    return [line for line in lines(stack, "web-1") if "/ws/chat/" in line["message"]]


def lines(stack: Stack, name: str) -> list[dict[str, str]]:
    """What it logs is one object a line; what it says when it starts is for people."""
    said = stack.processes[name].said().splitlines()
    return [json.loads(line) for line in said if line.startswith("{")]
