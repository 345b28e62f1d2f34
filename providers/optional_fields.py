"""What a request says beyond what was asked: a server that refuses such a field may be asked once more without it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from providers.errors import ProviderError
from providers.wire import WireRequest

# By dialect, at the top of the body. A format, a tool or a limit of length is part of what was asked.
OPTIONAL: Mapping[str, frozenset[str]] = {
    "openai_chat": frozenset(
        {"stream_options", "temperature", "top_p", "reasoning_effort", "reasoning", "thinking"}
    ),
    "anthropic_messages": frozenset({"temperature", "top_p", "thinking", "cache_control"}),
    "gemini_generate": frozenset(),
}


def leaving_out(wire: WireRequest, names: Collection[str]) -> WireRequest:
    body = wire.body or {}
    return replace(wire, body={name: value for name, value in body.items() if name not in names})


def named_by(error: ProviderError, dialect: str, wire: WireRequest) -> str:
    """The optional field of this request that the provider's words name; "" if they name none."""
    sent = sorted(OPTIONAL[dialect].intersection(wire.body or ()))
    return next((name for name in sent if re.search(rf"\b{name}\b", error.detail)), "")
