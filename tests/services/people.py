"""People with a session, an organisation and a key, written where the servers look.

    python -m tests.services.people 20

prints one JSON list: for each person the session and their user id; `sign-in` and a user id make one more
session. It runs in a process of its
own, with the settings of the servers.
"""

from __future__ import annotations

import json
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "chofesh.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from accounts.approvals import approve_models  # noqa: E402
from accounts.models import User  # noqa: E402
from accounts.organisations import create_organisation  # noqa: E402
from tests.cast import make_key, make_user  # noqa: E402

MODEL, OTHER_MODEL = "openai/gpt-6.1-sol", "openai/gpt-6-luna"


def make_person(number: int) -> dict[str, str]:
    """The owner of an organisation of their own, which reaches two models."""
    user = make_user(f"person-{number}@example.org")
    organisation = create_organisation(f"Organisation {number}", user)
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [MODEL, OTHER_MODEL], user)
    return {"user": str(user.id), "session": _session_of(user)}


def _session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    # A fast hash: nobody here ever types a password.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if sys.argv[1] == "sign-in":
        print(json.dumps([{"session": _session_of(User.objects.get(id=sys.argv[2]))}]))
    else:
        print(json.dumps([make_person(number) for number in range(int(sys.argv[1]))]))
