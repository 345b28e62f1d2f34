"""Who may sign up, and what a new account becomes.

The first person founds the first organisation. Afterwards an invitation link is needed, unless
CHOFESH_SIGNUP=open: then whoever comes without a link gets an organisation of their own.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.invitations import InvitationUnusableError, accept_invitation, open_invitation
from accounts.language import language_of_request, remember_language
from accounts.members import AlreadyInOrganisationError
from accounts.models import Invitation, User
from accounts.organisations import (
    AlreadyFoundedError,
    create_organisation,
    found_first_organisation,
    is_founded,
)

# The session remembers the link that a visitor opened until their account exists.
INVITATION = "invitation"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return (
            not is_founded()
            or settings.CHOFESH_SIGNUP == "open"
            or invitation_of(request) is not None
        )

    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> User:  # noqa: FBT001, FBT002  # allauth's signature
        """The account and its place in an organisation are made together or not at all."""
        user.name = form.cleaned_data.get("name", "")
        user.language = language_of_request()
        try:
            with transaction.atomic():
                super().save_user(request, user, form, commit)
                _give_place(request, user, form.cleaned_data.get("organisation_name"))
        except (AlreadyFoundedError, InvitationUnusableError, AlreadyInOrganisationError):
            closed = render(request, "account/signup_closed.html", status=403)
            raise ImmediateHttpResponse(closed) from None
        except IntegrityError:
            # Two forms with one address were sent at the same moment.
            page = render(request, "account/signup_twice.html", status=409)
            raise ImmediateHttpResponse(page) from None
        request.session.pop(INVITATION, None)
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            page = render(request, "account/too_many_attempts.html", status=429)
            page["Retry-After"] = "60"
            raise ImmediateHttpResponse(page) from None

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **options)
        remember_language(response, user)
        return response


def invitation_of(request: HttpRequest) -> Invitation | None:
    try:
        return open_invitation(request.session.get(INVITATION, ""))
    except InvitationUnusableError:
        return None


def _give_place(request: HttpRequest, user: User, organisation_name: str | None) -> None:
    name = organisation_name or _("My organisation")
    if INVITATION in request.session:
        accept_invitation(request.session[INVITATION], user)
    elif not is_founded():
        found_first_organisation(name, user)
    elif settings.CHOFESH_SIGNUP == "open":
        create_organisation(name, user)
    else:
        raise InvitationUnusableError
