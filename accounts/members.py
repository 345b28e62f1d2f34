"""Who is in an organisation, and as what. An organisation never loses its last owner."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import ForbiddenError
from accounts.audit import record
from accounts.models import Invitation, Membership, Organisation, Role, User


class LastOwnerError(Exception):
    """The organisation would be left without an owner."""


class AlreadyInOrganisationError(Exception):
    """The person is in an organisation already; they may be in one at a time."""

    def __init__(self, organisation: Organisation) -> None:
        super().__init__(f"Already in {organisation}.")
        self.organisation = organisation


def active_members(organisation: Organisation) -> list[Membership]:
    members = organisation.memberships.filter(active=True).select_related("user")
    return list(members.order_by("created_at", "id"))


@transaction.atomic
def join(user: User, organisation: Organisation, role: str) -> Membership:
    """Make the person a member; whoever was removed before comes back with the new role."""
    # Whoever follows two links at once joins one organisation.
    User.objects.select_for_update().get(pk=user.pk)
    current = (
        Membership.objects.select_related("organisation").filter(user=user, active=True).first()
    )
    if current is not None:
        raise AlreadyInOrganisationError(current.organisation)
    membership, _created = Membership.objects.update_or_create(
        user=user, organisation=organisation, defaults={"role": role, "active": True}
    )
    record(organisation, user, "member.joined", user.email, role=role)
    return membership


@transaction.atomic
def change_role(membership: Membership, role: str, by: Membership) -> None:
    membership = _locked(membership)
    _refuse_admin_over_owner(membership, by, role)
    if membership.role == role:
        return
    _refuse_last_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    _withdraw_links_of(membership)
    record(
        membership.organisation,
        by.user,
        "member.role_changed",
        membership.user.email,
        before=before,
        after=role,
    )


@transaction.atomic
def remove_member(membership: Membership, by: Membership) -> None:
    """End a membership: by an admin, or by the person who leaves.

    Their chats stay theirs; their keys in this organisation are deleted, for nobody could see,
    change or withdraw them any more.
    """
    membership = _locked(membership)
    if membership.pk != by.pk:
        _refuse_admin_over_owner(membership, by, membership.role)
    _refuse_last_owner(membership)
    membership.active = False
    membership.save(update_fields=["active"])
    _withdraw_links_of(membership)
    organisation, person = membership.organisation, membership.user
    for team in organisation.teams.filter(members=person):
        team.members.remove(person)
    keys, _by_model = organisation.provider_keys.filter(owner=person).delete()
    action = "member.left" if membership.pk == by.pk else "member.removed"
    record(organisation, by.user, action, person.email, keys_deleted=keys)


def _withdraw_links_of(membership: Membership) -> None:
    """Open invitations go with the right to make them: a link kept back would let its maker in again."""
    links = Invitation.objects.filter(
        organisation=membership.organisation_id, created_by=membership.user_id, used_at=None
    )
    if not membership.active or not membership.is_admin:
        links.delete()
    elif not membership.is_owner:
        links.filter(role=Role.OWNER).delete()


def _locked(membership: Membership) -> Membership:
    """The membership as it is now. Locking the organisation makes all such changes wait in line,
    so that two owners who remove each other cannot both succeed."""
    Organisation.objects.select_for_update().get(pk=membership.organisation_id)
    current = Membership.objects.select_related("organisation", "user").get(pk=membership.pk)
    if not current.active:
        raise ForbiddenError(_("This person is no longer a member."))
    return current


def _refuse_admin_over_owner(membership: Membership, by: Membership, role: str) -> None:
    by = Membership.objects.get(pk=by.pk)
    touches_owner = membership.is_owner or role == Role.OWNER
    if not by.active or not by.is_admin or (touches_owner and not by.is_owner):
        raise ForbiddenError(_("Only an owner may change who is an owner."))


def _refuse_last_owner(membership: Membership) -> None:
    if not membership.is_owner:
        return
    owners = Membership.objects.filter(
        organisation=membership.organisation_id, role=Role.OWNER, active=True
    )
    if owners.count() < 2:
        raise LastOwnerError
