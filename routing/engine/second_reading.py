"""What a model's word on the kind of a message does to the classifier's distribution."""

from __future__ import annotations

from dataclasses import replace

from routing.engine.values import CATEGORIES, Reading

# How often a small model that is asked for the kind names the one that a person would: a judgement, between the 0.75 and
# the 0.9 that are published for zero-shot classification by such models.
SAID_RIGHT = 0.8


def with_said(reading: Reading, category: str) -> Reading:
    """By Bayes: the kind it named is weighed up, the others keep their proportions. `category`: an id of `CATEGORIES`."""
    wrong = (1.0 - SAID_RIGHT) / (len(CATEGORIES) - 1)
    weighed = {
        name: share * (SAID_RIGHT if name == category else wrong)
        for name, share in reading.categories.items()
    }
    total = sum(weighed.values())
    categories = {name: weight / total for name, weight in weighed.items()}
    return replace(
        reading,
        categories=categories,
        category=max(categories, key=lambda each: categories[each]),
    )
