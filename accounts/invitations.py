from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import ForbiddenError
from accounts.audit import record
from accounts.members import join
from accounts.models import Invitation, Membership, Organisation, Role, User
from accounts.users import normalised_email

TOKEN_BYTES = 32
LIFETIME = timedelta(days=7)


class InvitationUnusableError(Exception):
    """The link was used, has expired, was withdrawn, never was, or is for another address."""


def create_invitation(by: Membership, role: str, email: str = "") -> tuple[Invitation, str]:
    """An invitation and its token, which can be seen this once: only its hash is stored."""
    if role == Role.OWNER and not by.is_owner:
        raise ForbiddenError(_("Only an owner may invite an owner."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            organisation=by.organisation,
            token_hash=_hash(token),
            email=normalised_email(email),
            role=role,
            created_by=by.user,
            expires_at=timezone.now() + LIFETIME,
        )
        record(
            by.organisation, by.user, "invitation.created", email or str(invitation.pk), role=role
        )
    return invitation, token


def open_invitation(token: str) -> Invitation:
    invitation = _open_invitations().filter(token_hash=_hash(token)).first()
    if invitation is None:
        raise InvitationUnusableError
    return invitation


def open_invitations_of(organisation: Organisation) -> list[Invitation]:
    return list(_open_invitations().filter(organisation=organisation).order_by("-created_at"))


@transaction.atomic
def accept_invitation(token: str, user: User) -> Membership:
    """Use the link up and make its user a member; of two who use it at once one succeeds."""
    invitation = open_invitation(token)
    if invitation.email and invitation.email != normalised_email(user.email):
        raise InvitationUnusableError
    # The condition is in the UPDATE itself, so the database decides who was first.
    used = _open_invitations().filter(pk=invitation.pk).update(used_at=timezone.now(), used_by=user)
    if not used:
        raise InvitationUnusableError
    return join(user, invitation.organisation, invitation.role)


@transaction.atomic
def withdraw_invitation(invitation: Invitation, by: User) -> None:
    target = invitation.email or str(invitation.pk)
    record(invitation.organisation, by, "invitation.withdrawn", target)
    invitation.delete()


def _open_invitations() -> models.QuerySet[Invitation]:
    return Invitation.objects.select_related("organisation").filter(
        used_at=None, expires_at__gt=timezone.now()
    )


def _hash(token: str) -> str:
    # The token is 256 random bits, so a plain hash cannot be guessed back.
    return hashlib.sha256(token.encode()).hexdigest()
