from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField, QuerySet, UUIDField
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import Membership, User
from accounts.prepared import PreparedQuery

# Of so many sockets as one process may well have open.
SESSIONS = 4096
_SESSION = PreparedQuery(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now),
    CharField(),
    DateTimeField(),
)
_MEMBER = PreparedQuery(
    lambda user_id: _members([user_id]),
    UUIDField(),
)


def member_of_session(session_key: str) -> User | None:
    """Whose it is now; nobody's after a sign-out, a new password, a deactivation or the end of a membership."""
    user_id, signature = _said_in(session_key)
    membership = _MEMBER.first(UUID(user_id)) if user_id else None
    if membership is None or not _is_signed(signature, membership.user.password):
        return None
    return membership.user


def signed_in_of(session_keys: Collection[str]) -> set[str]:
    """Those that belong to a member now; none after a sign-out, a new password, a deactivation or
    the end of a membership.

    Two queries, however many sessions it is asked for, and what it read a moment ago is not read
    again.
    """
    kept = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    said = {key: _said_by(data) for key, data in kept.values_list("session_key", "session_data")}
    ids = {UUID(user_id) for user_id, _signature in said.values() if user_id}
    passwords = dict(_members(ids).values_list("user_id", "user__password"))
    return {
        key
        for key, (user_id, signature) in said.items()
        if user_id and _is_signed(signature, passwords.get(UUID(user_id)))
    }


def is_signed_in(session_key: str | None) -> bool:
    """Whether the session belongs to somebody, a member or not."""
    user_id, signature = _said_in(session_key) if session_key else ("", "")
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    return user is not None and _is_signed(signature, user.password)


def _said_in(session_key: str) -> tuple[str, str]:
    session = _SESSION.first(session_key, timezone.now())
    return _said_by(session.session_data) if session else ("", "")


@lru_cache(maxsize=SESSIONS)
def _said_by(session_data: str) -> tuple[str, str]:
    """Who is signed in by this, and the signature that was made with their password."""
    data = Session(session_data=session_data).get_decoded()
    return data.get(SESSION_KEY, ""), data.get(HASH_SESSION_KEY, "")


def _is_signed(signature: str, password: str | None) -> bool:
    """With the password that the person has now."""
    return password is not None and constant_time_compare(signature, _signature_of(password))


@lru_cache(maxsize=SESSIONS)
def _signature_of(password: str) -> str:
    return User(password=password).get_session_auth_hash()


def _members(ids: Collection[UUID]) -> QuerySet[Membership]:
    active = Membership.objects.filter(user_id__in=ids, active=True, user__is_active=True)
    return active.select_related("user")
