from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import encryption
from accounts.key_ring import KeyRingError, load_key_ring
from accounts.models import ProviderKey
from accounts.provider_keys import is_readable


class Command(BaseCommand):
    help = "Open every stored provider key, count them by root key; exit status 1 if one fails."

    def handle(self, *_arguments: str, **_options: Any) -> None:
        try:
            ring = load_key_ring()
        except KeyRingError as error:
            raise CommandError(str(error)) from error
        readable: Counter[str] = Counter()
        failures = 0
        for key in ProviderKey.objects.select_related("endpoint").iterator():
            opens = is_readable(key, ring)
            # A root that was put back makes its keys readable again.
            ProviderKey.objects.filter(pk=key.pk, unreadable=opens).update(unreadable=not opens)
            if opens:
                readable[encryption.root_key_id(key.sealed)] += 1
            else:
                failures += 1
                self.stderr.write(f"{key.credential} ({key.provider}) does not open.")
        for key_id in sorted(ring.roots):
            mark = " (primary)" if key_id == ring.primary else ""
            self.stdout.write(f"{key_id}{mark}: {readable[key_id]} keys")
        if failures:
            raise CommandError(f"{failures} keys do not open. Their owners must enter them again.")
