"""What hurried people do to a prompt: typing errors, no capitals, a word of politeness; the meaning stays."""

from __future__ import annotations

import random

TYPING_ERRORS = 0.10

_POLITE = {
    "en": "please",
    "he": "בבקשה",
    "es": "por favor",
    "fr": "s'il te plaît",
    "de": "bitte",
    "ru": "пожалуйста",
    "ar": "من فضلك",
    "zh": "请",
    "ja": "お願いします",
    "pt": "por favor",
    "hi": "कृपया",
}


def with_typing_errors(text: str, source: random.Random, share: float = TYPING_ERRORS) -> str:
    """`share` of the words (at least one letter long, apart from spaces) get one error each."""
    return "".join(
        _mistype(part, source) if part.strip() and source.random() < share else part
        for part in _parts(text)
    )


def _parts(text: str) -> list[str]:
    """Words and the spaces between them, so that joining gives the text back."""
    parts = [""]
    for letter in text:
        if parts[-1] and letter.isspace() != parts[-1][-1].isspace():
            parts.append("")
        parts[-1] += letter
    return parts


def _mistype(word: str, source: random.Random) -> str:
    if len(word) < 3:
        return word
    at = source.randrange(len(word) - 1)
    kind = source.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at] + word[at + 1 :]
    return word[:at] + source.choice("aeiounrtsl") + word[at + 1 :]


def with_politeness(text: str, language: str = "en") -> str:
    return f"{_POLITE.get(language, 'please')} {text}"


def sloppy(text: str, language: str, source: random.Random) -> str:
    """All three at once: the disturbance under which the goal of stability is measured."""
    return with_politeness(with_typing_errors(text, source).lower(), language)
