from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import (
    ForbiddenError,
    access_provider_key_to_delete,
    access_provider_key_to_enable,
)
from accounts.models import AuditEntry, Organisation, ProviderKey
from accounts.provider_keys import (
    KeyUnreadableError,
    KeyWithdrawnError,
    add_key,
    api_key_for,
    delete_key,
    disable_key,
    duplicates_of,
    enable_key,
    mark_rejected,
    mark_working,
    replace_key,
    usable_keys,
)
from tests.cast import KEY_TEXT, make_endpoint, make_key

pytestmark = pytest.mark.usefixtures("key_ring")
OTHER_TEXT = "sk-test-another-key-of-the-same-length-0"


class RefusedError(Exception):
    pass


def refuse(endpoint, secret):
    raise RefusedError


def opened(key: ProviderKey) -> str:
    return api_key_for(key.credential).reveal_for_transport()


def test_it_tests_a_key_before_it_stores_it(organisation, alice):
    with pytest.raises(RefusedError):
        add_key(make_endpoint(organisation), None, KEY_TEXT, alice, test=refuse)
    assert not ProviderKey.objects.exists()


def test_the_test_gets_the_key_and_its_endpoint(organisation, alice):
    seen = []
    endpoint = make_endpoint(organisation)
    key = add_key(
        endpoint,
        None,
        KEY_TEXT,
        alice,
        test=lambda *given: seen.append((given[0], given[1].reveal_for_transport())),
    )
    assert seen == [(endpoint, KEY_TEXT)]
    assert key.tested_at is not None


def test_a_key_can_be_opened_again(organisation, alice):
    assert opened(make_key(organisation)) == KEY_TEXT
    assert opened(make_key(organisation, alice)) == KEY_TEXT


def test_the_database_holds_only_the_last_four(organisation):
    key = make_key(organisation)
    row = ProviderKey.objects.filter(pk=key.pk).values().get()
    assert row["last_four"] == KEY_TEXT[-4:]
    assert KEY_TEXT[:-4] not in json.dumps(row, default=str)


def test_a_short_key_does_not_show_its_last_four(organisation):
    assert make_key(organisation, text="short-key").last_four == ""


def test_the_audit_log_holds_no_key(organisation, alice):
    key = make_key(organisation)
    replace_key(key, OTHER_TEXT, alice, test=None)
    delete_key(key, alice)
    entries = AuditEntry.objects.filter(action__startswith="key.")
    assert sorted(entry.action for entry in entries) == ["key.added", "key.deleted", "key.replaced"]
    assert KEY_TEXT[:-4] not in str(list(entries.values()))


def test_a_replaced_key_is_a_new_generation(organisation, alice):
    key = make_key(organisation)
    mark_rejected(key.credential, "Rejected")
    disable_key(key, alice)
    replace_key(key, OTHER_TEXT, alice, test=None)
    key.refresh_from_db()
    assert (key.generation, key.enabled, key.last_failure) == (2, True, "")
    assert opened(key) == OTHER_TEXT


def test_the_older_text_of_a_key_does_not_open_in_its_new_generation(organisation, alice):
    key = make_key(organisation)
    older = key.sealed
    replace_key(key, OTHER_TEXT, alice, test=None)
    ProviderKey.objects.filter(pk=key.pk).update(sealed=older)
    with pytest.raises(KeyUnreadableError):
        api_key_for(key.credential)


@pytest.mark.parametrize("columns", [("sealed",), ("sealed", "generation", "fingerprint")])
def test_keys_swapped_between_owners_do_not_open(organisation, alice, bob, columns):
    one, other = make_key(organisation, alice), make_key(organisation, bob, OTHER_TEXT)
    for column in columns:
        mine, theirs = getattr(one, column), getattr(other, column)
        ProviderKey.objects.filter(pk=one.pk).update(**{column: theirs})
        ProviderKey.objects.filter(pk=other.pk).update(**{column: mine})
    for key in (one, other):
        with pytest.raises(KeyUnreadableError):
            api_key_for(key.credential)


def test_a_key_does_not_open_for_another_organisation(organisation, charlie):
    elsewhere = Organisation.objects.exclude(pk=organisation.pk).get()
    key = make_key(organisation)
    ProviderKey.objects.filter(pk=key.pk).update(
        organisation=elsewhere, endpoint=make_endpoint(elsewhere)
    )
    with pytest.raises(KeyUnreadableError):
        api_key_for(key.credential)


@pytest.mark.parametrize(
    "change", [{"provider": "anthropic"}, {"own_base_url": "https://evil.example"}]
)
def test_a_key_does_not_open_for_another_address(organisation, change):
    key = make_key(organisation)
    organisation.endpoints.filter(pk=key.endpoint_id).update(**change)
    with pytest.raises(KeyUnreadableError):
        api_key_for(key.credential)


def test_a_plain_text_in_the_column_is_refused_and_marked(organisation, alice):
    key = make_key(organisation)
    ProviderKey.objects.filter(pk=key.pk).update(sealed=KEY_TEXT)
    with pytest.raises(KeyUnreadableError) as caught:
        api_key_for(key.credential)
    assert KEY_TEXT not in str(caught.value)
    assert usable_keys(alice, organisation) == []


def test_personal_keys_come_first(organisation, bob):
    shared, personal = make_key(organisation), make_key(organisation, bob)
    assert usable_keys(bob, organisation) == [personal, shared]


def test_nobody_uses_the_personal_key_of_another(organisation, alice, bob):
    make_key(organisation, bob)
    assert usable_keys(alice, organisation) == []


def test_personal_keys_wait_while_the_organisation_forbids_them(organisation, bob):
    personal = make_key(organisation, bob)
    organisation.personal_keys_allowed = False
    organisation.save()
    assert usable_keys(bob, organisation) == []
    with pytest.raises(KeyWithdrawnError):
        api_key_for(personal.credential)


def test_a_disabled_key_is_not_used_until_it_is_enabled(organisation, alice):
    key = make_key(organisation)
    disable_key(key, alice)
    assert usable_keys(alice, organisation) == []
    with pytest.raises(KeyWithdrawnError):
        api_key_for(key.credential)
    enable_key(key, alice)
    assert usable_keys(alice, organisation) == [key]


def test_a_deleted_key_is_withdrawn(organisation, alice):
    key = make_key(organisation)
    credential = key.credential
    delete_key(key, alice)
    with pytest.raises(KeyWithdrawnError):
        api_key_for(credential)


def test_a_credential_of_the_wrong_kind_is_withdrawn(organisation):
    key = make_key(organisation)
    with pytest.raises(KeyWithdrawnError):
        api_key_for(f"person:{key.pk}")


def test_a_rejection_stands_beside_the_key_until_it_works_again(organisation):
    key = make_key(organisation)
    mark_rejected(key.credential, "The provider does not know this key.")
    key.refresh_from_db()
    assert key.last_failure == "The provider does not know this key."
    mark_working(key.credential)
    key.refresh_from_db()
    assert key.last_failure == ""


def test_it_notes_the_last_use_once_a_minute(organisation):
    key = make_key(organisation)
    opened(key)
    key.refresh_from_db()
    first = key.last_used_at
    opened(key)
    key.refresh_from_db()
    assert key.last_used_at == first
    ProviderKey.objects.update(last_used_at=timezone.now() - timedelta(hours=1))
    opened(key)
    key.refresh_from_db()
    assert key.last_used_at != first


def test_duplicates_are_seen_inside_one_organisation_only(organisation, alice, charlie):
    elsewhere = Organisation.objects.exclude(pk=organisation.pk).get()
    shared, personal = make_key(organisation), make_key(organisation, alice)
    foreign = make_key(elsewhere)
    assert duplicates_of(shared) == [personal]
    assert duplicates_of(foreign) == []
    assert foreign.fingerprint != shared.fingerprint


def test_what_an_admin_disabled_its_owner_cannot_bring_back(organisation, alice, bob):
    key = make_key(organisation, bob)
    disable_key(key, alice)

    with pytest.raises(ForbiddenError):
        access_provider_key_to_enable(bob, key.pk)
    with pytest.raises(ForbiddenError):
        access_provider_key_to_delete(bob, key.pk)
    replace_key(key, KEY_TEXT + "2", bob, test=None)
    assert usable_keys(bob, organisation) == []
    with pytest.raises(ForbiddenError):
        add_key(key.endpoint, bob, KEY_TEXT + "2", bob, test=None)

    enable_key(access_provider_key_to_enable(alice, key.pk), alice)
    assert usable_keys(bob, organisation) == [key]


def test_what_its_owner_disabled_an_admin_may_still_disable(organisation, alice, bob):
    key = make_key(organisation, bob)
    disable_key(key, bob)
    disable_key(key, alice)

    with pytest.raises(ForbiddenError):
        access_provider_key_to_enable(bob, key.pk)


def test_a_key_disabled_while_its_owner_enables_it_stays_disabled(organisation, alice, bob):
    key = make_key(organisation, bob)
    disable_key(key, bob)
    checked = access_provider_key_to_enable(bob, key.pk)
    disable_key(key, alice)

    enable_key(checked, bob)

    assert usable_keys(bob, organisation) == []
