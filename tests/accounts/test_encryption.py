"""What an attacker must not be able to do with the database (K01 to K07)."""

from __future__ import annotations

import base64
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.encryption import (
    BrokenSealError,
    Place,
    UnknownRootKeyError,
    UnreadableSecretError,
    fingerprint,
    open_sealed,
    rewrap,
    root_key_id,
    seal,
)
from accounts.key_ring import KeyRing

SECRET = "sk-test-0123456789abcdefghijklmnopqrstuv"
RING = KeyRing("old", {"old": bytes(range(7, 224, 7))[:32].ljust(32, b"\xf1")})
TWO_ROOTS = KeyRing("new", {**RING.roots, "new": bytes(range(11, 200, 5))[:32]})
PLACE = Place(
    table="accounts_providerkey",
    column="sealed",
    pk="0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b11",
    org="0192f6c2-0000-7000-8000-000000000001",
    owner="",
    provider="openai",
    base_url="",
    generation=1,
)


def test_it_opens_what_it_sealed():
    assert open_sealed(seal(SECRET, PLACE, RING), PLACE, RING) == SECRET


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_it_opens_any_text(secret):
    assert open_sealed(seal(secret, PLACE, RING), PLACE, RING) == secret


def test_it_never_seals_the_same_way_twice():
    assert seal(SECRET, PLACE, RING) != seal(SECRET, PLACE, RING)


@pytest.mark.parametrize("length", [1, 20, 40, 63])
def test_a_sealed_text_does_not_show_the_length_of_the_secret(length):
    assert len(seal("x" * length, PLACE, RING)) == len(seal("x", PLACE, RING))


def test_a_sealed_text_holds_nothing_of_the_secret():
    sealed = seal(SECRET, PLACE, RING)
    assert SECRET[3:] not in sealed
    assert base64.urlsafe_b64encode(SECRET.encode()).decode()[4:20] not in sealed


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("table", "accounts_user"),
        ("column", "fingerprint"),
        ("pk", "0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b12"),
        ("org", "0192f6c2-0000-7000-8000-000000000002"),
        ("owner", "0192f6c2-0000-7000-8000-00000000000a"),
        ("provider", "anthropic"),
        ("base_url", "https://evil.example"),
        ("generation", 2),
    ],
)
def test_a_sealed_text_does_not_open_in_another_place(field, other):
    sealed = seal(SECRET, PLACE, RING)
    with pytest.raises(BrokenSealError):
        open_sealed(sealed, replace(PLACE, **{field: other}), RING)


@pytest.mark.parametrize("taken", [2, 3], ids=["data key", "value"])
def test_the_parts_of_two_sealed_texts_do_not_mix(taken):
    one, other = (seal(SECRET, PLACE, RING).split(".") for _ in range(2))
    one[taken] = other[taken]
    with pytest.raises(BrokenSealError):
        open_sealed(".".join(one), PLACE, RING)


def test_no_character_of_a_sealed_text_can_be_changed():
    sealed = seal(SECRET, PLACE, RING)
    alphabet = string.ascii_letters + string.digits + "-_.="
    for position, original in enumerate(sealed):
        other = alphabet[(alphabet.index(original) + 1) % len(alphabet)]
        changed = sealed[:position] + other + sealed[position + 1 :]
        with pytest.raises(UnreadableSecretError):
            open_sealed(changed, PLACE, RING)


@pytest.mark.parametrize(
    "stored",
    ["", SECRET, "v0." + SECRET, "v1." + SECRET, "v0.old.YWJj.YWJj", "v1.old..", "v1.old.YQ.YQ"],
)
def test_what_was_never_sealed_is_refused(stored):
    with pytest.raises(UnreadableSecretError):
        open_sealed(stored, PLACE, RING)


def test_an_unsealed_version_of_a_real_text_is_refused():
    with pytest.raises(BrokenSealError):
        open_sealed(seal(SECRET, PLACE, RING).replace("v1.", "v0.", 1), PLACE, RING)


def test_a_rewrapped_text_opens_without_the_old_root():
    sealed = rewrap(seal(SECRET, PLACE, RING), PLACE, TWO_ROOTS)
    only_new = KeyRing("new", {"new": TWO_ROOTS.roots["new"]})
    assert root_key_id(sealed) == "new"
    assert open_sealed(sealed, PLACE, only_new) == SECRET


def test_a_text_of_an_unknown_root_names_it():
    sealed = seal(SECRET, PLACE, TWO_ROOTS)
    with pytest.raises(UnknownRootKeyError, match="'new'"):
        open_sealed(sealed, PLACE, RING)


def test_a_root_key_under_another_name_does_not_open():
    renamed = KeyRing("new", {"new": RING.roots["old"]})
    sealed = seal(SECRET, PLACE, RING).replace("v1.old.", "v1.new.")
    with pytest.raises(BrokenSealError):
        open_sealed(sealed, PLACE, renamed)


def test_errors_hold_nothing_of_the_secret():
    with pytest.raises(UnreadableSecretError) as caught:
        open_sealed(SECRET, PLACE, RING)
    assert SECRET not in str(caught.value)


def test_the_ring_does_not_show_its_roots():
    assert repr(RING) == "KeyRing(primary='old')"


def test_equal_keys_of_two_organisations_have_different_fingerprints():
    one, other = (fingerprint(SECRET, org, "old", RING) for org in ("a", "b"))
    assert one != other
    assert one == fingerprint(SECRET, "a", "old", RING)
