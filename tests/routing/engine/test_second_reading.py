from __future__ import annotations

import pytest

from routing.engine.second_reading import SAID_RIGHT, with_said
from routing.engine.values import CATEGORIES
from tests.routing.engine.market import make_reading


def flat():
    return make_reading(categories=dict.fromkeys(CATEGORIES, 1 / 13), category="chat")


def test_of_thirteen_equal_kinds_the_named_one_is_as_likely_as_the_model_is_right():
    read = with_said(flat(), "maths")

    assert read.category == "maths"
    assert read.categories["maths"] == pytest.approx(SAID_RIGHT)
    assert sum(read.categories.values()) == pytest.approx(1)


def test_one_word_does_not_overturn_a_certain_reading():
    sure = make_reading(categories=dict.fromkeys(CATEGORIES, 0.0001) | {"coding": 0.9988})

    assert with_said(sure, "maths").category == "coding"


def test_the_others_keep_their_proportions():
    read = with_said(make_reading("chat"), "maths")

    assert read.categories["chat"] / read.categories["ideas"] == pytest.approx(0.88 / 0.01)


def test_nothing_else_is_changed():
    before = make_reading("chat", 0.4)
    after = with_said(before, "maths")

    assert (after.difficulty, after.complexity, after.language) == (0.4, before.complexity, "en")
