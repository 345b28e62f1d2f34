from __future__ import annotations

from django.urls import path

from usage import views

urlpatterns = [
    path("usage", views.my_usage, name="usage"),
    path("organisation/usage", views.organisation_usage, name="organisation_usage"),
]
