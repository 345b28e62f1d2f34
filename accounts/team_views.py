from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import teams as verbs
from accounts.access import (
    AuthenticatedHttpRequest,
    access_organisation_as_admin,
    access_team_as_admin,
)
from accounts.forms import TeamForm, TeamNameForm


@login_required
@require_http_methods(["GET", "POST"])
def teams(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = access_organisation_as_admin(request.user)
    form = TeamNameForm(request.POST or None)
    if form.is_valid():
        try:
            team = verbs.create_team(organisation, form.cleaned_data["name"], request.user)
            return redirect("team", team.pk)
        except verbs.TeamNameTakenError:
            form.add_error("name", _("There is a team of this name already."))
    listed = organisation.teams.prefetch_related("members").order_by("name")
    return render(request, "accounts/teams.html", {"form": form, "teams": listed})


@login_required
@require_http_methods(["GET", "POST"])
def team(request: AuthenticatedHttpRequest, team_id: UUID) -> HttpResponse:
    mine = access_team_as_admin(request.user, team_id)
    form = TeamForm(mine, request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/team.html", {"form": form, "team": mine})
    verbs.set_members(mine, [user.pk for user in form.cleaned_data["members"]], request.user)
    verbs.set_restricted(mine, request.user, restricted=form.cleaned_data["restricted"])
    messages.success(request, _("Saved."))
    return redirect("teams")


@login_required
@require_POST
def delete(request: AuthenticatedHttpRequest, team_id: UUID) -> HttpResponse:
    verbs.delete_team(access_team_as_admin(request.user, team_id), request.user)
    messages.success(request, _("The team was deleted. Its members stay in the organisation."))
    return redirect("teams")
