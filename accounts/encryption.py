"""The only cryptography: secrets are sealed so that each opens in its own place alone.

A sealed text is `v1.<root key id>.<nonce + wrapped data key>.<nonce + sealed value>` in URL-safe
base64. Both parts are AES-256-GCM with a random nonce; the data key is fresh for every value and
every write, so no nonce can meet its key twice. The key that wraps it is derived from a root of
the ring. Both parts are bound to the row and column, to whom the secret belongs to, and to where
it may be sent: moved anywhere else, it does not open. Whatever does not open raises; nothing is
ever returned as it stands.

Not prevented: putting back a whole older row, with the generation it had, from an older backup.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.key_ring import KeyRing

VERSION = "v1"
NONCE_BYTES = 12
KEY_BYTES = 32
# The length of a sealed text tells only into which of these buckets the secret falls.
PADDING_BYTES = 64
FINGERPRINT_BYTES = 16


class UnreadableSecretError(Exception):
    """A stored secret does not open. It must be entered again.

    - UnknownRootKeyError: the ring lacks the key that sealed it
    - BrokenSealError: changed, moved from another place, or never sealed
    """


class UnknownRootKeyError(UnreadableSecretError):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"The key ring has no key {key_id!r}, which sealed this secret.")


class BrokenSealError(UnreadableSecretError):
    def __init__(self) -> None:
        super().__init__("This secret was changed, or moved from where it was sealed.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed secret may stand, and for which address it is meant."""

    table: str
    column: str
    pk: str
    org: str
    owner: str
    provider: str
    base_url: str
    generation: int


def seal(secret: str, place: Place, ring: KeyRing) -> str:
    data_key = secrets.token_bytes(KEY_BYTES)
    value = _encrypt(data_key, _padded(secret.encode()), _bound(place))
    wrapped = wrap(data_key, place, ring.primary, ring)
    return ".".join((VERSION, ring.primary, _text(wrapped), _text(value)))


def open_sealed(sealed: str, place: Place, ring: KeyRing) -> str:
    key_id, wrapped, value = _parts(sealed)
    data_key = unwrap(wrapped, place, key_id, ring)
    return _unpadded(_decrypt(data_key, value, _bound(place))).decode()


def rewrap(sealed: str, place: Place, ring: KeyRing) -> str:
    """The same sealed value with its data key wrapped by the primary root; opens no value."""
    key_id, wrapped, value = _parts(sealed)
    data_key = unwrap(wrapped, place, key_id, ring)
    return ".".join(
        (VERSION, ring.primary, _text(wrap(data_key, place, ring.primary, ring)), _text(value))
    )


# `wrap` and `unwrap` are what a key management service would do, with the place as its context.


def wrap(data_key: bytes, place: Place, key_id: str, ring: KeyRing) -> bytes:
    return _encrypt(_derived(ring, key_id, b"chofesh/kek/v1"), data_key, _bound(place, key_id))


def unwrap(wrapped: bytes, place: Place, key_id: str, ring: KeyRing) -> bytes:
    return _decrypt(_derived(ring, key_id, b"chofesh/kek/v1"), wrapped, _bound(place, key_id))


def root_key_id(sealed: str) -> str:
    return _parts(sealed)[0]


def prefix_of(key_id: str) -> str:
    """What every text sealed under this root begins with."""
    return f"{VERSION}.{key_id}."


def fingerprint(secret: str, organisation_id: str, key_id: str, ring: KeyRing) -> str:
    """32 hex digits that are equal for equal secrets of one organisation and one root key."""
    message = f"{organisation_id}\n{secret}".encode()
    key = _derived(ring, key_id, b"chofesh/fingerprint/v1")
    return hmac.digest(key, message, hashlib.sha256)[:FINGERPRINT_BYTES].hex()


def _derived(ring: KeyRing, key_id: str, purpose: bytes) -> bytes:
    if key_id not in ring.roots:
        raise UnknownRootKeyError(key_id)
    return HKDF(SHA256(), KEY_BYTES, salt=purpose, info=key_id.encode()).derive(ring.roots[key_id])


def _bound(place: Place, key_id: str = "") -> bytes:
    context = {"version": VERSION, "root": key_id, **asdict(place)}
    return json.dumps(context, sort_keys=True, separators=(",", ":")).encode()


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, part: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(part[:NONCE_BYTES], part[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise BrokenSealError from None


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    match sealed.split("."):
        case [version, key_id, wrapped, value] if version == VERSION:
            return key_id, _bytes(wrapped), _bytes(value)
    raise BrokenSealError


def _text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode()


def _bytes(text: str) -> bytes:
    try:
        part = base64.urlsafe_b64decode(text.encode())
    except ValueError:
        raise BrokenSealError from None
    # base64 has several spellings of the same bytes; only ours counts, so no character is free.
    if _text(part) != text:
        raise BrokenSealError
    return part


def _padded(plain: bytes) -> bytes:
    marked = plain + b"\x80"
    return marked + bytes(-len(marked) % PADDING_BYTES)


def _unpadded(padded: bytes) -> bytes:
    return padded.rstrip(b"\0").removesuffix(b"\x80")
