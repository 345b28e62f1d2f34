from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import uuid7
from accounts.models import Organisation, Team
from routing.models import Attempt


class LedgerEntry(models.Model):
    """What one attempt cost: one row for each, never changed."""

    class Certainty(models.TextChoices):
        EXACT = "exact", _("as the provider counted")
        ESTIMATED = "estimated", _("estimated")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    attempt = models.OneToOneField(Attempt, models.PROTECT, related_name="ledger_entry")
    model_id = models.CharField(max_length=200)
    payer = models.CharField(max_length=12)
    # Failed tries before the answer are overhead: booked, but not charged to the person's budget.
    delivered = models.BooleanField()
    input_tokens = models.PositiveIntegerField()
    cached_input_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField()
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8)
    certainty = models.CharField(max_length=9, choices=Certainty)
    outcome = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "at"], name="usage_of_organisation"),
            models.Index(fields=["user", "at"], name="usage_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.cost_usd} USD"


class Budget(models.Model):
    """A limit on spending in a period, for the organisation, a team or a person."""

    class Period(models.TextChoices):
        DAY = "day", _("a day")
        WEEK = "week", _("a week")
        MONTH = "month", _("a month")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="budgets")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    period = models.CharField(max_length=5, choices=Period, default=Period.MONTH)
    limit_usd = models.DecimalField(max_digits=12, decimal_places=4)
    period_start = models.DateField()
    spent_usd = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    # Set aside for calls under way, so that fifty at once cannot pass the limit together.
    reserved_usd = models.DecimalField(max_digits=14, decimal_places=8, default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) | models.Q(user__isnull=True),
                name="usage_budget_of_one_scope",
            )
        ]

    def __str__(self) -> str:
        return f"{self.limit_usd} USD {self.period}"

    @property
    def is_of_organisation(self) -> bool:
        return self.team_id is None and self.user_id is None
