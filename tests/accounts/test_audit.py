from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.audit import record
from accounts.models import AuditEntry, AuditEntryChangedError


@pytest.fixture
def entry(organisation, alice) -> AuditEntry:
    return record(organisation, alice, "thing.done", "target", number=1)


def test_an_entry_cannot_be_changed(entry):
    entry.action = "nothing.done"
    with pytest.raises(AuditEntryChangedError):
        entry.save()
    with pytest.raises(AuditEntryChangedError):
        AuditEntry.objects.update(action="nothing.done")
    with pytest.raises(AuditEntryChangedError):
        AuditEntry.objects.bulk_update([entry], ["action"])


def test_an_entry_cannot_be_deleted(entry):
    with pytest.raises(AuditEntryChangedError):
        entry.delete()
    with pytest.raises(AuditEntryChangedError):
        AuditEntry.objects.all().delete()


def test_an_entry_outlives_the_person(entry, bob, organisation):
    record(organisation, bob, "thing.done", "target")
    bob.delete()
    assert AuditEntry.objects.filter(actor_name="bob@example.org").exists()


def test_an_admin_reads_the_log_of_their_organisation(client, alice, entry, charlie):
    client.force_login(alice)
    assert "thing.done" in client.get(reverse("audit")).content.decode()
    client.force_login(charlie)
    assert "thing.done" not in client.get(reverse("audit")).content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_log_has_no_way_to_write(client, alice, entry, method):
    client.force_login(alice)
    assert getattr(client, method)(reverse("audit")).status_code == 405
