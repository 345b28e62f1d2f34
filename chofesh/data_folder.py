"""What lives on disk beside the database: the data folder itself and the signing key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class UnwritableFolderError(Exception):
    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"Chofesh cannot write to {folder} ({why}). "
            "Make it writable, or set CHOFESH_DATA_DIR to a folder that is."
        )


def ensure_data_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UnwritableFolderError(folder, error.strerror or "unknown error") from error


def signing_key(folder: Path) -> str:
    """The key that signs sessions, made once; two processes that start at once agree on one."""
    path = folder / "signing_key"
    if not path.exists():
        ensure_data_folder(folder)
        draft = folder / f".signing_key-{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            # link() refuses to replace, so the first of several starters wins whole.
            os.link(draft, path)
        except FileExistsError:
            pass
        draft.unlink()
    return path.read_text().strip()
