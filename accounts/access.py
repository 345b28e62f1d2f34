"""Fetch and permission in one act: nobody gets a row of `accounts` past these functions.

A stranger meets `NotFoundError`, the same as for a row that never was; a member without the right
meets `ForbiddenError` and its sentence. `accounts/middleware.py` makes pages of both.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet, UUIDField
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Endpoint, Invitation, Membership, Organisation, ProviderKey, Team, User
from accounts.prepared import PreparedQuery

Row = TypeVar("Row", bound=Model)


class NotFoundError(Exception):
    """There is no such thing, or none that this person may know of."""


class ForbiddenError(Exception):
    """The person may see the thing but not do this. The message is a sentence for them."""


class AuthenticatedHttpRequest(HttpRequest):
    user: User


def current_membership(user: User) -> Membership:
    membership = (
        Membership.objects.select_related("organisation").filter(user=user, active=True).first()
    )
    if membership is None or not user.is_active:
        raise ForbiddenError(
            _("You are not in an organisation at the moment. Ask an admin for an invitation link.")
        )
    return membership


_LOCKED = PreparedQuery(
    lambda user_id: (
        Membership.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(user=user_id, active=True)
    ),
    UUIDField(),
)


def locked_membership(user: User) -> Membership:
    """As `current_membership`, and whoever asks for it next waits until this transaction ends."""
    return _LOCKED.first(user.pk) or current_membership(user)


def access_organisation(user: User) -> Organisation:
    return current_membership(user).organisation


def admin_membership(user: User) -> Membership:
    membership = current_membership(user)
    if not membership.is_admin:
        raise ForbiddenError(_("Only admins of your organisation may do this."))
    return membership


def access_organisation_as_admin(user: User) -> Organisation:
    return admin_membership(user).organisation


def access_provider_key(user: User, key_id: UUID) -> ProviderKey:
    """One's own key, or as an admin the organisation's: to see it masked, replace it, switch it."""
    key = _key_of_organisation(user, key_id)
    if key.owner_id is None:
        admin_membership(user)
    elif key.owner_id != user.pk:
        raise NotFoundError
    return key


def access_provider_key_to_withdraw(user: User, key_id: UUID) -> ProviderKey:
    """As `access_provider_key`; admins may also disable or delete the keys of members."""
    key = _key_of_organisation(user, key_id)
    if key.owner_id == user.pk:
        return key
    if key.owner_id is not None and not current_membership(user).is_admin:
        raise NotFoundError
    admin_membership(user)
    return key


def access_provider_key_to_enable(user: User, key_id: UUID) -> ProviderKey:
    """As `access_provider_key`; what an admin disabled, an admin enables."""
    key = _key_of_organisation(user, key_id)
    if not key.disabled_by_admin:
        return access_provider_key(user, key_id)
    if key.owner_id == user.pk and not current_membership(user).is_admin:
        raise ForbiddenError(_("An admin disabled this key. Ask them to enable it."))
    return access_provider_key_to_withdraw(user, key_id)


def access_provider_key_to_delete(user: User, key_id: UUID) -> ProviderKey:
    """As `access_provider_key_to_withdraw`; deleting what an admin disabled would be a way to add it again."""
    key = access_provider_key_to_withdraw(user, key_id)
    if key.disabled_by_admin and not current_membership(user).is_admin:
        raise ForbiddenError(_("An admin disabled this key. Ask them to delete it."))
    return key


def access_endpoint_as_admin(user: User, endpoint_id: UUID) -> Endpoint:
    endpoint = _found(_of_organisation(Endpoint.objects.all(), user), endpoint_id)
    admin_membership(user)
    return endpoint


def access_team_as_admin(user: User, team_id: UUID) -> Team:
    team = _found(_of_organisation(Team.objects.all(), user), team_id)
    admin_membership(user)
    return team


def access_membership_as_admin(user: User, membership_id: UUID) -> Membership:
    members = Membership.objects.select_related("user", "organisation").filter(active=True)
    membership = _found(_of_organisation(members, user), membership_id)
    admin_membership(user)
    return membership


def access_invitation_as_admin(user: User, invitation_id: UUID) -> Invitation:
    invitation = _found(_of_organisation(Invitation.objects.all(), user), invitation_id)
    admin_membership(user)
    return invitation


def _key_of_organisation(user: User, key_id: UUID) -> ProviderKey:
    keys = ProviderKey.objects.select_related("endpoint", "organisation", "owner")
    return _found(_of_organisation(keys, user), key_id)


def _of_organisation(rows: QuerySet[Row], user: User) -> QuerySet[Row]:
    return rows.filter(organisation=current_membership(user).organisation_id)


def _found(rows: QuerySet[Row], row_id: UUID) -> Row:
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotFoundError
    return row
