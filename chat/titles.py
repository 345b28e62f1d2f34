from __future__ import annotations

import re

TITLE_CHARACTERS = 60
# A sentence's end, a line's end, or a clause's in the scripts that we speak.
_CLAUSE = re.compile(r"(?<=[.!?。！？؟])\s|[\n\r]|[;:](?=\s|$)|(?<=\S),\s")
_MARKUP = re.compile(r"[`*_#>\[\]]+")


def title_from(text: str) -> str:
    """The first clause of a message, as a title; never empty for a text that is not."""
    plain = _MARKUP.sub("", text).strip() or text.strip()
    first = next((part.strip() for part in _CLAUSE.split(plain) if part.strip()), plain)
    if len(first) < 12 and len(plain) > len(first):
        first = plain
    first = " ".join(first.split())
    if len(first) <= TITLE_CHARACTERS:
        return first.rstrip(".,;:") or first
    cut = first[:TITLE_CHARACTERS].rsplit(" ", 1)[0] or first[:TITLE_CHARACTERS]
    return cut.rstrip(".,;:") + "…"
