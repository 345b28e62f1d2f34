from __future__ import annotations

from django.test import Client
from django.urls import reverse

from accounts.audit import record


def test_details_are_words_and_not_code(organisation, alice):
    record(organisation, alice, "models.approved", "Everybody", models=["demo/swift", "demo/coder"])
    client = Client()
    client.force_login(alice)

    page = client.get(reverse("audit")).content.decode()

    assert "models: demo/swift, demo/coder" in page


def test_moments_are_written_as_the_british_do(organisation, alice):
    record(organisation, alice, "team.created", "Research")
    client = Client()
    client.force_login(alice)

    page = client.get(reverse("audit")).content.decode()

    assert "a.m." not in page
    assert "p.m." not in page
