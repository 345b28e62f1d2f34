"""Who is tried first and who after."""

from __future__ import annotations

from collections.abc import Sequence

from routing.engine.estimate import Estimate
from routing.engine.values import Scored

# One more than this is what an answer may try in all (reliability: at most six attempts).
MOST_FALLBACKS = 5

PAYER_ORDER = {"person": 0, "organisation": 1, "nobody": 2}


# A score and whose it is.
Entry = tuple[float, Estimate]


def ranked(entries: Sequence[Entry]) -> tuple[Scored, ...]:
    """By score; equal scores by price, success, model id and then who pays. The order given does not matter."""
    ordered = sorted(_personal_first(entries), key=_sort_key)
    return tuple(
        Scored(candidate, rank, success, cost_usd, wait_s, first_token_s, score)
        for rank, (score, (candidate, success, cost_usd, wait_s, first_token_s)) in enumerate(
            ordered, start=1
        )
    )


def _sort_key(entry: Entry) -> tuple[float, float, float, str, int, str, str]:
    score, (candidate, success, cost_usd, _, _) = entry
    return (
        -score,
        cost_usd,
        -success,
        candidate.card.id,
        PAYER_ORDER[candidate.payer],
        candidate.endpoint,
        candidate.credential or "",
    )


def _personal_first(entries: Sequence[Entry]) -> Sequence[Entry]:
    """A personal key comes first for a model that both reach, even where the other way is quicker."""
    personal = {estimate[0].card.id for _, estimate in entries if estimate[0].payer == "person"}
    if not personal:
        return entries
    best: dict[str, float] = {}
    for score, estimate in entries:
        model = estimate[0].card.id
        best[model] = max(score, best.get(model, score))
    return [
        (best[estimate[0].card.id] if estimate[0].payer == "person" else score, estimate)
        for score, estimate in entries
    ]


def fallbacks(candidates: Sequence[Scored]) -> tuple[Scored, ...]:
    """The same model by another credential first, then by rank in rounds that take each provider once."""
    if not candidates:
        return ()
    chosen = candidates[0].candidate.card
    taken = {chosen.provider: 1}
    rounds: list[tuple[int, int, Scored]] = []
    for scored in candidates[1:]:
        card = scored.candidate.card
        if card.id == chosen.id:
            turn = 0
        else:
            turn = taken[card.provider] = taken.get(card.provider, 0) + 1
        rounds.append((turn, scored.rank, scored))
    rounds.sort()
    return tuple(scored for _, _, scored in rounds[:MOST_FALLBACKS])
