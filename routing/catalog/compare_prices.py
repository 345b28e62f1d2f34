"""Where our prices differ from litellm's: run it when the catalogue is brought up to date.

    python -m routing.catalog.compare_prices model_prices_and_context_window_backup.json

The file is in the wheel of the litellm package. It is read and never kept: the figures that we
take over are written into models.json by hand, with their source and date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from routing.cards import shipped_cards
from routing.engine.values import Card

# How the other file begins the names of a provider's models.
PREFIXES = {
    "openai": "",
    "anthropic": "",
    "google": "gemini/",
    "together": "together_ai/",
    "fireworks": "fireworks_ai/",
}
PER_MILLION = 1_000_000
FIELDS = {
    "input": "input_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "output": "output_cost_per_token",
}


def differences(card: Card, entry: Mapping[str, Any]) -> Iterator[str]:
    """One line for each price or window that is not the same; prices in USD per million tokens."""
    for ours, theirs in FIELDS.items():
        our_price = getattr(card.prices, ours) or 0.0
        their_price = (entry.get(theirs) or 0.0) * PER_MILLION
        if abs(our_price - their_price) > 1e-9:
            yield f"{ours}: ours {our_price:g}, theirs {their_price:g}"
    window = entry.get("max_input_tokens")
    if window and window != card.context_tokens:
        yield f"context_tokens: ours {card.context_tokens}, theirs {window}"


def entry_of(card: Card, entries: Mapping[str, Any]) -> Mapping[str, Any] | None:
    prefix = PREFIXES.get(card.provider, f"{card.provider}/")
    entry: Mapping[str, Any] | None = entries.get(prefix + card.provider_model)
    return entry


def main(path: Path) -> None:
    entries = json.loads(path.read_text(encoding="utf-8"))
    for card in shipped_cards().values():
        if card.provider in {"demo", "ollama"}:
            continue
        entry = entry_of(card, entries)
        lines = ["not in the file"] if entry is None else differences(card, entry)
        for line in lines:
            sys.stdout.write(f"{card.id}: {line}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
