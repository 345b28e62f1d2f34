from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import uuid7
from accounts.models import Organisation
from routing.models import Decision


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    renamed = models.BooleanField(default=False)
    # What the person chose for this conversation: "auto" or a model id. Never reset by us.
    model = models.CharField(max_length=200, default="auto")
    preference = models.CharField(max_length=16, blank=True)
    # Whether another approved model may answer where the one that was chosen by hand fails.
    may_fall_back = models.BooleanField(default=False, db_default=False)
    # What Auto stays with here as long as it can answer; blank where it chooses anew.
    pinned_model = models.CharField(max_length=200, blank=True, default="", db_default="")
    # The message at whose turn the shown branch ends.
    leaf = models.ForeignKey("Message", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    active_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index("owner", models.F("active_at").desc(), name="chat_recent"),
        ]

    def __str__(self) -> str:
        return self.title


class Message(models.Model):
    """What a person said. Replies hang below it; the next message hangs below a reply."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    parent = models.ForeignKey("Reply", models.CASCADE, null=True, related_name="next_messages")
    client_msg_id = models.UUIDField()
    text = models.TextField()
    shown_reply = models.ForeignKey("Reply", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            # Its id first: a new chat is looked for by that alone, in however many there are.
            models.UniqueConstraint(
                fields=["client_msg_id", "conversation"], name="chat_message_sent_once"
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]


class ReplyState(models.TextChoices):
    QUEUED = "queued", _("Waiting its turn")
    RUNNING = "running", _("Answering")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    INTERRUPTED = "interrupted", _("Interrupted")
    FAILED = "failed", _("Failed")


ACTIVE_STATES = (ReplyState.QUEUED, ReplyState.RUNNING)


class Reply(models.Model):
    """The assistant's message and the one run that writes it.

    While it runs, its text stands in journal rows; at the end they are folded into `text`.
    Whoever writes holds the lease: every write is fenced by (lease_owner, attempt).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="replies")
    message = models.ForeignKey(Message, models.CASCADE, related_name="replies")
    lane = models.PositiveSmallIntegerField(default=0)
    client_msg_id = models.UUIDField()
    asked_model = models.CharField(max_length=200, default="auto")
    preference = models.CharField(max_length=16, blank=True)
    # Models that the person turned down for this message ("Not this one").
    refused_models = models.JSONField(default=list)
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    # Ids of the decisions of former runs, as text: what they cost is of this reply too.
    earlier_decisions = models.JSONField(default=list, db_default=[])
    model_id = models.CharField(max_length=200, blank=True)
    # Which version is shown of what was said next, once somebody turned to one; else the newest.
    shown_message = models.UUIDField(null=True)

    state = models.CharField(max_length=12, choices=ReplyState, default=ReplyState.QUEUED)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    stop_asked = models.BooleanField(default=False)

    text = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    tool_calls = models.JSONField(default=list)
    # Characters of the text that are committed; exact once the run has ended.
    seq = models.PositiveIntegerField(default=0)
    finish = models.CharField(max_length=24, blank=True)
    failure = models.CharField(max_length=40, blank=True)
    failure_words = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation", "client_msg_id"], name="chat_reply_asked_once"
            ),
            models.UniqueConstraint(
                fields=["message", "lane"],
                condition=Q(state__in=["queued", "running"]),
                name="chat_one_active_reply_a_lane",
            ),
        ]
        indexes: ClassVar = [
            # Of all replies: SQLite cannot tell that a bound parameter meets a condition, and looked
            # through the whole table every second for those that wait.
            models.Index(fields=["state", "lease_until"], name="chat_active_replies"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id or self.asked_model}: {self.text[:60]}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def is_first_answer(self) -> bool:
        """Asked for with its message, not after it."""
        return self.client_msg_id == self.message.client_msg_id


class Continuation(models.Model):
    """A press of Continue: it counts as a message does, and the same one twice is one."""

    reply = models.ForeignKey(Reply, models.CASCADE, related_name="continuations", db_index=False)
    client_msg_id = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reply", "client_msg_id"], name="chat_continued_once")
        ]

    def __str__(self) -> str:
        return f"{self.reply_id} {self.created_at}"


class JournalRow(models.Model):
    """A piece of a running reply, committed before any browser sees it."""

    class Kind(models.TextChoices):
        TEXT = "text"
        REASONING = "reasoning"

    # No index of its own: the constraint below begins with it, and every tick writes them all.
    reply = models.ForeignKey(Reply, models.CASCADE, related_name="journal", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind, default=Kind.TEXT)
    start = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reply", "kind", "start"], name="chat_journal_once")
        ]

    def __str__(self) -> str:
        return f"{self.reply_id} {self.kind} {self.start}"
