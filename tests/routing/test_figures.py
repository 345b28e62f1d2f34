from __future__ import annotations

import pytest

from routing.figures import price_words


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (0, "$0"),
        (10.0, "$10"),
        (1500.0, "$1500"),
        (2.5, "$2.50"),
        (0.1, "$0.10"),
        (0.25, "$0.25"),
        (0.075, "$0.075"),
        (0.1 + 0.2, "$0.30"),
    ],
)
def test_a_price_is_told_exactly_and_in_cents(usd, words):
    assert price_words(usd) == words
