from __future__ import annotations

import os
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import uuid7
from accounts.users import UserManager
from providers import registry


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Organisation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    personal_keys_allowed = models.BooleanField(_("members may use their own keys"), default=True)
    auto_fallback_to_organisation_key = models.BooleanField(
        _("Auto may go on with the organisation's key when a personal key fails"), default=True
    )

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")


class Membership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"], name="one_membership_per_person"
            ),
            # Which organisation a person works in must have one answer.
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(active=True),
                name="one_active_membership_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organisation_id} as {self.role}"

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER

    @property
    def is_admin(self) -> bool:
        return self.role in {Role.OWNER, Role.ADMIN}


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="teams")
    name = models.CharField(_("name"), max_length=100)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    # A flag of its own, because a list that becomes empty must not open everything.
    restricted = models.BooleanField(_("only models approved for this team"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("organisation", Lower("name"), name="one_team_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A link that makes one person a member. Only the hash of its token is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"Invitation {self.id} as {self.role}"


class Approval(models.Model):
    """A model that members may use: everybody, or one team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="approvals")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="approvals")
    model_id = models.CharField(max_length=200)
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "model_id"],
                condition=models.Q(team=None),
                name="one_approval_per_organisation",
            ),
            models.UniqueConstraint(fields=["team", "model_id"], name="one_approval_per_team"),
        ]

    def __str__(self) -> str:
        return self.model_id


class Endpoint(models.Model):
    """Where an organisation reaches the models of a provider."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="endpoints")
    provider = models.CharField(max_length=60)
    # Blank follows the provider's address, which the server's operator may move for everybody.
    own_base_url = models.CharField(_("address"), max_length=500, blank=True)
    dialect = models.CharField(max_length=60)
    keyless = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "provider", "own_base_url"], name="one_endpoint_per_address"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} at {self.base_url}"

    @property
    def base_url(self) -> str:
        return self.own_base_url or registry.default_endpoint(self.provider, os.environ).base_url


class ProviderKey(models.Model):
    """A sealed key of a person, or, without an owner, of the organisation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="provider_keys")
    owner = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="provider_keys"
    )
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="provider_keys")
    sealed = models.TextField()
    # Counts the writes of `sealed`. It is bound into the seal, so an older text does not open.
    generation = models.PositiveIntegerField(default=1)
    last_four = models.CharField(max_length=4)
    fingerprint = models.CharField(max_length=64)
    enabled = models.BooleanField(default=True)
    # Then its owner may neither enable it nor replace it by one that is.
    disabled_by_admin = models.BooleanField(default=False, db_default=False)
    unreadable = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    tested_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_failure = models.CharField(max_length=300, blank=True)
    last_failure_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.credential} for {self.endpoint_id}"

    @property
    def credential(self) -> str:
        return f"{'person' if self.owner_id else 'org'}:{self.id}"

    @property
    def provider(self) -> str:
        return self.endpoint.provider


class OrganisationRevision(models.Model):
    # Counted by triggers only; see accounts/watched_tables.py.
    organisation_id = models.UUIDField(primary_key=True)
    number = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"Revision {self.number} of {self.organisation_id}"


class FirstOwner(models.Model):
    """At most one row: whoever inserts it founds the first organisation, everybody else may not."""

    slot = models.PositiveSmallIntegerField(primary_key=True, default=1)
    claimed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(slot=1), name="only_one_slot")]

    def __str__(self) -> str:
        return f"Claimed {self.claimed_at}"


class AuditEntryChangedError(Exception):
    """The audit log is insert-only: an entry was to be changed or deleted."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def update(self, **_values: Any) -> NoReturn:
        raise AuditEntryChangedError

    def bulk_update(self, *_entries: Any, **_options: Any) -> NoReturn:
        raise AuditEntryChangedError

    def delete(self) -> NoReturn:
        raise AuditEntryChangedError


class AuditEntry(models.Model):
    """Who did what to which thing. Never holds a secret, and outlives the rows that it names."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
    )
    actor_name = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organisation", "-at"])]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.target}"

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise AuditEntryChangedError
        super().save(**(options | {"force_insert": True}))

    def delete(self, *_places: Any, **_options: Any) -> NoReturn:
        raise AuditEntryChangedError

    @property
    def detail_words(self) -> dict[str, str]:
        return {
            name.replace("_", " "): ", ".join(map(str, value)) if isinstance(value, list) else value
            for name, value in self.detail.items()
        }
