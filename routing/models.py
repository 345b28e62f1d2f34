from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import uuid7
from accounts.models import Organisation


class DecisionChangedError(Exception):
    """Receipts are insert-only: one was to be changed or deleted."""


class DecisionQuerySet(models.QuerySet["Decision"]):
    def update(self, **_values: Any) -> NoReturn:
        raise DecisionChangedError

    def bulk_update(self, *_rows: Any, **_options: Any) -> NoReturn:
        raise DecisionChangedError

    def delete(self) -> NoReturn:
        raise DecisionChangedError


class Decision(models.Model):
    """A decision as it was made. The columns repeat what lists and filters need; the receipt is the truth.

    It goes only with its organisation; a person who leaves stays on it as nobody.
    """

    class Surface(models.TextChoices):
        CHAT = "chat", _("Chat")
        API = "api", _("API")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    surface = models.CharField(max_length=4, choices=Surface.choices)
    preference = models.CharField(max_length=16)
    # Blank when no candidate was left.
    model_id = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=16)
    difficulty = models.FloatField()
    receipt = models.JSONField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-made_at"], name="routing_decisions_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id or 'nothing'} for {self.category}"

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise DecisionChangedError
        super().save(**(options | {"force_insert": True}))

    def delete(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise DecisionChangedError


class Attempt(models.Model):
    """One call to one candidate of a decision. Written when it starts, completed when it ends.

    Answers are numbered from 1. The call before them that asked what kind of message it is has the number 0.
    """

    SECOND_READING: ClassVar[int] = 0

    class Outcome(models.TextChoices):
        RUNNING = "", _("Running")
        ANSWERED = "answered", _("Answered")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(Decision, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    model_id = models.CharField(max_length=200)
    endpoint = models.CharField(max_length=60)
    # Kind and id, "org:..." or "person:...", as text: a key may be deleted, what it paid for stays.
    credential = models.CharField(max_length=60, blank=True)
    payer = models.CharField(max_length=12)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    first_token_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=40, choices=Outcome.choices, default=Outcome.RUNNING, blank=True
    )
    failure = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    retry_after_s = models.FloatField(null=True)
    # The oldest messages of the conversation that no approved model's window had room for.
    left_out_messages = models.PositiveIntegerField(default=0)
    # What was set aside for it in which budgets (answering/reserved.py), should somebody else have to book it.
    reserved = models.JSONField(null=True)
    # Whose turn it was before, and why they were not called: a list of {"model": id, "words": …}.
    passed_over = models.JSONField(null=True)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["decision", "number"], name="routing_attempt_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["started_at"],
                condition=models.Q(ended_at__isnull=True),
                name="routing_attempts_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.model_id} {self.outcome}"


class ReadingCall(models.Model):
    """A call under way that asks what kind of message it is. Its decision is made by what it says, so it is stored
    before there is one: under the id of that, and in `decision` what would have been decided without it.

    It goes when the decision is stored with its attempt, or when answering/lost_attempts.py books it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decision = models.JSONField()
    model_id = models.CharField(max_length=200)
    endpoint = models.CharField(max_length=60)
    credential = models.CharField(max_length=60, blank=True)
    payer = models.CharField(max_length=12)
    question_tokens = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    def __str__(self) -> str:
        return f"{self.model_id} is asked since {self.started_at}"


class Verdict(models.Model):
    """What a person said of one reply. It never leaves its organisation."""

    class Kind(models.TextChoices):
        GOOD = "good", _("Good")
        BAD = "bad", _("Bad")
        NOT_THIS_ONE = "not_this_one", _("Not this one")
        RETRY = "retry", _("Asked another model")

    class Reason(models.TextChoices):
        WRONG = "wrong", _("Not correct")
        INCOMPLETE = "incomplete", _("Incomplete")
        NOT_ASKED = "not_asked", _("Not what I asked")
        TONE = "tone", _("Wrong tone")
        TOO_LONG = "too_long", _("Too long")
        REFUSED = "refused", _("Refused")
        TOO_WEAK = "too_weak", _("Too weak")
        TOO_SLOW = "too_slow", _("Too slow")
        TOO_DEAR = "too_dear", _("Too expensive")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decision = models.ForeignKey(Decision, models.CASCADE, related_name="verdicts")
    # Who answered: after a fallback it is another model than the decision's.
    model_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    # The shares of the categories that count, summing to 1.
    categories = models.JSONField()
    # The probability of success that was expected; null where the decision did not list the model.
    expected_success = models.FloatField(null=True)
    # An admin may set learning back: the verdict stays, and no longer counts.
    counts = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["decision", "user", "kind"], name="routing_one_verdict_of_a_kind"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organisation", "model_id", "-created_at"],
                condition=models.Q(counts=True),
                name="routing_verdicts_of_a_model",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.model_id}"


class LearnedAbility(models.Model):
    """What an organisation's verdicts have moved, as every decision reads it: one row each."""

    organisation = models.OneToOneField(
        Organisation, models.CASCADE, primary_key=True, related_name="learned_ability"
    )
    version = models.PositiveIntegerField(default=0)
    # Logits by category id, by model id.
    shifts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Version {self.version} of {self.organisation_id}"


class OrganisationModel(models.Model):
    """A card that an organisation adds to the shipped ones, or puts in the place of one.

    The card is in the catalogue's format (routing/catalog/card.schema.json).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="own_models")
    model_id = models.CharField(max_length=200)
    card = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "model_id"], name="routing_one_card_a_model"
            )
        ]

    def __str__(self) -> str:
        return self.model_id


class Preferred(models.TextChoices):
    BALANCED = "balanced", _("Balanced")
    QUALITY = "quality", _("Quality")
    SPEED = "speed", _("Speed")
    COST = "cost", _("Cost")


class RoutingPolicy(models.Model):
    """How an organisation wants its models chosen. Without a row, the defaults hold, as version 0."""

    organisation = models.OneToOneField(
        Organisation, models.CASCADE, primary_key=True, related_name="routing_policy"
    )
    # Counts the changes; every receipt names the one it was made under.
    version = models.PositiveIntegerField(default=0)
    preference = models.CharField(
        max_length=16, choices=Preferred.choices, default=Preferred.BALANCED
    )
    auto_allowed = models.BooleanField(_("members may use Auto"), default=True)
    # What new chats start with: "auto" or a model id.
    default_model = models.CharField(max_length=200, default="auto")
    # What savings are told against; blank is the approved model of the highest mean quality.
    reference_model = models.CharField(max_length=200, blank=True)
    rules = models.JSONField(default=list)
    # Who is asked for the kind of a message whose likeliest kind has less than this share; blank is nobody.
    reader_model = models.CharField(max_length=200, blank=True, default="", db_default="")
    reader_below = models.FloatField(default=0.4, db_default=0.4)

    def __str__(self) -> str:
        return f"Version {self.version} of {self.organisation_id}"


class PersonalRouting(models.Model):
    """What a person sets for themselves, inside what their organisation allows."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="routing"
    )
    # Blank follows the organisation, here and in default_model.
    preference = models.CharField(max_length=16, choices=Preferred.choices, blank=True)
    # Model ids that Auto may choose from; null is all that are approved.
    pool = models.JSONField(null=True)
    auto_allowed = models.BooleanField(_("use Auto"), default=True)
    default_model = models.CharField(max_length=200, blank=True)
    rules = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Routing of {self.user_id}"
