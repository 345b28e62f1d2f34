"""Rotates the root key without end, until it is killed; first it opens every key that it finds.

Run as a module by `test_key_rotation_kills.py`, with a data and a key folder of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

KEYS = 120
BATCH = "7"


def main() -> None:
    django.setup()
    from accounts.key_ring import create_key_ring

    if create_key_ring(Path(settings.KEYS_DIR)):
        fill_the_database()
    call_command("keys_check", stdout=sys.stderr)
    print("rotating", flush=True)
    while True:
        call_command("keys_rotate", "--new", stdout=sys.stderr)
        call_command("keys_rotate", "--rewrap", "--batch", BATCH, stdout=sys.stderr)
        retire_what_is_not_needed()
        call_command("keys_rotate", "--reencrypt", "--batch", BATCH, stdout=sys.stderr)


def fill_the_database() -> None:
    from tests.cast import make_key, make_organisation, make_user

    call_command("migrate", "accounts", verbosity=0)
    organisation = make_organisation(make_user())
    for number in range(KEYS):
        make_key(organisation, text=f"sk-test-key-number-{number:020}")


def retire_what_is_not_needed() -> None:
    from accounts.key_ring import load_key_ring

    ring = load_key_ring()
    for key_id in set(ring.roots) - {ring.primary}:
        call_command("keys_retire", key_id, stdout=sys.stderr)


if __name__ == "__main__":
    main()
