from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from accounts.models import User


def user_of_session(session_key: str | None) -> User | None:
    """Whom a session belongs to now: nobody after a sign-out, a new password or a deactivation."""
    if not session_key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key).load()
    if BACKEND_SESSION_KEY not in session:
        return None
    user = User.objects.filter(pk=session[SESSION_KEY], is_active=True).first()
    if user is None:
        return None
    signed = session.get(HASH_SESSION_KEY, "")
    return user if constant_time_compare(signed, user.get_session_auth_hash()) else None
