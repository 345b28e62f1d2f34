from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="providerkey",
            name="disabled_by_admin",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
