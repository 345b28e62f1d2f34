"""Version 7 UUIDs (RFC 9562): unique, and ordered by the time they were made.

Rows that arrive together lie together in the index, and sorting by id is sorting by age.
"""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import datetime

NANOSECONDS_PER_MILLISECOND = 1_000_000


def uuid7() -> uuid.UUID:
    """48 bits of Unix milliseconds, 12 bits of the fraction of that millisecond, 62 random bits."""
    milliseconds, rest = divmod(time.time_ns(), NANOSECONDS_PER_MILLISECOND)
    fraction = (rest << 12) // NANOSECONDS_PER_MILLISECOND
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


def first_id_of(moment: datetime) -> uuid.UUID:
    """Every id made at this moment or later is this one or greater: their index is one by time."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80)
