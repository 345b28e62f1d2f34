"""From a conversation to a Reading: what is asked, how hard it is, and how sure one can be of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routing.engine.build import LENGTH, OPTIONS
from routing.engine.features import TextFeatures, read_text
from routing.engine.language import detect_language
from routing.engine.length import asked_words, estimate_tokens
from routing.engine.sensitive import find_sensitive
from routing.engine.values import CATEGORIES, COMPLEXITY, Reading, Request, Turn

KINDS = len(CATEGORIES)
# Difficulty and the six dimensions.
LEVELS = 1 + len(COMPLEXITY)
OUTPUTS = KINDS + LEVELS
# What is read from the words directly: the outputs, and the difficulty of exam questions.
COLUMNS = OUTPUTS + 1
# So much of the figure "options" (three lettered options) makes an exam question.
EXAM_OPTIONS = 0.75
# A message before of at most so many letters ("and in red?") says little; the one before it is read as well.
SLIGHT_LETTERS = 40
# A message of so many letters leaves about a third of its say to what came before.
SHORT_LETTERS = 60.0

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Trained weights; the outputs are the 13 category logits, difficulty and the six dimensions.

    `words`: (BUCKETS, COLUMNS); `build`: (len(BUILD), COLUMNS); `levels`: (2 * KINDS, LEVELS), what the category shares
    and their product with the length add to the levels; `follow_up`: (figures of `follow_up_figures`, OUTPUTS).
    `temperature` divides the category logits. `version` stands on every receipt.
    """

    version: str
    words: Array
    build: Array
    levels: Array
    follow_up: Array
    temperature: float


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """Outputs for the message, for what it is about and for the reply between, each read by itself."""

    last: Array
    context: Array
    reply: Array
    build: Array
    reply_build: Array


def classify(classifier: Classifier, request: Request) -> Reading:
    """Reads the last message of `request`, and the turns before it where there are any.

    Deterministic, no I/O. Raises IndexError for a request without turns.
    """
    text = request.turns[-1].text
    outputs = read_turns(classifier, request.turns)
    shares = _shares(outputs, classifier.temperature).tolist()
    # In double precision, so that the thirteen numbers sum to 1 to the last digits.
    total = math.fsum(shares)
    categories = {name: share / total for name, share in zip(CATEGORIES, shares, strict=True)}
    difficulty, *dimensions = outputs[KINDS:].tolist()
    return Reading(
        categories=categories,
        category=CATEGORIES[shares.index(max(shares))],
        difficulty=min(1.0, max(0.0, difficulty)),
        complexity={
            name: min(3, max(0, round(value)))
            for name, value in zip(COMPLEXITY, dimensions, strict=True)
        },
        confidence=_confidence(categories),
        language=detect_language(text),
        prompt_tokens=sum(estimate_tokens(turn.text) for turn in request.turns),
        message_tokens=estimate_tokens(text),
        asked_words=asked_words(text),
        sensitive=_sensitive(request.turns),
        classifier=classifier.version,
    )


def read_turns(classifier: Classifier, turns: Sequence[Turn]) -> Array:
    """(OUTPUTS,): category logits before the temperature, difficulty about 0..1, dimensions about 0..3."""
    features = read_text(turns[-1].text)
    last = _score(classifier, features)
    before = [turn.text for turn in turns[:-1] if turn.role == "user"]
    if not before:
        return last
    reply = next((turn.text for turn in reversed(turns[:-1]) if turn.role == "assistant"), "")
    reply_features = read_text(reply)
    parts = FollowUp(
        last=last,
        context=_score(classifier, read_text(context_of(before))),
        reply=_score(classifier, reply_features),
        build=features.build,
        reply_build=reply_features.build,
    )
    outputs: Array = follow_up_figures(parts) @ classifier.follow_up
    return outputs


def _score(classifier: Classifier, features: TextFeatures) -> Array:
    scores: Array = features.values @ classifier.words[features.ids]
    scores += features.build @ classifier.build
    shares = _shares(scores, classifier.temperature)
    level_figures = np.concatenate((shares, shares * features.build[LENGTH]))
    scores[KINDS:OUTPUTS] += level_figures @ classifier.levels
    if features.build[OPTIONS] >= EXAM_OPTIONS:
        scores[KINDS] = scores[OUTPUTS]
    outputs: Array = scores[:OUTPUTS]
    return outputs


def _shares(scores: Array, temperature: float) -> Array:
    weights: Array = np.exp((scores[:KINDS] - scores[:KINDS].max()) / temperature)
    weights /= weights.sum()
    return weights


def context_of(before: Sequence[str]) -> str:
    """What a follow-up is about, from the person's earlier messages, the latest last."""
    if len(before) > 1 and len(before[-1]) <= SLIGHT_LETTERS:
        return f"{before[-2]}\n{before[-1]}"
    return before[-1]


def follow_up_figures(parts: FollowUp) -> Array:
    """The context is given twice, the second time by the share that the message is too short to speak for itself."""
    length = math.expm1(float(parts.build[LENGTH]) * 6.0)
    here, there = _log_shares(parts.last), _log_shares(parts.context)
    figures: Array = np.concatenate(
        (
            here,
            there,
            there * math.exp(-length / SHORT_LETTERS),
            _log_shares(parts.reply),
            parts.build,
            parts.reply_build,
            parts.last[KINDS:],
            parts.context[KINDS:],
        )
    ).astype(np.float32)
    return figures


def _log_shares(outputs: Array) -> Array:
    """Logs of the category shares, held above -8 and scaled to about one."""
    shifted = outputs[:KINDS] - outputs[:KINDS].max()
    logs: Array = np.maximum(shifted - np.log(np.exp(shifted).sum()), -8.0) / np.float32(4.0)
    return logs


def _confidence(categories: dict[str, float]) -> float:
    """1 for one certain category, 0 for thirteen equally likely ones (one less the normalised entropy)."""
    entropy = -sum([share * math.log(share) for share in categories.values() if share > 0])
    return 1.0 - entropy / math.log(len(categories))


def _sensitive(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Of all turns, since all of them are sent."""
    if len(turns) == 1:
        return find_sensitive(turns[0].text)
    return tuple(sorted({kind for turn in turns for kind in find_sensitive(turn.text)}))
