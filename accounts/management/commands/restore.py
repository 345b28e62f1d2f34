from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.backups import BackupError, copy_keys, refuse_used, restore
from accounts.key_ring import KeyRingError


class Command(BaseCommand):
    help = "Put a backup into an empty place: stop the server first. Nothing is ever replaced."
    # The database that a check would look into is the one that is missing.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="a folder that `manage.py backup` made")
        parser.add_argument("--keys", type=Path, help="the copy of the key ring, if it is lost")

    def handle(self, *_arguments: str, **options: Any) -> None:
        try:
            if options["keys"]:
                refuse_used(Path(settings.KEYS_DIR))
            restore(options["backup"])
            self.stdout.write("The database was restored. People sign in again.")
            if options["keys"]:
                copy_keys(options["keys"], Path(settings.KEYS_DIR))
                self.stdout.write(f"The key ring was put back to {settings.KEYS_DIR}")
        except (BackupError, KeyRingError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            "Before you start the server, see that its keys open: manage.py keys_check"
        )
