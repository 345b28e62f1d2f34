from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User


def users_of_sessions(session_keys: Collection[str]) -> dict[str, User]:
    """Whom each session belongs to now; none after a sign-out, a new password or a deactivation.

    Two queries, however many sessions it is asked for.
    """
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    kept = {row.session_key: row.get_decoded() for row in rows}
    ids = {session[SESSION_KEY] for session in kept.values() if SESSION_KEY in session}
    people = {str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True)}
    found = {key: people.get(session.get(SESSION_KEY, "")) for key, session in kept.items()}
    return {
        key: user
        for key, user in found.items()
        if user and _is_signed(user, kept[key].get(HASH_SESSION_KEY, ""))
    }


def _is_signed(user: User, signature: str) -> bool:
    """With the password that the person has now."""
    return constant_time_compare(signature, user.get_session_auth_hash())
