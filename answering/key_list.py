"""Keys as people see them: never the secret, only what tells one key from another."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Membership, Organisation, ProviderKey
from providers.registry import PROVIDERS

FINGERPRINT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class KeyRow:
    id: UUID
    provider: str
    address: str
    owner: str
    last_four: str
    fingerprint: str
    enabled: bool
    disabled_by_admin: bool
    unreadable: bool
    has_twin: bool
    tested_at: datetime | None
    last_used_at: datetime | None
    last_failure: str
    last_failure_at: datetime | None


def keys_of_person(me: Membership) -> list[KeyRow]:
    return _rows(me.organisation.provider_keys.filter(owner=me.user))


def keys_of_organisation(organisation: Organisation) -> list[KeyRow]:
    return _rows(organisation.provider_keys.filter(owner=None))


def keys_of_members(organisation: Organisation) -> list[KeyRow]:
    """For admins, who may switch these off but not read them: without the last four."""
    return _rows(organisation.provider_keys.exclude(owner=None), is_masked=True)


def _rows(keys: QuerySet[ProviderKey], *, is_masked: bool = False) -> list[KeyRow]:
    listed = list(keys.select_related("endpoint", "owner").order_by("id"))
    seen = Counter(key.fingerprint for key in listed)
    return [
        KeyRow(
            id=key.id,
            provider=PROVIDERS[key.endpoint.provider].name,
            address=key.endpoint.own_base_url,
            owner=str(key.owner or ""),
            last_four="" if is_masked else key.last_four,
            fingerprint="" if is_masked else _in_groups(key.fingerprint),
            enabled=key.enabled,
            disabled_by_admin=key.disabled_by_admin,
            unreadable=key.unreadable,
            has_twin=seen[key.fingerprint] > 1 and not is_masked,
            tested_at=key.tested_at,
            last_used_at=key.last_used_at,
            last_failure=key.last_failure,
            last_failure_at=key.last_failure_at,
        )
        for key in listed
    ]


def _in_groups(fingerprint: str) -> str:
    shown = fingerprint[:FINGERPRINT_DIGITS]
    return " ".join(shown[start : start + 4] for start in range(0, len(shown), 4))
