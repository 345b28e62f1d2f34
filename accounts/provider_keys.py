"""The life of a provider key: added, replaced, switched off and on, opened for a call, deleted.

A key is tried with a real call before it is stored. The call is made by whoever passes `test`
in, because `accounts` speaks to nobody; it raises when the key does not work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, UUIDField
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import encryption
from accounts.access import ForbiddenError
from accounts.audit import record
from accounts.key_ring import KeyRing, KeyRingError, load_key_ring
from accounts.models import Endpoint, Organisation, ProviderKey, User
from accounts.prepared import PreparedQuery
from providers.secret import SecretStr

KeyTest = Callable[[Endpoint, SecretStr], None]
# A shorter secret would show too much of itself.
LEAST_CHARACTERS_TO_SHOW_FOUR = 16
# `last_used_at` is for people: one write a minute is enough.
LAST_USED_PRECISION = timedelta(minutes=1)


class KeyUnavailableError(Exception):
    """A credential cannot be used now.

    - KeyWithdrawnError: deleted, disabled, or no longer allowed
    - KeyUnreadableError: stored, but it does not open; it must be entered again
    """


class KeyWithdrawnError(KeyUnavailableError):
    pass


class KeyUnreadableError(KeyUnavailableError):
    pass


def add_key(
    endpoint: Endpoint, owner: User | None, text: str, by: User, test: KeyTest | None
) -> ProviderKey:
    """Store a key of a person, or without `owner` of the organisation.

    Raises whatever `test` raises, or ForbiddenError for a key of theirs that an admin disabled, before
    anything is stored; without a test the key stays marked as untested.
    """
    tested_at = _tested(test, endpoint, text)
    key = ProviderKey(
        organisation=endpoint.organisation, owner=owner, endpoint=endpoint, generation=0
    )
    _seal(key, text, load_key_ring())
    _refuse_disabled(key)
    key.tested_at = tested_at
    with transaction.atomic():
        key.save(force_insert=True)
        _record(key, by, "key.added")
    return key


def replace_key(key: ProviderKey, text: str, by: User, test: KeyTest | None) -> None:
    """Put another secret in the place of the old one; the key is then readable, and enabled unless an admin disabled it."""
    tested_at = _tested(test, key.endpoint, text)
    with transaction.atomic():
        _lock(key)
        _seal(key, text, load_key_ring())
        _refuse_disabled(key)
        key.tested_at = tested_at
        key.enabled = not key.disabled_by_admin
        key.last_failure, key.last_failure_at = "", None
        key.save()
        _record(key, by, "key.replaced")


def disable_key(key: ProviderKey, by: User) -> None:
    """By somebody else than its owner, it stays so until an admin enables it."""
    by_admin = key.disabled_by_admin or key.owner_id not in {None, by.pk}
    _switch(key, by, enabled=False, disabled_by_admin=by_admin)


def enable_key(key: ProviderKey, by: User) -> None:
    """Call with a key that `access_provider_key_to_enable` gave."""
    _switch(key, by, enabled=True, disabled_by_admin=False)


@transaction.atomic
def delete_key(key: ProviderKey, by: User) -> None:
    _record(key, by, "key.deleted")
    key.delete()


def usable_keys(user: User, organisation: Organisation) -> list[ProviderKey]:
    """The keys that may pay for this person's calls: their own first, then the organisation's."""
    whose = Q(owner=None)
    if organisation.personal_keys_allowed:
        whose |= Q(owner=user)
    keys = organisation.provider_keys.filter(whose, enabled=True, unreadable=False)
    return list(keys.select_related("endpoint").order_by(F("owner").asc(nulls_last=True), "id"))


_KEY = PreparedQuery(
    lambda pk: ProviderKey.objects.select_related("endpoint", "organisation").filter(pk=pk),
    UUIDField(),
)


def credential_key(credential: str) -> ProviderKey:
    """The key of a credential: "org:<uuid>" or "person:<uuid>". Raises KeyWithdrawnError."""
    key = _KEY.first(_key_id(credential))
    if key is None or key.credential != credential:
        raise KeyWithdrawnError
    return key


def api_key_for(credential: str) -> SecretStr:
    """As `opened`, of the key that `credential_key` gives."""
    return opened(credential_key(credential))


def opened(key: ProviderKey) -> SecretStr:
    """The secret of a key; call it just before the wire. Raises KeyWithdrawnError or KeyUnreadableError."""
    if not key.enabled:
        raise KeyWithdrawnError
    if key.owner_id is not None and not key.organisation.personal_keys_allowed:
        raise KeyWithdrawnError
    try:
        secret = SecretStr(encryption.open_sealed(key.sealed, place_of(key), load_key_ring()))
    except KeyRingError as error:
        # Nothing is wrong with the key: it opens again once the ring is back.
        raise KeyUnreadableError(str(error)) from error
    except encryption.UnreadableSecretError as error:
        ProviderKey.objects.filter(pk=key.pk).update(unreadable=True)
        raise KeyUnreadableError(str(error)) from error
    _mark_used(key)
    return secret


def mark_rejected(credential: str, words: str) -> None:
    """The provider refused the key: its owner reads these words beside it."""
    ProviderKey.objects.filter(pk=_key_id(credential)).update(
        last_failure=words[:300], last_failure_at=timezone.now()
    )


def mark_working(credential: str) -> None:
    failed = ProviderKey.objects.filter(pk=_key_id(credential)).exclude(last_failure="")
    # Asked after every good answer: only a key that failed before is worth a write.
    if failed.exists():
        failed.update(last_failure="", last_failure_at=None)


def duplicates_of(key: ProviderKey) -> list[ProviderKey]:
    """Other keys of the organisation with the same secret, as far as one root key sealed them."""
    same = key.organisation.provider_keys.filter(fingerprint=key.fingerprint)
    return list(same.exclude(pk=key.pk))


def is_readable(key: ProviderKey, ring: KeyRing) -> bool:
    try:
        encryption.open_sealed(key.sealed, place_of(key), ring)
    except encryption.UnreadableSecretError:
        return False
    return True


def rewrap_key(key: ProviderKey, ring: KeyRing) -> None:
    """Seal the data key with the primary root. Call with the row locked; the secret stays as it
    is, but its fingerprint belongs to the root and moves with it."""
    text = encryption.open_sealed(key.sealed, place_of(key), ring)
    key.sealed = encryption.rewrap(key.sealed, place_of(key), ring)
    key.fingerprint = _fingerprint(key, text, ring)
    key.save(update_fields=["sealed", "fingerprint"])


def reencrypt_key(key: ProviderKey, ring: KeyRing) -> None:
    """Seal the secret anew with a data key of its own. Call with the row locked."""
    text = encryption.open_sealed(key.sealed, place_of(key), ring)
    _seal(key, text, ring)
    key.save(update_fields=["sealed", "fingerprint", "generation"])
    _record(key, None, "key.reencrypted")


def place_of(key: ProviderKey) -> encryption.Place:
    """What the seal is bound to: change any of it and the key must be entered again."""
    return encryption.Place(
        table=ProviderKey._meta.db_table,
        column="sealed",
        pk=str(key.pk),
        org=str(key.organisation_id),
        owner=str(key.owner_id or ""),
        provider=key.endpoint.provider,
        base_url=key.endpoint.own_base_url,
        generation=key.generation,
    )


def _seal(key: ProviderKey, text: str, ring: KeyRing) -> None:
    key.generation += 1
    key.sealed = encryption.seal(text, place_of(key), ring)
    key.unreadable = False
    key.last_four = text[-4:] if len(text) >= LEAST_CHARACTERS_TO_SHOW_FOUR else ""
    key.fingerprint = _fingerprint(key, text, ring)


def _fingerprint(key: ProviderKey, text: str, ring: KeyRing) -> str:
    return encryption.fingerprint(text, str(key.organisation_id), ring.primary, ring)


def _tested(test: KeyTest | None, endpoint: Endpoint, text: str) -> datetime | None:
    if test is None:
        return None
    test(endpoint, SecretStr(text))
    return timezone.now()


def _refuse_disabled(key: ProviderKey) -> None:
    """The same secret by another door."""
    if key.owner_id and any(
        twin.disabled_by_admin and twin.owner_id == key.owner_id for twin in duplicates_of(key)
    ):
        raise ForbiddenError(_("An admin disabled this key. Ask them to enable it."))


def _switch(key: ProviderKey, by: User, *, enabled: bool, disabled_by_admin: bool) -> None:
    with transaction.atomic():
        # As it was when the right was checked: an admin may have disabled it since.
        checked = ProviderKey.objects.filter(pk=key.pk, disabled_by_admin=key.disabled_by_admin)
        changed = checked.exclude(enabled=enabled, disabled_by_admin=disabled_by_admin)
        if changed.update(enabled=enabled, disabled_by_admin=disabled_by_admin):
            key.enabled, key.disabled_by_admin = enabled, disabled_by_admin
            _record(key, by, "key.enabled" if enabled else "key.disabled")


def _lock(key: ProviderKey) -> None:
    key.refresh_from_db(from_queryset=ProviderKey.objects.select_for_update())


def _key_id(credential: str) -> UUID:
    return UUID(credential.partition(":")[2])


def _mark_used(key: ProviderKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_PRECISION:
        ProviderKey.objects.filter(pk=key.pk).update(last_used_at=now)


def _record(key: ProviderKey, by: User | None, action: str) -> None:
    record(
        key.organisation,
        by,
        action,
        key.endpoint.provider,
        key=key.credential,
        generation=key.generation,
        last_four=key.last_four,
    )
