"""Which request, conversation, reply and attempt a line of the log belongs to (chofesh/logs.py).

A task and the threads it uses have the values that were set in it or in whoever began it.
"""

from __future__ import annotations

from contextvars import ContextVar

REQUEST = ContextVar("request_id", default="")
CONVERSATION = ContextVar("conversation_id", default="")
REPLY = ContextVar("reply_id", default="")
ATTEMPT = ContextVar("attempt_id", default="")


def ids() -> dict[str, str]:
    """Those that are known here, by name."""
    known = {variable.name: variable.get() for variable in (REQUEST, CONVERSATION, REPLY, ATTEMPT)}
    return {name: value for name, value in known.items() if value}
