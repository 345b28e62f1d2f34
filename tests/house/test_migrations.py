"""A new version migrates while processes of the one before still write: their INSERTs must fit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations import AddField, Migration
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

ROOT = Path(__file__).parents[2]
OURS = ("accounts", "chat", "routing", "usage")
FIRST = [("accounts", "0001_initial"), ("chat", "0002_initial"), ("routing", "0001_initial")]


def later_migrations() -> Iterator[tuple[str, type[Migration]]]:
    """All but those that make the tables in the first place."""
    for app in OURS:
        for path in sorted((ROOT / app / "migrations").glob("0*.py")):
            migration = import_module(f"{app}.migrations.{path.stem}").Migration
            if not migration.initial and not path.stem.startswith("0001_"):
                yield f"{app}.{path.stem}", migration


ADDED = [
    pytest.param(operation.field, id=f"{name} {operation.model_name}.{operation.name}")
    for name, migration in later_migrations()
    for operation in migration.operations
    if isinstance(operation, AddField)
]


@pytest.mark.parametrize("field", ADDED)
def test_an_added_column_is_filled_by_the_database(field):
    """Whoever does not know of it leaves it out."""
    assert field.null or field.many_to_many or field.has_db_default()


@pytest.mark.django_db
def test_the_first_version_can_still_store_a_chat_a_key_and_a_policy(organisation, alice):
    first = MigrationLoader(connection).project_state(FIRST).apps

    endpoint = first.get_model("accounts", "Endpoint").objects.create(
        organisation_id=organisation.pk, provider="openai"
    )
    first.get_model("accounts", "ProviderKey").objects.create(
        organisation_id=organisation.pk, endpoint=endpoint, sealed="x", fingerprint="x"
    )
    first.get_model("routing", "RoutingPolicy").objects.create(organisation_id=organisation.pk)
    conversation = first.get_model("chat", "Conversation").objects.create(
        organisation_id=organisation.pk, owner_id=alice.pk, active_at=timezone.now()
    )
    message = first.get_model("chat", "Message").objects.create(
        conversation=conversation, client_msg_id=uuid4(), text="Hello"
    )
    reply = first.get_model("chat", "Reply").objects.create(
        conversation=conversation, message=message, client_msg_id=uuid4()
    )

    from chat.models import Reply

    now = Reply.objects.select_related("conversation").get(id=reply.pk)
    assert (now.earlier_decisions, now.conversation.pinned_model) == ([], "")
