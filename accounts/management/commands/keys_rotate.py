from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from accounts import encryption
from accounts.key_ring import KeyRing, KeyRingError, add_root, load_key_ring
from accounts.models import ProviderKey
from accounts.provider_keys import reencrypt_key, rewrap_key

Rewrite = Callable[[ProviderKey, KeyRing], None]


class Command(BaseCommand):
    help = "Change the root key that seals the provider keys. Safe while the server runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--new", action="store_true", help="add a root key and seal with it")
        what.add_argument("--rewrap", action="store_true", help="move all keys to the primary root")
        what.add_argument(
            "--reencrypt", action="store_true", help="seal all keys anew: after a leak"
        )
        parser.add_argument("--batch", type=int, default=500, help="keys in one transaction")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *_arguments: str, **options: Any) -> None:
        try:
            if options["new"]:
                self._new()
            elif options["rewrap"]:
                self._rewrite(options, rewrap_key, _not_under_primary())
            else:
                self._rewrite(options, reencrypt_key, ProviderKey.objects.all())
        except KeyRingError as error:
            raise CommandError(str(error)) from error

    def _new(self) -> None:
        if settings.KEYS:
            raise CommandError(
                "The ring is in CHOFESH_KEYS: add `,<id>:<key>` to it, where the key is the output "
                "of `openssl rand -base64 32`, and name the id in CHOFESH_PRIMARY_KEY."
            )
        folder = Path(settings.KEYS_DIR)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_id = add_root(folder)
        primary = load_key_ring().primary
        self.stdout.write(f"Added root key {key_id}. New secrets are sealed with {primary}.")
        if primary != key_id:
            self.stdout.write(f"CHOFESH_PRIMARY_KEY names {primary}: change it to {key_id}.")
        self.stdout.write("Now run: python manage.py keys_rotate --rewrap")

    def _rewrite(
        self, options: dict[str, Any], rewrite: Rewrite, keys: QuerySet[ProviderKey]
    ) -> None:
        if options["dry_run"]:
            self.stdout.write(f"{keys.count()} keys would be rewritten. Nothing was changed.")
            return
        done, unreadable = _rewrite_in_batches(keys, rewrite, options["batch"])
        self.stdout.write(f"{done} keys rewritten under {load_key_ring().primary}.")
        if unreadable:
            raise CommandError(f"{unreadable} keys do not open and were left as they are.")


def _not_under_primary() -> QuerySet[ProviderKey]:
    prefix = encryption.prefix_of(load_key_ring().primary)
    return ProviderKey.objects.exclude(sealed__startswith=prefix)


def _rewrite_in_batches(
    keys: QuerySet[ProviderKey], rewrite: Rewrite, batch: int
) -> tuple[int, int]:
    """Each batch is one transaction: a process that is killed leaves every key whole, before or
    after, and the next run goes on with what is left."""
    done = unreadable = 0
    waiting = list(keys.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(waiting), batch):
        with transaction.atomic():
            # Locked, so that a key that is replaced meanwhile is not overwritten by its past.
            locked = ProviderKey.objects.select_for_update(of=("self",)).select_related(
                "endpoint", "organisation"
            )
            for key in locked.filter(pk__in=waiting[start : start + batch]):
                try:
                    rewrite(key, load_key_ring())
                    done += 1
                except encryption.UnreadableSecretError:
                    unreadable += 1
    return done, unreadable
