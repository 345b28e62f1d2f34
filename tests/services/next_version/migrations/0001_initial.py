from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("chat", "0003_hot_indexes")]
    operations = [
        migrations.RunSQL("ALTER TABLE chat_reply ADD COLUMN next_version integer NULL"),
        migrations.RunSQL("ALTER TABLE chat_journalrow ADD COLUMN next_version integer NULL"),
    ]
