from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.core import context
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.adapter import invitation_of
from accounts.models import Membership, Organisation, Role, Team, User


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The page has the link to a new password already.
        self.fields["password"].help_text = ""


class SignupForm(AllauthSignupForm):  # type: ignore[misc]  # allauth has no types
    """The organisation is asked for only where signing up founds one."""

    name = forms.CharField(label=_("Your name"), max_length=100, required=False)
    organisation_name = forms.CharField(
        label=_("Name of your organisation"), max_length=100, required=False
    )
    field_order = ["name", "organisation_name", "email", "password1"]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["organisation_name"].widget.attrs["autocomplete"] = "organization"
        self.fields["organisation_name"].initial = _("My organisation")
        self.invitation = invitation_of(context.request)
        if self.invitation:
            del self.fields["organisation_name"]
            self._expect_invited_address(self.invitation.email)

    def _expect_invited_address(self, email: str) -> None:
        if email:
            self.fields["email"].initial = email
            self.fields["email"].widget.attrs["readonly"] = True


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("As the browser asks")), *settings.LANGUAGES],
        required=False,
    )

    class Meta:
        model = User
        fields = ["name", "language"]


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    class Meta:
        model = Organisation
        fields = ["name", "personal_keys_allowed", "auto_fallback_to_organisation_key"]


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("Email address"),
        required=False,
        help_text=_("With an address the link works for this address alone."),
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)

    def __init__(self, by: Membership, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["role"].choices = grantable_roles(by)  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class TeamNameForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    class Meta:
        model = Team
        fields = ["name"]


class TeamForm(forms.Form):
    members = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Members"),
    )
    restricted = forms.BooleanField(
        required=False, label=_("Members may use only the models approved for this team")
    )

    def __init__(self, team: Team, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        people = User.objects.filter(
            memberships__organisation=team.organisation_id, memberships__active=True
        )
        self.fields["members"].queryset = people.order_by("email")  # type: ignore[attr-defined]
        self.initial = {"members": team.members.all(), "restricted": team.restricted}


def grantable_roles(by: Membership) -> list[tuple[str, str]]:
    """Only owners make owners."""
    return [(role.value, str(role.label)) for role in Role if by.is_owner or role != Role.OWNER]
