from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.approvals import approve_models
from accounts.audit import record
from accounts.identifiers import uuid7
from accounts.models import FirstOwner, Membership, Organisation, Role, User
from providers.dialects.demo import DEMO_MODELS

SLUG_CHARACTERS = 50


class AlreadyFoundedError(Exception):
    """Another person founded the first organisation a moment ago."""


@transaction.atomic
def found_first_organisation(name: str, owner: User) -> Organisation:
    """Of any number of people who try at once exactly one succeeds."""
    try:
        with transaction.atomic():
            FirstOwner.objects.create()
    except IntegrityError:
        raise AlreadyFoundedError from None
    return create_organisation(name, owner)


def is_founded() -> bool:
    return FirstOwner.objects.exists()


@transaction.atomic
def create_organisation(name: str, owner: User) -> Organisation:
    """A new organisation can chat at once: the built-in demo models are approved."""
    organisation = Organisation.objects.create(name=name, slug=_free_slug(name))
    Membership.objects.create(organisation=organisation, user=owner, role=Role.OWNER)
    record(organisation, owner, "organisation.created", name)
    approve_models(organisation, [f"demo/{name}" for name in DEMO_MODELS], by=None)
    return organisation


@transaction.atomic
def change_settings(organisation: Organisation, by: User) -> None:
    """Store the settings that a form has put on `organisation`."""
    before = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changes = {
        name: getattr(organisation, name)
        for name in ("name", "personal_keys_allowed", "auto_fallback_to_organisation_key")
        if getattr(organisation, name) != getattr(before, name)
    }
    if changes:
        organisation.save(update_fields=changes)
        record(organisation, by, "organisation.changed", organisation.name, **changes)


def _free_slug(name: str) -> str:
    # A name in Hebrew leaves nothing that a slug may hold.
    slug = slugify(name)[:SLUG_CHARACTERS].strip("-") or "organisation"
    if Organisation.objects.filter(slug=slug).exists():
        return f"{slug}-{uuid7().hex[-6:]}"
    return slug
