"""Every environment variable that the server reads, by name: docs/configuration.md lists the same."""

from __future__ import annotations

import os
from pathlib import Path

KNOWN: set[str] = set()


def text(name: str, default: str = "") -> str:
    KNOWN.add(name)
    return os.environ.get(name, default).strip()


def number(name: str, default: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, but it is {value!r}.") from None


def switch(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise SystemExit(f"{name} must be 1 or 0, but it is {value!r}.")


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def folder(name: str, xdg_name: str, fallback: str, leaf: str) -> Path:
    """A folder named by the variable, else the XDG place of this kind of file."""
    KNOWN.add(xdg_name)
    given = text(name)
    if given:
        return Path(given).expanduser().resolve()
    home = os.environ.get(xdg_name) or str(Path(fallback).expanduser())
    return Path(home) / leaf
