"""What the journal's one thread can store: rows a second from 50 replies that are all being written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from chat.journal import Lease, Piece

WRITERS = 50
SECONDS = 4.0
TEXT = "a word or so, "


def write_rows() -> dict[str, float]:
    """Commits follow each other without a pause, which the server never asks for."""
    from chat.journal import commit_pieces

    leases = _begin_replies()
    rows = 0
    began, spent = time.monotonic(), time.process_time()
    while (taken := time.monotonic() - began) < SECONDS:
        lost = commit_pieces([_piece(lease) for lease in leases])
        assert not lost
        rows += len(leases)
    spent = time.process_time() - spent
    return {
        "rows_per_s": rows / taken,
        "commit_ms": 1000 * taken * WRITERS / rows,
        "cpu_s_per_1000_rows": 1000 * spent / rows,
    }


def _piece(lease: Lease) -> Piece:
    from chat.journal import Piece

    piece = Piece(lease, lease.text_seq, 0, [TEXT])
    lease.text_seq += len(TEXT)
    return piece


def _begin_replies() -> list[Lease]:
    from accounts.models import User
    from chat import leases, turns
    from chat.frames import Send

    people = User.objects.filter(email__startswith="person-")[:WRITERS]
    held = []
    for person in people:
        send = Send(uuid4(), None, None, "Hello", "auto", "")
        lease = leases.claim(turns.submit_message(person, send).reply.id, "bench")
        assert lease is not None
        held.append(lease)
    return held
