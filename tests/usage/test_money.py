from __future__ import annotations

from decimal import Decimal

import pytest

from usage.money import usd


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "$0"),
        (Decimal("0.000"), "$0"),
        (Decimal("0.0031"), "$0.0031"),
        (Decimal("0.00309"), "$0.0031"),
        (Decimal("0.5"), "$0.50"),
        (Decimal("0.999"), "$1.00"),
        (Decimal("0.0999"), "$0.10"),
        (Decimal("0.00001234"), "$0.000012"),
        (Decimal("0.0000001"), "<$0.000001"),
        (1, "$1.00"),
        (1234.5, "$1,234.50"),
        (0.1 + 0.2, "$0.30"),
    ],
)
def test_it_shows_two_figures_that_matter(amount, words):
    assert usd(amount) == words
