from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0006_continuations")]

    operations = [
        migrations.RemoveConstraint(model_name="message", name="chat_message_sent_once"),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("client_msg_id", "conversation"), name="chat_message_sent_once"
            ),
        ),
    ]
