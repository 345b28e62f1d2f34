"""How many tokens a reply is likely to take, before any model has seen the prompt."""

from __future__ import annotations

from routing.engine.success import CategoryMix
from routing.engine.values import Reading, Request

# Visible tokens of an ordinary reply, and what each token of the message adds: an edited or translated text is about
# as long as the text that was given. Estimates from the length of typical replies; the ledger holds the real ones.
BASE_TOKENS = {
    "chat": 120,
    "questions": 380,
    "writing": 480,
    "creative": 650,
    "roleplay": 220,
    "editing": 60,
    "summarising": 150,
    "translation": 30,
    "extraction": 80,
    "coding": 600,
    "maths": 450,
    "reasoning": 550,
    "ideas": 550,
}
TOKENS_PER_MESSAGE_TOKEN = {
    "editing": 1.1,
    "summarising": 0.12,
    "translation": 1.3,
    "extraction": 0.4,
    "coding": 0.4,
}

# A hard question of a kind takes a longer answer than an easy one: 0.6 times the base at difficulty 0, 1.4 at 1.
LENGTH_AT_EASIEST = 0.6
LENGTH_PER_DIFFICULTY = 0.8

# Where the person named a length, it counts alone. Tokens per word of today's tokenisers: English, and languages that
# they split more finely.
TOKENS_PER_WORD = 1.4
TOKENS_PER_WORD_FINE = 2.3
FINE_LANGUAGES = frozenset({"ar", "he", "hi", "ja", "ko", "ru", "uk", "zh"})

# Models with the capability "reasoning" think before they answer and bill it as output: next to nothing for a
# greeting, about 4,000 tokens for the hardest prompts, growing with the square of the difficulty.
REASONING_TOKENS_AT_HARDEST = 4000


def predicted_output_tokens(reading: Reading, request: Request, mix: CategoryMix) -> int:
    """Visible tokens of the reply, at least 1; `mix` is category shares that sum to 1."""
    if reading.output_tokens is not None:
        return reading.output_tokens
    if reading.asked_words is not None:
        fine = reading.language in FINE_LANGUAGES
        length = reading.asked_words * (TOKENS_PER_WORD_FINE if fine else TOKENS_PER_WORD)
    else:
        length = _usual_length(reading, mix)
    if request.max_output_tokens is not None:
        length = min(length, request.max_output_tokens)
    return max(1, round(length))


def _usual_length(reading: Reading, mix: CategoryMix) -> float:
    stretch = LENGTH_AT_EASIEST + LENGTH_PER_DIFFICULTY * reading.difficulty
    return sum(
        share
        * (
            BASE_TOKENS[category] * stretch
            + TOKENS_PER_MESSAGE_TOKEN.get(category, 0.0) * reading.message_tokens
        )
        for category, share in mix
    )


def reasoning_tokens(difficulty: float) -> int:
    return round(REASONING_TOKENS_AT_HARDEST * difficulty * difficulty)
