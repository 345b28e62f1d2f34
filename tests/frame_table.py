"""Who may say what over the socket: as tests/access_table.py, for frames.

A frame type that the parser knows and this table does not fails the probes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import uuid4

# What comes back: the type of a frame, the code of an error, or the code of a closed socket.
NOT_SIGNED_IN, NO_RIGHT = "closed 4401", "closed 4403"


def _bob_alone(answer: str) -> Mapping[str, str]:
    """A conversation is its owner's: not the admin's, not the owner's of the organisation."""
    strangers = dict.fromkeys(("member", "admin", "alice", "charlie"), "not_found")
    outside = {"anonymous": NOT_SIGNED_IN, "removed": NO_RIGHT, "superuser": NO_RIGHT}
    return MappingProxyType({"bob": answer, **strangers, **outside})


def _everybody(answer: str) -> Mapping[str, str]:
    inside = dict.fromkeys(("bob", "member", "admin", "alice", "charlie"), answer)
    outside = {"anonymous": NOT_SIGNED_IN, "removed": NO_RIGHT, "superuser": NO_RIGHT}
    return MappingProxyType({**inside, **outside})


@dataclass(frozen=True, slots=True)
class Said:
    """`fields` names Bob's things: "conversation", "reply" and "message" are replaced by their ids."""

    type: str
    fields: Mapping[str, object]
    expected: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join(
            (
                self.type,
                *(
                    str(self.fields[name])
                    for name in ("conversation", "reply", "edits")
                    if name in self.fields
                ),
            )
        )


def _new_id() -> str:
    return str(uuid4())


FRAMES = (
    Said("hello", {"protocol": 1, "conversation": None}, _everybody("welcome")),
    Said("hello", {"protocol": 1, "conversation": "conversation"}, _bob_alone("welcome")),
    Said("ping", {}, _everybody("pong")),
    Said("send", {"client_msg_id": _new_id(), "text": "Hi", "model": "auto"}, _everybody("ack")),
    Said(
        "send",
        {
            "client_msg_id": _new_id(),
            "text": "Hi",
            "conversation": "conversation",
            "fallback": True,
        },
        _bob_alone("ack"),
    ),
    Said(
        "send",
        {
            "client_msg_id": _new_id(),
            "text": "Hi",
            "conversation": "conversation",
            "edits": "message",
        },
        _bob_alone("ack"),
    ),
    # In a new chat of one's own there is nothing of Bob's to edit, not even for Bob.
    Said(
        "send",
        {"client_msg_id": _new_id(), "text": "Hi", "edits": "message"},
        _bob_alone("not_found"),
    ),
    Said("retry", {"client_msg_id": _new_id(), "reply": "reply"}, _bob_alone("ack")),
    # Bob's reply is whole already, so he is told so; nobody else learns that it exists.
    Said("continue", {"client_msg_id": _new_id(), "reply": "reply"}, _bob_alone("complete")),
    Said("stop", {"reply": "reply"}, _bob_alone("")),
    Said("resync", {"reply": "reply"}, _bob_alone("done")),
)
