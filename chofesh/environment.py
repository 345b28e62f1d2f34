"""Every environment variable that the server reads, by name: docs/configuration.md lists the same."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from providers.addresses import parse_allowed_hosts
from providers.errors import AddressError

KNOWN: set[str] = set()


def text(name: str, default: str = "") -> str:
    KNOWN.add(name)
    return os.environ.get(name, default).strip()


def number(name: str, default: int, *, least: int = 1, most: int = 1_000_000) -> int:
    value = text(name)
    if not value:
        return default
    try:
        found = int(value)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, but it is {value!r}.") from None
    if not least <= found <= most:
        raise SystemExit(f"{name} must be from {least} to {most}, but it is {value!r}.")
    return found


def choice(name: str, *options: str) -> str:
    """One of the options; the first is the default."""
    value = text(name, options[0])
    for option in options:
        if value.lower() == option.lower():
            return option
    raise SystemExit(f"{name} must be {' or '.join(options)}, but it is {value!r}.")


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


def address(name: str, *schemes: str) -> str:
    """The address of a service; it may hold a password, so it is not repeated in an error."""
    value = text(name)
    if value and value.partition("://")[0] not in schemes:
        raise SystemExit(f"{name} must be an address that begins with {schemes[0]}://")
    return value


def origins(name: str) -> list[str]:
    """Addresses of this server: scheme, host and, if it is unusual, port."""
    return [_origin(name, url.rstrip("/")) for url in words(name)]


def _origin(name: str, url: str) -> str:
    example = f"{name} must be an address like https://chat.example.org, but it is {url!r}."
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        raise SystemExit(example) from None
    if not is_whole or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise SystemExit(example)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def private_hosts(name: str) -> frozenset[str]:
    try:
        return parse_allowed_hosts(text(name))
    except AddressError as error:
        raise SystemExit(f"{name} is not usable: {error.detail}") from None


def folder(name: str, xdg_name: str, fallback: str, leaf: str) -> Path:
    """A folder named by the variable, else the XDG place of this kind of file."""
    KNOWN.add(xdg_name)
    given = text(name)
    if given:
        return Path(given).expanduser().resolve()
    home = os.environ.get(xdg_name) or str(Path(fallback).expanduser())
    return Path(home) / leaf
