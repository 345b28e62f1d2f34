"""Changing the root key: every key opens before, after and in between (K09 to K12)."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.encryption import root_key_id
from accounts.key_ring import create_key_ring, load_key_ring
from accounts.models import AuditEntry, ProviderKey
from accounts.provider_keys import KeyUnreadableError, api_key_for, replace_key
from tests.cast import KEY_TEXT, make_key

pytestmark = pytest.mark.usefixtures("key_ring")


def run(name: str, *arguments: str) -> str:
    output = StringIO()
    call_command(name, *arguments, stdout=output, stderr=output)
    return output.getvalue()


def roots_in_use() -> set[str]:
    return {root_key_id(key.sealed) for key in ProviderKey.objects.all()}


def test_it_moves_every_key_to_a_new_root(organisation, alice, bob):
    keys = [make_key(organisation), make_key(organisation, alice), make_key(organisation, bob)]
    old = load_key_ring().primary
    run("keys_rotate", "--new")
    assert roots_in_use() == {old}
    assert "3 keys" in run("keys_rotate", "--rewrap", "--batch", "2")
    assert roots_in_use() == {load_key_ring().primary} != {old}
    run("keys_retire", old)
    assert all(api_key_for(key.credential).reveal_for_transport() == KEY_TEXT for key in keys)
    assert "3 keys" in run("keys_check")


def test_a_dry_run_changes_nothing(organisation):
    make_key(organisation)
    before = ProviderKey.objects.values().get()
    run("keys_rotate", "--new")
    assert "1 keys would be rewritten" in run("keys_rotate", "--rewrap", "--dry-run")
    assert ProviderKey.objects.values().get() == before


def test_rewrapping_keeps_the_sealed_value_and_reencrypting_does_not(organisation):
    make_key(organisation)
    value = ProviderKey.objects.get().sealed.split(".")[3]
    run("keys_rotate", "--new")
    run("keys_rotate", "--rewrap")
    rewrapped = ProviderKey.objects.get()
    assert (rewrapped.sealed.split(".")[3], rewrapped.generation) == (value, 1)
    run("keys_rotate", "--reencrypt")
    anew = ProviderKey.objects.get()
    assert anew.sealed.split(".")[3] != value
    assert anew.generation == 2
    assert AuditEntry.objects.filter(action="key.reencrypted").count() == 1


def test_a_key_that_is_added_during_a_rotation_opens(organisation, alice):
    key = make_key(organisation)
    run("keys_rotate", "--new")
    replace_key(key, KEY_TEXT[::-1], alice, test=None)
    run("keys_rotate", "--rewrap")
    assert api_key_for(key.credential).reveal_for_transport() == KEY_TEXT[::-1]


def test_it_refuses_to_retire_a_root_that_is_needed(organisation):
    make_key(organisation)
    old = load_key_ring().primary
    with pytest.raises(CommandError, match="primary"):
        run("keys_retire", old)
    run("keys_rotate", "--new")
    with pytest.raises(CommandError, match="seals 1 keys"):
        run("keys_retire", old)


def test_an_old_backup_under_a_new_ring_is_reported_not_crashed_on(organisation, settings):
    key = make_key(organisation)
    shutil.move(settings.KEYS_DIR, str(settings.KEYS_DIR) + "-lost")
    create_key_ring(Path(settings.KEYS_DIR))
    with pytest.raises(KeyUnreadableError, match="has no key"):
        api_key_for(key.credential)
    with pytest.raises(CommandError, match="1 keys do not open"):
        run("keys_check")
    with pytest.raises(CommandError, match="1 keys do not open"):
        run("keys_rotate", "--rewrap")


def test_a_root_that_is_put_back_makes_its_keys_readable(organisation, settings):
    key = make_key(organisation)
    lost = Path(str(settings.KEYS_DIR) + "-lost")
    shutil.move(settings.KEYS_DIR, lost)
    create_key_ring(Path(settings.KEYS_DIR))
    with pytest.raises(KeyUnreadableError):
        api_key_for(key.credential)
    shutil.rmtree(settings.KEYS_DIR)
    shutil.move(lost, settings.KEYS_DIR)
    run("keys_check")
    assert not ProviderKey.objects.get().unreadable
    assert api_key_for(key.credential).reveal_for_transport() == KEY_TEXT


def test_a_ring_in_the_environment_is_changed_by_hand(settings, tmp_path):
    ring = load_key_ring()
    settings.KEYS = f"{ring.primary}:{(settings.KEYS_DIR / ring.primary).read_text().strip()}"
    with pytest.raises(CommandError, match="openssl rand -base64 32"):
        run("keys_rotate", "--new")


def test_rolling_a_whole_row_back_is_the_limit_that_is_stated(organisation, alice):
    """K12: the generation is bound into the seal, so the text alone cannot go back; a whole older
    row can, because it is what it once was. docs/keys.md says so."""
    key = make_key(organisation)
    older = ProviderKey.objects.filter(pk=key.pk).values("sealed", "generation").get()
    replace_key(key, KEY_TEXT[::-1], alice, test=None)
    ProviderKey.objects.filter(pk=key.pk).update(**older)
    assert api_key_for(key.credential).reveal_for_transport() == KEY_TEXT
    assert AuditEntry.objects.filter(action="key.replaced", detail__generation=2).exists()
