from __future__ import annotations

from decimal import Decimal


def usd(amount: Decimal | float) -> str:
    """A price as people read it: two figures that matter, however small it is."""
    value = Decimal(str(amount))
    if value == 0:
        return "$0"
    if value >= 1:
        return f"${value:,.2f}"
    if value < Decimal("0.000001"):
        return "<$0.000001"
    # Rounded first: 0.0999 is "0.10", not "0.100".
    value = Decimal(f"{value:.1e}")
    digits = 1 - value.adjusted()
    return f"${value:.{max(2, digits)}f}"
