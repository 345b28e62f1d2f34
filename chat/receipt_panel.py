"""Everything about one reply that its receipt, its attempts and the ledger know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from chat.models import Reply
from chat.names import payer_words
from chat.stand_ins import chosen_by_hand
from chat.timeline import timeline
from providers.events import Usage
from routing.cards import shipped_cards
from routing.engine.record import CandidateNote, Receipt
from routing.models import Attempt, Decision
from routing.names import COMPLEXITY, category_name, model_name
from usage.ledger import cost_of
from usage.models import LedgerEntry
from usage.money import usd

# A category below this is not worth a bar.
LEAST_SHARE = 0.01
TOP_LEVEL = 3


def context(reply: Reply) -> dict[str, Any]:
    """For templates/chat/_receipt.html."""
    if reply.decision is None:
        return {"reply": reply, "receipt": None}
    receipt: Receipt = reply.decision.receipt
    decisions = _decisions(reply)
    attempts = _attempts(decisions)
    latest = [each for each in attempts if each.decision_id == reply.decision_id]
    return {
        "reply": reply,
        "receipt": receipt,
        "answered_by": model_name(reply.model_id) if reply.model_id else "",
        "is_pinned": reply.conversation.pinned_model == reply.model_id,
        "is_auto": receipt["asked"]["model"] == "auto",
        "by_hand": chosen_by_hand(reply, receipt, latest),
        "choices": len(decisions),
        "bars": _bars(receipt),
        "difficulty_percent": round(100 * receipt["difficulty"]),
        "complexity": [
            # In our order: a database may keep another.
            {"name": name, "level": receipt["complexity"][part], "of": TOP_LEVEL}
            for part, name in COMPLEXITY.items()
        ],
        "candidates": [_candidate(note) for note in receipt["candidates"]],
        "rejected": [
            {"name": model_name(note["model"]), "reason": note["reason"]}
            for note in receipt["rejected"]
        ],
        "timeline": timeline(reply, decisions, attempts),
        "second_reading": _second_reading(receipt),
        "totals": _totals([each.receipt for each in decisions], attempts),
        "budget_left_words": _budget_left_words(receipt),
    }


def _decisions(reply: Reply) -> list[Decision]:
    """All of this reply, those of its former runs first."""
    ids = [*map(UUID, reply.earlier_decisions), reply.decision_id]
    found = Decision.objects.in_bulk(ids)
    return [found[each] for each in ids if each in found]


def _attempts(decisions: list[Decision]) -> list[Attempt]:
    """In the order in which they were made."""
    of_all = Attempt.objects.filter(decision__in=decisions).select_related("ledger_entry")
    places = {decision.id: place for place, decision in enumerate(decisions)}
    return sorted(of_all, key=lambda each: (places[each.decision_id], each.number))


def _budget_left_words(receipt: Receipt) -> str:
    """USD; empty where no budget limits the person."""
    left = receipt["budget"]["left_usd"]
    return "" if left is None else usd(left)


def _bars(receipt: Receipt) -> list[dict[str, Any]]:
    shares = sorted(receipt["categories"].items(), key=lambda item: -item[1])
    return [
        {"name": category_name(category), "share": share, "percent": round(100 * share)}
        for category, share in shares
        if share >= LEAST_SHARE
    ]


def _second_reading(receipt: Receipt) -> dict[str, Any] | None:
    note = receipt.get("second_reading")
    if note is None:
        return None
    category, share = max(note["before"].items(), key=lambda item: item[1])
    return {
        "model": model_name(note["model"]),
        "outcome": note["outcome"],
        "said": category_name(note["category"]) if note["category"] else "",
        "before": category_name(category),
        "before_percent": round(100 * share),
        "seconds": note["seconds"],
        "cost_words": usd(note["cost_usd"]),
    }


def _candidate(note: CandidateNote) -> dict[str, Any]:
    return {
        "name": model_name(note["model"]),
        "rank": note["rank"],
        "success_percent": round(100 * note["success"]),
        "cost_words": usd(note["cost_usd"]),
        "wait_s": note["wait_s"],
        "first_token_s": note["first_token_s"],
        "payer_words": payer_words(note["payer"]),
    }


def _totals(receipts: list[Receipt], attempts: list[Attempt]) -> dict[str, Any]:
    expected = [each["candidates"][0]["cost_usd"] for each in receipts if each["candidates"]]
    entries = [
        attempt.ledger_entry for attempt in attempts if getattr(attempt, "ledger_entry", None)
    ]
    cost = sum((entry.cost_usd for entry in entries), Decimal(0))
    payers = {entry.payer for entry in entries if entry.cost_usd} or {
        entry.payer for entry in entries
    }
    return {
        "input_tokens": sum(entry.input_tokens for entry in entries),
        "cached_tokens": sum(entry.cached_input_tokens for entry in entries),
        "reasoning_tokens": sum(entry.reasoning_tokens for entry in entries),
        "output_tokens": sum(entry.output_tokens for entry in entries),
        "cost_words": usd(cost) if entries else "",
        "is_estimated": any(entry.certainty == "estimated" for entry in entries),
        "payer_words": ", ".join(payer_words(payer) for payer in sorted(payers)),
        "expected_cost_words": usd(sum(expected)) if expected else "",
        "comparison": _comparison(receipts[-1], entries, cost),
    }


def _comparison(receipt: Receipt, entries: list[LedgerEntry], cost: Decimal) -> str:
    """The same tokens at the reference model's prices: what it would have cost, not what it saved."""
    reference = receipt["reference"]
    delivered = [
        entry
        for entry in entries
        if entry.delivered and entry.output_tokens and entry.attempt.number > Attempt.SECOND_READING
    ]
    if reference is None or not delivered:
        return ""
    from_catalogue = reference_cost(reference["model"], delivered)
    if from_catalogue is None or reference["model"] == delivered[-1].model_id:
        return ""
    words = {"model": model_name(reference["model"]), "cost": usd(from_catalogue)}
    if cost and from_catalogue >= 2 * cost:
        words["times"] = f"{from_catalogue / cost:.0f}"
        return (
            _(
                "The same tokens at %(model)s would have cost %(cost)s, about %(times)s times as much."
            )
            % words
        )
    return _("The same tokens at %(model)s would have cost %(cost)s.") % words


def reference_cost(model_id: str, entries: list[LedgerEntry]) -> Decimal | None:
    card = shipped_cards().get(model_id)
    if card is None:
        return None
    return sum(
        (
            cost_of(
                Usage(input_tokens=entry.input_tokens, output_tokens=entry.output_tokens),
                card.prices,
            )
            for entry in entries
        ),
        Decimal(0),
    )
