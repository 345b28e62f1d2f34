from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import User
from chat.models import Reply
from chofesh.metrics import serve_metrics
from routing.health import health, model_scope
from tests.chat.rows import make_queued
from tests.services.processes import free_port

TOKEN = "a token that Prometheus sends"
OLDEST = re.compile(r"^chofesh_oldest_queued_seconds (\S+)", re.MULTILINE)
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


def status(client, **asked) -> int:
    return client.get("/metrics", **asked).status_code


@pytest.mark.django_db
def test_this_machine_may_read_them(client):
    shown = client.get("/metrics").content.decode()

    for name in (
        "chofesh_replies_running", "chofesh_first_text_seconds", "chofesh_fallbacks_total",
        "chofesh_breakers_open", "chofesh_oldest_queued_seconds", "chofesh_journal_tick_seconds",
        "chofesh_database_errors_total", "chofesh_redis_errors_total", "chofesh_live_attempts",
    ):  # fmt: skip
        assert f"# TYPE {name.removesuffix('_total')}" in shown or f"# TYPE {name}" in shown


@pytest.mark.django_db
def test_others_need_the_token(client, settings):
    settings.METRICS_TOKEN = TOKEN

    assert status(client, **ELSEWHERE) == 401
    assert status(client, headers={"Authorization": "Bearer wrong"}, **ELSEWHERE) == 401
    assert status(client, headers={"Authorization": f"Bearer {TOKEN}"}, **ELSEWHERE) == 200


@pytest.mark.django_db
def test_without_a_token_set_none_opens_them(client, settings):
    settings.METRICS_TOKEN = ""

    assert status(client, headers={"Authorization": "Bearer "}, **ELSEWHERE) == 401


@pytest.mark.django_db
def test_behind_a_proxy_this_machine_is_nobody_in_particular(client, settings):
    settings.PUBLIC_URLS = ["https://chat.example.org"]

    assert status(client) == 401


def test_an_owner_may_not_and_a_superuser_may(client, alice, organisation):
    client.force_login(alice)
    assert status(client, **ELSEWHERE) == 403

    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    assert status(client, **ELSEWHERE) == 200


@pytest.mark.django_db
def test_an_open_breaker_is_counted_by_provider_and_names_no_key(client):
    scope = model_scope("key:secret-id", "openai:0198", "openai/gpt-6-luna")
    health.failed(scope, counts=0, opens_s=600)
    try:
        shown = client.get("/metrics").content.decode()
    finally:
        health.reset(scope)

    assert 'chofesh_breakers_open{provider="openai",scope="model"} 1.0' in shown
    assert "secret-id" not in shown


@pytest.mark.django_db(transaction=True)
def test_statements_that_find_the_database_away_are_counted(client):
    def errors() -> float:
        found = re.search(
            r"^chofesh_database_errors_total (\S+)",
            client.get("/metrics").content.decode(),
            re.MULTILINE,
        )
        assert found
        return float(found[1])

    def away(*_statement: object) -> None:
        raise OperationalError("the database is away")

    before = errors()
    connection.connect()
    # Inside of what counts, as a driver that refuses.
    connection.execute_wrappers.append(away)
    try:
        with connection.cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SELECT 1")
    finally:
        connection.execute_wrappers.remove(away)

    assert errors() == before + 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_shows_its_own_at_a_port(settings):
    settings.HOST, settings.METRICS_TOKEN = "127.0.0.1", TOKEN
    settings.PUBLIC_URLS = ["https://chat.example.org"]
    port = free_port()
    serve_metrics(port)
    address = f"http://127.0.0.1:{port}/metrics"

    with pytest.raises(HTTPError, match="401"):
        urlopen(address, timeout=20)
    with urlopen(
        Request(address, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=20
    ) as read:
        assert b"chofesh_replies_running" in read.read()


@pytest.mark.django_db(transaction=True)
def test_a_worker_says_whether_it_can_write(settings):
    settings.HOST = "127.0.0.1"
    port = free_port()
    serve_metrics(port)

    with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as read:
        assert json.load(read) == {"status": "ok", "database": "ok", "loop": "ok"}


def test_a_reply_waits_since_it_was_asked_for_last(client, alice, organisation):
    def age() -> float:
        found = OLDEST.search(client.get("/metrics").content.decode())
        assert found
        return float(found[1])

    assert age() == 0
    reply = make_queued(alice)
    Reply.objects.filter(id=reply.id).update(created_at=timezone.now() - timedelta(hours=2))
    assert 7200 <= age() < 7300

    reply.continuations.create(client_msg_id=uuid4())
    assert age() < 60
