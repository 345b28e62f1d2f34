from __future__ import annotations

from django.db import migrations, models

TABLES = ("JournalRow", "Reply", "Message", "Conversation")


def add_columns(apps, schema_editor):
    """As AddField does, which knows the tables of its own application alone. SQLite copies each table."""
    for name in TABLES:
        model = apps.get_model("chat", name)
        field = models.IntegerField(default=0, db_default=0)
        field.contribute_to_class(model, "next_version")
        schema_editor.add_field(model, field)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("chat", "0007_message_by_its_id")]
    operations = [migrations.RunPython(add_columns)]
