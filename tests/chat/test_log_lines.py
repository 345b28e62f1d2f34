from __future__ import annotations

import io
import json
import logging

import pytest

from chofesh.logs import ObjectFormatter
from tests.upstream_formats import Answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log():
    """Everything that anybody logs, at the level that says most."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(ObjectFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def test_a_reply_s_lines_name_its_attempt_and_hold_no_text(log, connected, upstream, tab):
    upstream.default = Answer("The answer that nobody else reads.")
    await tab.hello()
    ack = await tab.ask("The question that nobody else reads.")
    await tab.until("done")

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [line for line in lines if line["message"].endswith("answered")]
    assert (line["reply_id"], line["conversation_id"]) == (ack["reply"], ack["conversation"])
    assert line["attempt_id"]
    assert "nobody else reads" not in log.getvalue()
