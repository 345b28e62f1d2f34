"""Figures in words, for the sentences of a decision."""

from __future__ import annotations

import math

LANGUAGE_NAMES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}


def percent(share: float) -> str:
    """1..99, since a prediction is never certain."""
    return f"{min(99, max(1, round(share * 100)))} %"


def percent_below(share: float) -> str:
    return f"{math.floor(share * 100)} %"


def percent_at_least(share: float) -> str:
    return f"{math.ceil(share * 100 - 1e-9)} %"


def usd(amount: float) -> str:
    if amount <= 0.0:
        return "nothing"
    if amount < 0.0001:
        return "less than $0.0001"
    digits = 2 if amount >= 0.1 else 3 if amount >= 0.01 else 4
    return f"${amount:.{digits}f}"


def seconds(duration_s: float) -> str:
    return f"{duration_s:.0f} s" if duration_s >= 10 else f"{duration_s:.1f} s"


def tokens(count: float) -> str:
    if count < 1000:
        return f"{count:.0f} tokens"
    if count < 1_000_000:
        return f"{count / 1000:.0f}k tokens"
    return f"{count / 1_000_000:.1f}M tokens"


def language_name(language: str) -> str:
    return LANGUAGE_NAMES.get(language, f'the language "{language}"')
