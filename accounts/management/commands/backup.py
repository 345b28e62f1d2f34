from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.backups import BackupError, back_up, back_up_keys
from accounts.key_ring import KeyRingError


class Command(BaseCommand):
    help = (
        "Copy the database while the server runs. The key ring is copied apart, if you say where."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where a folder with the copy is made")
        parser.add_argument("--keys", type=Path, help="another place, for a copy of the key ring")

    def handle(self, *_arguments: str, **options: Any) -> None:
        try:
            keys = back_up_keys(options["keys"], options["folder"]) if options["keys"] else None
            self.stdout.write(f"The database was copied to {back_up(options['folder'])}")
        except (BackupError, KeyRingError) as error:
            raise CommandError(str(error)) from error
        if keys:
            self.stdout.write(f"The key ring was copied to {keys}")
            self.stdout.write("Keep the two apart: together they open every stored provider key.")
        else:
            ring = "CHOFESH_KEYS" if settings.KEYS else settings.KEYS_DIR
            self.stdout.write(
                f"The key ring ({ring}) was not copied. Without it no stored provider key opens: "
                "keep a copy in another place (--keys)."
            )
