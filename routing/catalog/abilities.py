"""From published figures to abilities in logits; docs/catalog.md says why these lines.

An ability of d logits above a task's difficulty means success with probability 1 / (1 + exp(-d)).
"""

from __future__ import annotations

import math

LOGITS_PER_ARENA_POINT = math.log(10) / 400
# All lines pass through this ability at a model of the middle of their list.
MIDDLE = 1.8
LOWEST, HIGHEST = -2.0, 3.5
# Of the Index at the highest effort this much is left at the effort that a vendor sets by itself: the mean of seven
# models that have both (Astra 0.94, Sol 0.93, Luna 0.79, Fable 0.96, Opus 0.89, Sonnet 0.84, Haiku 0.79).
USUAL_EFFORT_SHARE = 0.88
# And this much of WebDev: Claude Opus 5 has 1695 at max and 1660 at high, Claude Sonnet 5.5 1786 at xhigh and 1715 at
# high.
WEBDEV_EFFORT_POINTS = 53
# The boards of Arena text have levels of their own; the 21 cards that are on all three stand on average this much lower
# on them than overall. Without it a model that is missing on one board would seem to gain there.
CREATIVE_WRITING_POINTS = 23.9
INSTRUCTION_FOLLOWING_POINTS = 2.4


def from_arena_text(score: float) -> float:
    """Arena text leaderboard, overall; the scores lie about 950..1530."""
    return _clipped(MIDDLE + 2 * LOGITS_PER_ARENA_POINT * (score - 1425))


def from_arena_creative_writing(score: float) -> float:
    """Arena text leaderboard, creative writing; the scores lie about 900..1520."""
    return from_arena_text(score + CREATIVE_WRITING_POINTS)


def from_arena_instruction_following(score: float) -> float:
    """Arena text leaderboard, instruction following; the scores lie about 920..1530."""
    return from_arena_text(score + INSTRUCTION_FOLLOWING_POINTS)


def from_arena_webdev(score: float) -> float:
    """Code Arena WebDev leaderboard; the scores lie about 1080..1820."""
    return _clipped(MIDDLE + 0.7 * LOGITS_PER_ARENA_POINT * (score - 1450))


def from_intelligence_index(index: float) -> float:
    """Artificial Analysis Intelligence Index, version 4.3; the values lie about 0..60."""
    return _clipped(MIDDLE + 0.05 * (index - 33))


def from_last_exam(percent: float) -> float:
    """Humanity's Last Exam as Artificial Analysis runs it; the values lie about 0..60.

    Seven models have on average 2 points more there than on the Index.
    """
    return from_intelligence_index(percent - 2)


def at_usual_effort(index: float) -> float:
    """The Index of a model at its vendor's own setting, from that at its highest effort."""
    return USUAL_EFFORT_SHARE * index


def webdev_at_usual_effort(score: float) -> float:
    """The WebDev score of a model at its vendor's own setting, from that at a higher effort."""
    return score - WEBDEV_EFFORT_POINTS


def arena_text_expected(index: float) -> float:
    """The Arena text score of a model that is not on that board yet, from its Intelligence Index at the highest effort.

    Least squares over the 21 models that had both on 8 October 2026; the correlation is 0.76.
    """
    return 1382 + 2.06 * index


def _clipped(ability: float) -> float:
    return round(min(HIGHEST, max(LOWEST, ability)), 2)
