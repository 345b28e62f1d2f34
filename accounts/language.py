from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language

from accounts.models import User

ONE_YEAR_S = 365 * 24 * 60 * 60


def language_of_request() -> str:
    """What a new account keeps: replies are also written where no browser can be asked.

    Empty for the default, which needs no keeping.
    """
    language = get_language() or settings.LANGUAGE_CODE
    return "" if language == settings.LANGUAGE_CODE else language


def remember_language(response: HttpResponse, user: User) -> None:
    """Let this browser speak the person's language; without a choice it follows the browser's."""
    if not user.language:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        max_age=ONE_YEAR_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
