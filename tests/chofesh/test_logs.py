from __future__ import annotations

import io
import json
import logging

import pytest
from asgiref.testing import ApplicationCommunicator

from answering.log_ids import ATTEMPT, CONVERSATION, REPLY
from chofesh.asgi import application
from chofesh.logs import LineFormatter, ObjectFormatter

TOKEN = "Zk9-secret_token"


@pytest.fixture(params=[LineFormatter, ObjectFormatter], ids=["text", "json"])
def log(request):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(request.param())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def ask(path: str) -> dict[bytes, bytes]:
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    asked = ApplicationCommunicator(application, scope)
    await asked.send_input({"type": "http.request", "body": b""})
    headers = dict((await asked.receive_output(30))["headers"])
    await asked.receive_output(30)
    await asked.wait(30)
    return headers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path", [f"/invitation/{TOKEN}", f"/accounts/password/reset/key/1-{TOKEN}/"]
)
async def test_a_link_that_is_a_secret_is_in_no_line(log, path):
    await ask(path)

    assert path.rpartition("/")[0][:12] in log.getvalue()
    assert TOKEN not in log.getvalue()


@pytest.mark.django_db(transaction=True)
async def test_a_request_has_the_id_that_its_answer_names(log):
    headers = await ask("/nowhere")

    assert f"{headers[b'x-request-id'].decode()}" in log.getvalue()


def test_a_line_names_what_it_belongs_to():
    tokens = [
        (variable, variable.set(value))
        for variable, value in ((CONVERSATION, "c-1"), (REPLY, "r-1"), (ATTEMPT, "a-1"))
    ]
    record = logging.LogRecord("chat", logging.INFO, "", 1, "It %s", ("works",), None)

    line, written = LineFormatter().format(record), json.loads(ObjectFormatter().format(record))

    for variable, token in tokens:
        variable.reset(token)
    assert line.endswith("It works [conversation_id=c-1 reply_id=r-1 attempt_id=a-1]")
    assert written["message"] == "It works"
    assert [written[name] for name in ("conversation_id", "reply_id", "attempt_id")] == [
        "c-1", "r-1", "a-1",
    ]  # fmt: skip


@pytest.mark.parametrize("formatter", [LineFormatter, ObjectFormatter])
def test_nobody_writes_lines_of_their_own(formatter):
    text = "x\r\n2026 ERROR chat all is lost \x1b[31m\u2028"
    record = logging.LogRecord("chat", logging.INFO, "", 1, "model %s", (text,), None)

    line = formatter().format(record)

    assert line.isprintable()
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("formatter", [LineFormatter, ObjectFormatter])
def test_the_row_that_a_database_refused_is_left_out(formatter):
    refusal = (
        'null value in column "x"\nDETAIL:  Failing row contains (a diary entry,\n second line).'
    )
    try:
        try:
            raise ValueError(refusal)
        except ValueError as error:
            raise RuntimeError(refusal) from error
    except RuntimeError as error:
        record = logging.LogRecord(
            "chat", logging.ERROR, "", 1, "It failed", (), (type(error), error, None)
        )

    line = formatter().format(record)

    assert "null value in column" in line
    assert "diary" not in line
    assert "second line" not in line
