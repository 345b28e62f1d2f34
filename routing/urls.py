from __future__ import annotations

from django.urls import path

from routing import learning_views, playground_views, policy_views, rule_views, views

OURS = {"scope": "organisation"}
MINE = {"scope": "person"}

urlpatterns = [
    path("organisation/models", views.models, name="models"),
    path("organisation/models/approve", views.approve, name="approve_models"),
    path(
        "organisation/models/approve-sensible-set",
        views.approve_sensible_set,
        name="approve_sensible_set",
    ),
    path("organisation/models/unapprove", views.unapprove, name="unapprove_models"),
    path("organisation/routing", policy_views.policy, name="policy"),
    path("organisation/routing/learned", learning_views.learned, name="learned"),
    path("organisation/routing/learned/reset", learning_views.reset, name="learned_reset"),
    path("organisation/routing/rules/new", rule_views.rule, OURS, name="policy_rule_new"),
    path("organisation/routing/rules/<int:number>", rule_views.rule, OURS, name="policy_rule"),
    path(
        "organisation/routing/rules/<int:number>/move",
        rule_views.move,
        OURS,
        name="policy_rule_move",
    ),
    path(
        "organisation/routing/rules/<int:number>/delete",
        rule_views.delete,
        OURS,
        name="policy_rule_delete",
    ),
    path("organisation/routing/rules.json", rule_views.export, OURS, name="policy_rules_export"),
    path("organisation/routing/rules/import", rule_views.take, OURS, name="policy_rules_import"),
    path("organisation/routing/rules/test", rule_views.test, OURS, name="policy_rules_test"),
    path("settings/routing", policy_views.my_routing, name="my_routing"),
    path("settings/routing/rules/new", rule_views.rule, MINE, name="my_rule_new"),
    path("settings/routing/rules/<int:number>", rule_views.rule, MINE, name="my_rule"),
    path("settings/routing/rules/<int:number>/move", rule_views.move, MINE, name="my_rule_move"),
    path(
        "settings/routing/rules/<int:number>/delete", rule_views.delete, MINE, name="my_rule_delete"
    ),
    path("settings/routing/rules.json", rule_views.export, MINE, name="my_rules_export"),
    path("settings/routing/rules/import", rule_views.take, MINE, name="my_rules_import"),
    path("settings/routing/rules/test", rule_views.test, MINE, name="my_rules_test"),
    path("playground", playground_views.playground, name="playground"),
    path("playground/batch", playground_views.batch, name="playground_batch"),
]
