from __future__ import annotations

from django.urls import path

from accounts import member_views, team_views, views

urlpatterns = [
    path("accounts/login/", views.login, name="account_login"),
    path("accounts/signup/", views.signup, name="account_signup"),
    path("settings/profile", views.profile, name="settings"),
    path("organisation", views.organisation, name="organisation"),
    path("organisation/audit", views.audit, name="audit"),
    path("organisation/members", member_views.members, name="members"),
    path("organisation/members/<uuid:membership_id>/role", member_views.role, name="member_role"),
    path(
        "organisation/members/<uuid:membership_id>/remove",
        member_views.remove,
        name="member_remove",
    ),
    path("organisation/leave", member_views.leave, name="leave"),
    path("organisation/invitations", member_views.invite, name="invite"),
    path(
        "organisation/invitations/<uuid:invitation_id>/withdraw",
        member_views.withdraw,
        name="invitation_withdraw",
    ),
    path("invitation/<str:token>", member_views.invitation, name="invitation"),
    path("organisation/teams", team_views.teams, name="teams"),
    path("organisation/teams/<uuid:team_id>", team_views.team, name="team"),
    path("organisation/teams/<uuid:team_id>/delete", team_views.delete, name="team_delete"),
]
