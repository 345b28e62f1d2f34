from __future__ import annotations


def numbered(words: int) -> str:
    """A paragraph in which a lost or doubled word cannot hide."""
    return " ".join(f"word{number:04}" for number in range(words))
