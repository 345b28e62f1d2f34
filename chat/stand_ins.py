"""What is said of a model that was chosen by hand, and of another one that answered in its place."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from chat.models import Reply
from routing.engine.record import Receipt
from routing.models import Attempt
from routing.names import model_name
from routing.policy import AUTO


def chosen_by_hand(reply: Reply, receipt: Receipt, attempts: Sequence[Attempt]) -> str:
    """`attempts`: those of the decision of this receipt. Empty where Auto chose."""
    asked = receipt["asked"]["model"]
    if asked == AUTO:
        return ""
    chosen = _("You chose %(model)s.") % {"model": model_name(asked)}
    if reply.model_id in {"", asked}:
        return chosen
    return f"{chosen} {_why_not(asked, receipt, attempts)} {_stood_in(reply)}"


def _why_not(asked: str, receipt: Receipt, attempts: Sequence[Attempt]) -> str:
    tries = [each.words for each in attempts if each.model_id == asked and each.words]
    if tries:
        return "; ".join(dict.fromkeys(tries)) + "."
    reasons = [note["reason"] for note in receipt["rejected"] if note["model"] == asked]
    if reasons:
        return _("It could not be called: %(reason)s.") % {"reason": reasons[0]}
    return _("It could no longer be called.")


def _stood_in(reply: Reply) -> str:
    words = {"model": model_name(reply.model_id)}
    if reply.is_active:
        return _("%(model)s is asked instead, as this chat allows.") % words
    if reply.text:
        return _("%(model)s answered, as this chat allows.") % words
    return _("%(model)s was asked instead, as this chat allows.") % words
