"""Figures as a page tells them, in the person's language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Below this a price is only called small.
LEAST_USD = 0.0001


def cost_words(cost_usd: float) -> str:
    if cost_usd <= 0.0:
        return _("free")
    if cost_usd < LEAST_USD:
        return _("under %(cost)s") % {"cost": f"${LEAST_USD:.4f}"}
    digits = 2 if cost_usd >= 0.1 else 3 if cost_usd >= 0.01 else 4
    return f"${cost_usd:.{digits}f}"


def price_words(usd: float) -> str:
    """Of a million tokens, exactly: cents are two figures, tenths of a cent stay."""
    if usd == int(usd):
        return f"${usd:.0f}"
    whole, _point, cents = f"{usd:.6f}".rstrip("0").partition(".")
    return f"${whole}.{cents.ljust(2, '0')}"


def seconds_words(duration_s: float) -> str:
    digits = 0 if duration_s >= 10 else 1
    return _("%(seconds)s s") % {"seconds": f"{duration_s:.{digits}f}"}


def tokens_words(count: int) -> str:
    return ngettext("%(count)s token", "%(count)s tokens", count) % {"count": f"{count:,}"}
