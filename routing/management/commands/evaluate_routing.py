from __future__ import annotations

import platform
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from routing.cards import cards_on, sensible_set, shipped_catalog
from routing.classifier import load_classifier
from routing.engine.decide import ENGINE_VERSION
from routing.engine.values import Candidate, Card
from routing.evaluation.report import Heading, Section, as_json, as_markdown
from routing.evaluation.run import evaluate
from routing.evaluation.sets import HELD_OUT

# Whose models stand approved by themselves once there is a key.
USUAL_PROVIDERS = ("openai", "anthropic", "google")


class Command(BaseCommand):
    help = "Measure how good the routing is on the development sets. Calls no model, needs no database."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--development-data", required=True, type=Path, help="their folder")
        parser.add_argument("--output", type=Path, help="a folder for JSON, Markdown and pictures")

    def handle(self, **options: Any) -> None:
        directory, output = options["development_data"], options["output"]
        if not directory.is_dir():
            raise CommandError(f"There is no folder {directory}")
        sections = []
        try:
            for section in evaluate(load_classifier(), directory, _markets()):
                self.stderr.write(f"{section.title}: done")
                sections.append(section)
        except OSError as error:
            raise CommandError(f"A development set is missing: {error}") from error
        heading = _heading()
        self.stdout.write(as_markdown(heading, sections))
        if output is not None:
            self._write(output, heading, sections)

    def _write(self, output: Path, heading: Heading, sections: Sequence[Section]) -> None:
        output.mkdir(parents=True, exist_ok=True)
        told = orjson.dumps(
            as_json(heading, sections), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        (output / "results.json").write_bytes(told)
        drawn: list[str] = []
        if find_spec("matplotlib") is None:
            self.stderr.write(
                "No pictures: matplotlib is not installed (dependency group training)."
            )
        else:
            pictures = import_module("routing.evaluation.pictures")
            drawn = pictures.draw([each for one in sections for each in one.pictures], output)
        (output / "results.md").write_text(as_markdown(heading, sections, drawn), encoding="utf-8")


def _heading() -> Heading:
    return Heading(
        made_on=timezone.localdate().isoformat(),
        command="python manage.py evaluate_routing --development-data DIR --output benchmarks/routing",
        classifier=load_classifier().version,
        engine=ENGINE_VERSION,
        machine=f"Python {platform.python_version()} on {platform.machine()}, one core",
        held_out=HELD_OUT,
    )


def _markets() -> dict[str, list[Candidate]]:
    cards = {card.id: card for card in cards_on(timezone.localdate(), shipped_catalog().cards)}
    usual = [cards[model] for provider in USUAL_PROVIDERS for model in sensible_set(provider)]
    chat = [card for card in cards.values() if card.kind == "chat" and card.deprecated is None]
    return {
        f"{len(usual)} usual models": _candidates(usual),
        f"{len(chat)} models": _candidates(chat),
    }


def _candidates(cards: Sequence[Card]) -> list[Candidate]:
    return [Candidate(card, card.provider, None, "organisation") for card in cards]
