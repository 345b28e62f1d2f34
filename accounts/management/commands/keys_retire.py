from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import encryption
from accounts.key_ring import KeyRingError, load_key_ring, remove_root
from accounts.models import ProviderKey


class Command(BaseCommand):
    help = "Delete a root key that seals nothing any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="the root key's id, as keys_check shows it")

    def handle(self, *_arguments: str, **options: Any) -> None:
        key_id = options["id"]
        try:
            ring = load_key_ring()
        except KeyRingError as error:
            raise CommandError(str(error)) from error
        if key_id not in ring.roots:
            raise CommandError(f"The ring has no key {key_id}: it has {', '.join(ring.roots)}.")
        if key_id == ring.primary:
            raise CommandError(f"{key_id} is the primary key. First: keys_rotate --new")
        prefix = encryption.prefix_of(key_id)
        in_use = ProviderKey.objects.filter(sealed__startswith=prefix).count()
        if in_use:
            raise CommandError(f"{key_id} seals {in_use} keys. First: keys_rotate --rewrap")
        if settings.KEYS:
            self.stdout.write(f"Nothing needs {key_id} any more: take it out of CHOFESH_KEYS.")
            return
        remove_root(Path(settings.KEYS_DIR), key_id)
        self.stdout.write(
            f"Deleted {key_id}. Backups from before the rotation cannot be opened now."
        )
