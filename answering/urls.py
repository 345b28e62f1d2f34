from __future__ import annotations

from django.urls import path

from answering import key_switches, views

urlpatterns = [
    path("settings/keys", views.keys, name="keys"),
    path("settings/keys/new/<slug:provider_id>", views.new_key, name="key_new"),
    path("keys/<uuid:key_id>/replace", views.replace, name="key_replace"),
    path("keys/<uuid:key_id>/disable", key_switches.disable, name="key_disable"),
    path("keys/<uuid:key_id>/enable", key_switches.enable, name="key_enable"),
    path("keys/<uuid:key_id>/delete", key_switches.delete, name="key_delete"),
    path("organisation/keys", views.organisation_keys, name="organisation_keys"),
    path(
        "organisation/keys/new/<slug:provider_id>",
        views.new_organisation_key,
        name="organisation_key_new",
    ),
    path("organisation/status", views.status, name="status"),
    path("organisation/keys/undo", key_switches.undo_approval, name="approval_undo"),
    path("organisation/servers/new/<slug:provider_id>", views.new_server, name="server_new"),
    path("organisation/servers/local", views.local_models, name="local_models"),
    path("organisation/servers/ollama", key_switches.connect_ollama, name="ollama_connect"),
    path(
        "organisation/servers/<uuid:endpoint_id>/address",
        key_switches.move_endpoint,
        name="endpoint_move",
    ),
    path(
        "organisation/servers/<uuid:endpoint_id>/remove",
        key_switches.remove_endpoint,
        name="endpoint_remove",
    ),
]
