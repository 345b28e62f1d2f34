"""The ring of root keys that seal secrets in the database. It lives apart from the data.

Either a folder (CHOFESH_KEYS_DIR: one file a key, named by its id, 32 bytes in base64, mode 0600,
and a file `primary` that names the one that seals) or the environment (CHOFESH_KEYS=id:base64,...
and CHOFESH_PRIMARY_KEY). The ring is read anew for every use: that costs microseconds, and every
process follows a rotation at once.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from django.conf import settings

ROOT_BYTES = 32
KEY_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
POINTER = "primary"
# Random bytes fail each of these less than once in 10^12 tries; typed ones rarely pass them all.
LEAST_DIFFERENT_BYTES = 16
LEAST_DIFFERENT_STEPS = 12


class KeyRingError(Exception):
    """The ring is missing, unreadable or weak. The message tells the operator what to do."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    primary: str
    roots: dict[str, bytes] = field(repr=False)


def load_key_ring() -> KeyRing:
    if settings.KEYS:
        return ring_from_text(settings.KEYS, settings.PRIMARY_KEY)
    return ring_from_folder(Path(settings.KEYS_DIR), settings.PRIMARY_KEY)


def ring_from_text(text: str, primary: str) -> KeyRing:
    roots = {}
    for entry in text.split(","):
        key_id, _, encoded = entry.strip().partition(":")
        roots[key_id] = _root(key_id, encoded, "CHOFESH_KEYS")
    return _ring(roots, primary, "CHOFESH_PRIMARY_KEY")


def ring_from_folder(folder: Path, primary: str = "") -> KeyRing:
    if not folder.is_dir():
        raise KeyRingError(f"There is no key folder {folder}. {_HOW_TO_START}")
    roots = {}
    for path in sorted(folder.iterdir()):
        # A name with a dot is a draft of `_write`, or an editor's leftover: no key id has one.
        if path.name != POINTER and "." not in path.name:
            roots[path.name] = _root(path.name, _read(path), str(path))
    if not roots:
        raise KeyRingError(f"There is no key in {folder}. {_HOW_TO_START}")
    pointer = folder / POINTER
    if not primary and pointer.exists():
        primary = pointer.read_text().strip()
    return _ring(roots, primary, str(pointer))


def create_key_ring(folder: Path) -> bool:
    """Make the folder (0700) and a first key (0600) where there is none; whether one was made.

    An existing ring is read and checked instead. Raises KeyRingError where it is weak or open to
    other users of the machine.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _one_at_a_time(folder):
        made = not any("." not in path.name for path in folder.iterdir())
        if made:
            add_root(folder)
    ring_from_folder(folder)
    return made


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Web processes that start together for the first time make one key, not one each."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def add_root(folder: Path) -> str:
    """Add a random key and make it the primary one; its id."""
    key_id = f"k{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    encoded = base64.b64encode(secrets.token_bytes(ROOT_BYTES)).decode()
    _write(folder / key_id, encoded)
    # Only now: a process that is killed in between leaves a spare key, never a pointer to none.
    _write(folder / POINTER, key_id)
    return key_id


def remove_root(folder: Path, key_id: str) -> None:
    (folder / key_id).unlink()


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> str:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyRingError(f"Other users of this machine may read {path}. Run: chmod 600 {path}")
    return path.read_text().strip()


def _ring(roots: dict[str, bytes], primary: str, where: str) -> KeyRing:
    if not primary and len(roots) == 1:
        primary = next(iter(roots))
    if primary not in roots:
        known = ", ".join(sorted(roots))
        raise KeyRingError(f"{where} must name one of the keys {known}, but it is {primary!r}.")
    return KeyRing(primary, roots)


def _root(key_id: str, encoded: str, where: str) -> bytes:
    if not KEY_ID.fullmatch(key_id) or key_id == POINTER:
        raise KeyRingError(
            f"{key_id!r} in {where} is no key id: use small letters, digits, - and _."
        )
    try:
        root = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        root = b""
    if len(root) != ROOT_BYTES:
        raise KeyRingError(f"Key {key_id} in {where} is not {ROOT_BYTES} bytes in base64.")
    if _is_weak(root):
        raise KeyRingError(f"Key {key_id} in {where} is not random. {_HOW_TO_MAKE}")
    return root


def _is_weak(root: bytes) -> bool:
    steps = {(after - before) % 256 for before, after in pairwise(root)}
    return (
        root in _EXAMPLES
        or root.isascii()
        or len(set(root)) < LEAST_DIFFERENT_BYTES
        or len(steps) < LEAST_DIFFERENT_STEPS
    )


_HOW_TO_MAKE = "Make one with: openssl rand -base64 32"
_HOW_TO_START = (
    "If there was one, put it back: stored keys cannot be read without it. "
    "A first start makes one by: python manage.py keys_rotate --new"
)
# The keys that the documentation prints.
_EXAMPLES = frozenset({base64.b64decode("6IrYs8w1nB0k0b6fG9mCz4xXqUuQm1cVnq2dM3yT7hI=")})
