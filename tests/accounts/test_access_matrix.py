"""Every route, asked by every actor (tests/access_table.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.identifiers import uuid7
from tests.access_table import (
    ACTORS,
    NOTHING,
    ROUTES,
    SIGNED_ADDRESSES,
    THINGS,
    Route,
    World,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("key_ring")]
REFUSED = {401, 403, 404}
# What differs between two renderings of the same page.
FRESH = re.compile(rb'(nonce|value|content)="[\w+/=-]{16,}"')


def signed_in_as(world: World, actor: str, *, checks_csrf: bool = False) -> Client:
    client = Client(enforce_csrf_checks=checks_csrf)
    user = world.actor(actor)
    if user is not None:
        client.force_login(user)
    return client


def address(route: Route, world: World) -> str:
    return reverse(
        route.name, kwargs={name: THINGS[thing](world) for name, thing in route.things.items()}
    )


def ask(client: Client, route: Route, url: str):
    if route.method == "GET":
        return client.get(url)
    return client.post(url, dict(route.data))


TABLES = [
    model._meta.db_table
    for model in apps.get_models(include_auto_created=True)
    if model is not Session
]


def all_rows() -> dict[str, list[tuple[object, ...]]]:
    """The whole database but for the sessions, which note who asked; as stored, without a model."""
    with connection.cursor() as cursor:
        return {table: rows_of(cursor, table) for table in TABLES}


def rows_of(cursor: CursorWrapper, table: str) -> list[tuple[object, ...]]:
    cursor.execute(f'SELECT * FROM "{table}"')
    return sorted(cursor.fetchall(), key=str)


def names_in(patterns: list[URLPattern | URLResolver]) -> Iterator[str | None]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names_in(pattern.url_patterns)
        else:
            yield pattern.name


def test_every_url_pattern_has_a_row():
    named = set(names_in(get_resolver().url_patterns))
    assert named == {route.name for route in ROUTES} | SIGNED_ADDRESSES


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_route_answers_every_actor_as_the_table_says(route):
    world = World()
    url = address(route, world)
    answers = {}
    for actor in ACTORS:
        # Each meets the same world: what one of them changed is taken back.
        with transaction.atomic():
            answers[actor] = probe(route, url, signed_in_as(world, actor))
            transaction.set_rollback(True)
    assert answers == route.expected


def probe(route: Route, url: str, client: Client) -> int:
    before = all_rows()
    response = ask(client, route, url)
    if response.status_code in REFUSED or _is_sent_to_login(response):
        assert all_rows() == before
    status: int = response.status_code
    return status


def _is_sent_to_login(response: HttpResponseBase) -> bool:
    return response.headers.get("Location", "").startswith("/accounts/login/")


ADDRESSED = [route for route in ROUTES if 404 in route.expected.values()]


@pytest.mark.parametrize("route", ADDRESSED, ids=str)
def test_what_is_not_yours_looks_like_what_never_was(route):
    world = World()
    client = signed_in_as(world, "charlie")
    theirs = ask(client, route, address(route, world))
    nothing = reverse(
        route.name, kwargs={name: NOTHING.get(name, uuid7()) for name in route.things}
    )
    never = ask(client, route, nothing)
    assert theirs.status_code == never.status_code == 404
    assert FRESH.sub(b"", theirs.content) == FRESH.sub(b"", never.content)
    assert FRESH.sub(b"", theirs.content) == FRESH.sub(b"", client.get("/no/such/page").content)


UNSAFE = [route for route in ROUTES if route.method == "POST"]


@pytest.mark.parametrize("route", UNSAFE, ids=str)
def test_a_form_without_its_token_changes_nothing(route):
    world = World()
    url = address(route, world)
    client = signed_in_as(world, "alice", checks_csrf=True)
    before = all_rows()
    assert ask(client, route, url).status_code == 403
    assert all_rows() == before


READ = [route for route in ROUTES if route.method == "GET"]


@pytest.mark.parametrize("route", READ, ids=str)
def test_reading_again_changes_nothing_and_no_page_can_be_framed(route):
    world = World()
    url = address(route, world)
    client = signed_in_as(world, "bob" if "bobs" in str(route.things) else "alice")
    ask(client, route, url)
    before = all_rows()
    response = ask(client, route, url)
    assert all_rows() == before
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("route", UNSAFE, ids=str)
def test_a_change_cannot_be_made_by_following_a_link(route):
    world = World()
    url = address(route, world)
    client = signed_in_as(world, "alice")
    before = all_rows()
    assert client.get(url).status_code in {200, 302, 403, 404, 405}
    assert all_rows() == before
