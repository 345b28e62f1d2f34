"""Who is in the organisation, and the links that bring people in."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import (
    AuthenticatedHttpRequest,
    access_invitation_as_admin,
    access_membership_as_admin,
    admin_membership,
    current_membership,
)
from accounts.adapter import INVITATION
from accounts.forms import InvitationForm, RoleForm, grantable_roles
from accounts.invitations import (
    InvitationUnusableError,
    accept_invitation,
    create_invitation,
    open_invitation,
    open_invitations_of,
    withdraw_invitation,
)
from accounts.members import (
    AlreadyInOrganisationError,
    LastOwnerError,
    active_members,
    change_role,
    remove_member,
)
from accounts.models import Membership


@login_required
@require_GET
def members(request: AuthenticatedHttpRequest) -> HttpResponse:
    me = current_membership(request.user)
    return _members_page(request, me, InvitationForm(me))


@login_required
@require_POST
@never_cache
def invite(request: AuthenticatedHttpRequest) -> HttpResponse:
    me = admin_membership(request.user)
    form = InvitationForm(me, request.POST)
    if not form.is_valid():
        return _members_page(request, me, form, status=400)
    invitation, token = create_invitation(me, form.cleaned_data["role"], form.cleaned_data["email"])
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    return render(
        request, "accounts/invitation_made.html", {"invitation": invitation, "link": link}
    )


@login_required
@require_POST
def withdraw(request: AuthenticatedHttpRequest, invitation_id: UUID) -> HttpResponse:
    invitation = access_invitation_as_admin(request.user, invitation_id)
    withdraw_invitation(invitation, request.user)
    messages.success(request, _("The link no longer works."))
    return redirect("members")


@login_required
@require_POST
def role(request: AuthenticatedHttpRequest, membership_id: UUID) -> HttpResponse:
    membership = access_membership_as_admin(request.user, membership_id)
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            change_role(membership, form.cleaned_data["role"], current_membership(request.user))
            messages.success(request, _("Saved."))
        except LastOwnerError:
            messages.error(request, _last_owner_sentence())
    return redirect("members")


@login_required
@require_POST
def remove(request: AuthenticatedHttpRequest, membership_id: UUID) -> HttpResponse:
    membership = access_membership_as_admin(request.user, membership_id)
    return _end_membership(request, membership)


@login_required
@require_POST
def leave(request: AuthenticatedHttpRequest) -> HttpResponse:
    return _end_membership(request, current_membership(request.user))


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    try:
        link = open_invitation(token)
        if request.method == "POST":
            return _follow_invitation(request, token)
    except InvitationUnusableError:
        return render(request, "accounts/invitation_unusable.html", status=410)
    except AlreadyInOrganisationError as error:
        elsewhere = {"organisation": error.organisation}
        # No error status: those are logged with the address, and this link still works.
        return render(request, "accounts/invitation_elsewhere.html", elsewhere)
    return render(request, "accounts/invitation.html", {"invitation": link})


def _follow_invitation(request: HttpRequest, token: str) -> HttpResponse:
    if not request.user.is_authenticated:
        request.session[INVITATION] = token
        return redirect("account_signup")
    joined = accept_invitation(token, request.user)
    messages.success(request, _("Welcome to %(name)s.") % {"name": joined.organisation})
    return redirect("/")


def _end_membership(request: AuthenticatedHttpRequest, membership: Membership) -> HttpResponse:
    me = current_membership(request.user)
    try:
        remove_member(membership, me)
    except LastOwnerError:
        messages.error(request, _last_owner_sentence())
        return redirect("members")
    if membership.pk == me.pk:
        return render(request, "accounts/left.html", {"organisation": me.organisation})
    messages.success(request, _("%(name)s is no longer a member.") % {"name": membership.user})
    return redirect("members")


def _members_page(
    request: AuthenticatedHttpRequest, me: Membership, form: InvitationForm, status: int = 200
) -> HttpResponse:
    shown = {
        "me": me,
        "members": active_members(me.organisation),
        "roles": grantable_roles(me),
        "invitations": open_invitations_of(me.organisation) if me.is_admin else [],
        "form": form,
    }
    return render(request, "accounts/members.html", shown, status=status)


def _last_owner_sentence() -> str:
    return _(
        "Nothing was changed: an organisation needs an owner. Make somebody else an owner first."
    )
