"""The whole evaluation, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from routing.engine.classify import Classifier
from routing.engine.values import Candidate, Request
from routing.evaluation.kinds import kinds
from routing.evaluation.many_models import (
    Fitted,
    fitted_llmrouter,
    fitted_mmlu_pro,
    llmrouter_section,
    mmlu_pro_section,
)
from routing.evaluation.report import Section
from routing.evaluation.sets import (
    Labelled,
    first_turns,
    hebrew,
    held_out_corpus,
    routellm_mmlu,
    routellm_mt_bench,
    unlabelled,
)
from routing.evaluation.speed import speed
from routing.evaluation.stability import stability
from routing.evaluation.success import Answered, halves_of, success
from routing.evaluation.two_models import two_models

HEBREW = Path(__file__).parents[2] / "tests" / "routing" / "engine" / "hebrew_prompts.jsonl"


def evaluate(
    classifier: Classifier, directory: Path, markets: Mapping[str, Sequence[Candidate]]
) -> Iterator[Section]:
    """Every goal of docs/routing.md on the development sets in `directory`; minutes of one core, no call to any model.

    `markets`: what picks are made among where the rows name no models; the last is the widest. Raises OSError for a
    file that is missing.
    """
    two = {"MMLU": routellm_mmlu(directory), "MT-Bench": routellm_mt_bench(directory)}
    llmrouter, mmlu_pro = (
        fitted_llmrouter(classifier, directory),
        fitted_mmlu_pro(classifier, directory),
    )
    yield two_models(classifier, two)
    yield llmrouter_section(llmrouter)
    yield mmlu_pro_section(mmlu_pro)
    yield success(
        [
            _answered(llmrouter),
            _answered(mmlu_pro),
            halves_of("RouteLLM's MMLU rows", classifier, two["MMLU"]),
        ]
    )
    labelled = _labelled(directory)
    yield kinds(classifier, labelled)
    yield stability(classifier, _prompts(labelled, directory), markets)
    yield speed(classifier, list(markets.values())[-1])


def _answered(fitted: Fitted) -> Answered:
    rows = fitted.market.rows
    return Answered(fitted.name, (fitted.fit_asked, fitted.fit.scores), (fitted.asked, rows.scores))


def _labelled(directory: Path) -> dict[str, Labelled]:
    sets = {"MT-Bench and Vicuna first turns": first_turns(directory)}
    if HEBREW.exists():
        sets["Hebrew prompts"] = hebrew(HEBREW)
    return sets | {"Our corpus, held out": held_out_corpus()}


def _prompts(labelled: Mapping[str, Labelled], directory: Path) -> list[Request]:
    """For what needs no label."""
    told = [request for rows in labelled.values() for request in rows.requests]
    return [*told, *unlabelled(directory)]
