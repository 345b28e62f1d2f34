"""What ids are called for people."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PAYERS = {
    "person": gettext_lazy("your key"),
    "organisation": gettext_lazy("your organisation’s key"),
    "nobody": gettext_lazy("nobody: it needs no key"),
}


def payer_words(payer: str) -> str:
    return str(PAYERS.get(payer, _("unknown")))
