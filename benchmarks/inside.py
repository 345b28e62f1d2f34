"""What the bench needs inside the server's own database: people who may talk, and what was stored."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import django
import orjson

from benchmarks.pages import time_pages
from benchmarks.rows import write_rows


def prepare(people: int) -> list[str]:
    """One organisation with a key and every OpenAI model approved; a signed-in session a person."""
    from django.contrib.auth.models import AbstractBaseUser  # noqa: F401  # loads the registry

    from accounts.approvals import approve_models
    from accounts.endpoints import default_endpoint
    from accounts.members import join
    from accounts.models import Role, User
    from accounts.organisations import create_organisation
    from accounts.provider_keys import add_key
    from routing.cards import shipped_cards

    owner = User.objects.create_user("owner@example.org", None, "Owner")
    organisation = create_organisation("Bench", owner)
    add_key(default_endpoint(organisation, "openai"), None, "sk-of-no-use", owner, None)
    models = [card.id for card in shipped_cards().values() if card.provider == "openai"]
    approve_models(organisation, models, owner)
    sessions = []
    for number in range(people):
        user = User.objects.create_user(f"person-{number}@example.org", None, f"Person {number}")
        join(user, organisation, Role.MEMBER)
        sessions.append(_session_of(user))
    return sessions


def _session_of(user: object) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def stored() -> dict[str, dict[str, str]]:
    """Every reply's text as the database has it, and what is left undone."""
    from chat.models import JournalRow, Reply

    texts = {str(reply.id): reply.text for reply in Reply.objects.all()}
    return {"texts": texts, "left": {"journal rows": str(JournalRow.objects.count())}}


VERBS: dict[str, Callable[..., object]] = {
    "prepare": prepare,
    "stored": stored,
    "rows": write_rows,
    "pages": time_pages,
}


def main() -> None:
    django.setup()
    verb, *rest = sys.argv[1:]
    answer = VERBS[verb](*map(int, rest[:-1]))
    Path(rest[-1]).write_bytes(orjson.dumps(answer))


if __name__ == "__main__":
    main()
