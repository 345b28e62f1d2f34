from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField, QuerySet, UUIDField
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import Membership, User
from accounts.prepared import PreparedQuery

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
    """As `members_of_sessions`, for one."""
    data = _data_of(session_key)
    if SESSION_KEY not in data:
        return None
    membership = _MEMBER.first(UUID(data[SESSION_KEY]))
    return _signed_in(membership.user, data) if membership else None


def members_of_sessions(session_keys: Collection[str]) -> dict[str, User]:
    """Whom each session belongs to now; none after a sign-out, a new password, a deactivation or
    the end of a membership.

    Two queries, however many sessions it is asked for.
    """
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    kept = {row.session_key: row.get_decoded() for row in rows}
    ids = {UUID(session[SESSION_KEY]) for session in kept.values() if SESSION_KEY in session}
    people = {str(member.user_id): member.user for member in _members(ids)}
    found = {
        key: _signed_in(people[session[SESSION_KEY]], session)
        for key, session in kept.items()
        if session.get(SESSION_KEY) in people
    }
    return {key: user for key, user in found.items() if user}


def is_signed_in(session_key: str | None) -> bool:
    """Whether the session belongs to somebody, a member or not."""
    data = _data_of(session_key) if session_key else {}
    if SESSION_KEY not in data:
        return False
    user = User.objects.filter(pk=data[SESSION_KEY], is_active=True).first()
    return user is not None and _signed_in(user, data) is not None


def _data_of(session_key: str) -> dict[str, str]:
    session = _SESSION.first(session_key, timezone.now())
    return session.get_decoded() if session else {}


def _members(ids: Collection[UUID]) -> QuerySet[Membership]:
    active = Membership.objects.filter(user_id__in=ids, active=True, user__is_active=True)
    return active.select_related("user")


def _signed_in(user: User, session: dict[str, str]) -> User | None:
    """Signed with the password that the person has now."""
    signature = session.get(HASH_SESSION_KEY, "")
    return user if constant_time_compare(signature, user.get_session_auth_hash()) else None
