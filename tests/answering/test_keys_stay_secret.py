"""S59: through good answers and every kind of failure a key is seen by its provider alone."""

from __future__ import annotations

import base64
import logging
from urllib.parse import quote

import pytest
from django.core import serializers
from django.db import connection

from accounts.approvals import approve_models
from tests.answering.asking import ask_for, heard
from tests.cast import make_key
from tests.chat.rows import OTHER_MODEL
from tests.upstream_formats import Answer

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "sk-canary-K7fQ9zT2+mX/4vB8nL1cR6wY0sD3gH5j"
FORMS = (
    CANARY,
    CANARY.removeprefix("sk-"),
    quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    CANARY[-12:],
    CANARY[3:15],
)
ECHO = f"Incorrect API key provided: {CANARY}. Authorization: Bearer {CANARY}"
FAULTS = [
    Answer("All is well."),
    Answer(status=401, error_message=ECHO),
    Answer(status=400, error_message=ECHO),
    Answer(status=403, error_message=ECHO),
    Answer(status=404, error_message=ECHO),
    Answer(status=429, error_message=ECHO, retry_after="60"),
    Answer(status=500, error_message=ECHO),
    Answer(status=529, error_message=ECHO, error_body={"error": {"message": ECHO, "key": CANARY}}),
    Answer(status=500, error_body=f"<html>{ECHO}</html>"),
    Answer("Half an answer", cut_after=1),
]


def whole_database() -> str:
    """Every cell of every table, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cells = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            cells += [str(cell) for row in cursor.fetchall() for cell in row]
    return "\n".join(cells)


@pytest.mark.parametrize(
    "answer",
    FAULTS,
    ids=lambda each: f"{each.status} {each.text or type(each.error_body).__name__}",
)
async def test_a_key_stands_nowhere_after_a_call(
    connected, alice, upstream, caplog, capfd, in_database, answer
):
    caplog.set_level(logging.DEBUG)
    await in_database(connected.provider_keys.all().delete)()
    await in_database(make_key)(connected, None, CANARY)
    await in_database(approve_models)(connected, [OTHER_MODEL], alice)
    upstream.default = answer

    told = await heard(ask_for(alice, connected))

    written = capfd.readouterr()
    places = {
        "logs": caplog.text + str([record.__dict__ for record in caplog.records]),
        "output": written.out + written.err,
        "events": repr(told.events),
        "error": f"{told.error!r} {told.error} {getattr(told.error, 'words', '')}",
        "rows": await in_database(whole_database)(),
    }
    found = [(place, form) for place, text in places.items() for form in FORMS if form in text]
    assert found == []
    assert upstream.asked[0].key == CANARY


async def test_the_key_goes_in_its_header_and_nowhere_else(connected, alice, upstream, in_database):
    await in_database(connected.provider_keys.all().delete)()
    await in_database(make_key)(connected, None, CANARY)

    await heard(ask_for(alice, connected))

    asked = upstream.asked[0]
    assert [name for name, value in asked.headers.items() if CANARY in value] == ["authorization"]
    assert CANARY not in str(asked.body)


async def test_a_provider_learns_nothing_of_the_person(connected, alice, upstream, in_database):
    """S62."""
    await heard(ask_for(alice, connected))

    asked = upstream.asked[0]
    sent = str(asked.headers) + str(asked.body)
    for secret in (alice.email, str(alice.id), str(connected.id), connected.name):
        assert secret not in sent
    assert not {"cookie", "referer", "origin", "x-forwarded-for"} & set(asked.headers)


def test_a_stored_key_is_serialised_without_its_text(organisation, key_ring):
    key = make_key(organisation, None, CANARY)

    text = serializers.serialize("json", [key]) + repr(key) + str(key)

    assert [form for form in FORMS if form in text] == []
    assert key.last_four == CANARY[-4:]
