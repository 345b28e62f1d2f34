"""Which addresses may be connected to, and the one spelling in which a base URL is stored.

The name is checked when the URL is given; every address it resolves to is checked again at each
connection (`providers.connections`), and the connection goes to the address that was checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from providers.errors import AddressError

# Written out, because `is_global` calls several of these public in Python 3.11: NAT64, 6to4,
# IPv4-compatible, site-local and multicast addresses among them.
# https://www.iana.org/assignments/iana-ipv4-special-registry
_DENIED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host, a public number inside every Azure machine
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# https://www.iana.org/assignments/iana-ipv6-special-registry: all public unicast is in 2000::/3,
# and these parts of it are not.
_PUBLIC_V6 = IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# What the operator may open, one host and port at a time. Link-local, multicast and translated
# addresses stay closed: no model server lives there, and the cloud's metadata does.
_OPENABLE = tuple(
    IPv4Network(network)
    for network in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_OPENABLE_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9._~:-]+")
_HOST_CHARACTERS = 253
_PRIVATE_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """`allowed_private` holds `host:port` in lower case, IPv6 in brackets: `127.0.0.1:11434`."""

    allowed_private: frozenset[str] = frozenset()

    def allows_private(self, host: str, port: int) -> bool:
        return host_and_port(host, port) in self.allowed_private

    def check_address(self, address: str, host: str, port: int) -> None:
        """Raises `AddressError` unless a connection for `host` may go to the IP `address`."""
        checked = ip_address(address)
        if is_public(checked):
            return
        if self.allows_private(host, port) and _is_openable(checked):
            return
        raise AddressError(f"{host} is at a private or reserved address, which is not allowed.")


def parse_allowed_hosts(text: str) -> frozenset[str]:
    """The `host:port` entries of a comma-separated setting.

    Raises `AddressError` for an entry without a port: a whole host is never opened.
    """
    entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
    return frozenset(_allowed_host(entry) for entry in entries)


def normalise_base_url(url: str, policy: AddressPolicy) -> str:
    """The one spelling of a base URL: lower-case host, no default port, no trailing slash.

    Raises `AddressError` for whatever a resolver or another parser might read differently
    (user names, queries, escapes, numbers that stand for an address), for private hosts that
    `policy` does not open, and for plain http to any host that it does not.
    """
    if not url.isascii() or not url.isprintable() or any(char in url for char in " \\@?#%"):
        raise AddressError(
            "The address may hold only plain characters, no user name, query, fragment or escape."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError("The address is not a valid URL.") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise AddressError("The address must begin with https://")
    host = _checked_host(_host_in(parts.netloc))
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    _check_reach(parts.scheme, host, port, policy)
    origin = host_and_port(host, port).removesuffix(f":{_DEFAULT_PORTS[parts.scheme]}")
    return f"{parts.scheme}://{origin}{_checked_path(parts.path)}"


def host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _DENIED_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _DENIED_V6)


def _is_openable(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in _OPENABLE)
    return any(address in network for network in _OPENABLE_V6)


def _check_reach(scheme: str, host: str, port: int, policy: AddressPolicy) -> None:
    is_opened = policy.allows_private(host, port)
    if scheme == "http" and not is_opened:
        raise AddressError("The address must begin with https://")
    if _is_literal(host):
        policy.check_address(host, host, port)
    elif not is_opened and ("." not in host or _ends_in(host, _PRIVATE_NAMES)):
        raise AddressError(f"{host} is a private name, which is not allowed.")


def _host_in(netloc: str) -> str:
    """The host as written; `urlsplit().hostname` would forgive too much."""
    host, colon, port = netloc.rpartition(":")
    if not colon or netloc.endswith("]"):
        return netloc
    if not port:
        raise AddressError("The address ends in a colon without a port.")
    return host


def _checked_host(written: str) -> str:
    host = written.lower()
    if host.startswith("[") and host.endswith("]"):
        return _checked_v6(host[1:-1])
    labels = host.split(".")
    if len(host) > _HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError("The address has no valid host name.")
    # A host whose last label is a number is an IPv4 address to every browser and resolver,
    # however few parts it has and in whatever base: https://url.spec.whatwg.org/#ends-in-a-number-checker
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _checked_v4(host)
    return host


def _checked_v4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise AddressError("Write an IPv4 address as four decimal numbers.") from None


def _checked_v6(host: str) -> str:
    try:
        return str(IPv6Address(host))
    except ValueError:
        raise AddressError("The address has no valid IPv6 host.") from None


def _checked_path(path: str) -> str:
    trimmed = path.rstrip("/")
    segments = trimmed.split("/")[1:]
    plain = all(_PATH_SEGMENT.fullmatch(each) and each not in {".", ".."} for each in segments)
    if trimmed and not plain:
        raise AddressError("The path of the address holds something other than plain names.")
    return trimmed


def _is_literal(host: str) -> bool:
    return ":" in host or bool(_NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]))


def _ends_in(host: str, names: Iterable[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def _allowed_host(entry: str) -> str:
    host, _, port = entry.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise AddressError(f"{entry!r} is not of the form host:port.")
    return host_and_port(_checked_host(host), int(port))
