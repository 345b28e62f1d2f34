"""How long the prompt is in tokens, and how long an answer was asked for."""

from __future__ import annotations

import re

# Bytes of UTF-8 per token (o200k): prose 4.6 English, 4.3 Hebrew, 2.9 Chinese; Python 2.8, JSON 2.3. Rounded down,
# since an estimate must not under-count.
PROSE_BYTES_PER_TOKEN = 4.0
CODE_BYTES_PER_TOKEN = 2.5

_UNITS = ("word", "mots", "palabra", "wört", "worte", "palavra", "слов", "מיל", "كلمة", "字", "शब्द")
_LENGTH = re.compile(rf"(\d{{1,2}}[, ]\d{{3}}|\d{{2,4}})[- +]{{0,3}}(?:{'|'.join(_UNITS)})")
LETTERS_READ = 1000
SIGNS_READ = 2000


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, estimated from its bytes."""
    size = len(text) if text.isascii() else len(text.encode())
    sample = text[:SIGNS_READ]
    signs = sum(map(sample.count, "{}();="))
    per_token = CODE_BYTES_PER_TOKEN if signs * 25 > len(sample) else PROSE_BYTES_PER_TOKEN
    return max(1, round(size / per_token))


def asked_words(text: str) -> int | None:
    """The number of words that head or tail of the text ask for ("in 200 words"), None where they ask for none."""
    edges = text if len(text) <= 2 * LETTERS_READ else text[:LETTERS_READ] + text[-LETTERS_READ:]
    edges = edges.lower()
    if not any(map(edges.__contains__, _UNITS)):
        return None
    found = _LENGTH.search(edges)
    return int(re.sub(r"\D", "", found[1])) if found else None
