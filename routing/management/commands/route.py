from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.approvals import organisation_approved_ids
from accounts.models import Organisation
from routing.batch import Setting, answer, read_lines
from routing.cards import CatalogError, cards_on, load_catalog, organisation_cards, shipped_catalog
from routing.classifier import load_classifier
from routing.engine.values import PREFERENCES, Candidate, Card, Payer, Policy, Rejected
from routing.policy import organisation_policy, policy_of


class Command(BaseCommand):
    help = "Say for each prompt of a JSON Lines file which model Auto would choose. Calls no model."
    # Without an organisation no database is needed, and none is asked.
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--input", required=True, help="a file, or - for standard input")
        parser.add_argument("--catalog", help="model cards other than the shipped ones")
        parser.add_argument("--pool", default="", help="choose among these model ids only: id,id")
        parser.add_argument("--preference", choices=PREFERENCES)
        parser.add_argument(
            "--organization", help="the slug of an organisation: its approvals, keys and rules"
        )

    def handle(self, **options: Any) -> None:
        setting = _setting(options)
        bad = 0
        with _opened(options["input"]) as stream:
            for line in read_lines(stream):
                told = answer(line, setting)
                bad += "error" in told
                self.stdout.write(orjson.dumps(told).decode())
        self.stdout.flush()
        if bad:
            raise CommandError(f"{bad} lines could not be routed; each says why in its place.")


def _setting(options: dict[str, Any]) -> Setting:
    cards = _cards(options["catalog"])
    if options["organization"]:
        organisation = _organisation(options["organization"])
        if not options["catalog"]:
            cards = tuple(organisation_cards(organisation).values())
        candidates, policy = _of_organisation(organisation, cards)
    else:
        candidates, policy = [_candidate(card, "organisation") for card in cards], Policy()
    if options["preference"]:
        policy = replace(policy, preference=options["preference"])
    pool = frozenset(filter(None, options["pool"].split(",")))
    if unknown := pool.difference(card.id for card in cards):
        raise CommandError(f"Not in the catalogue: {', '.join(sorted(unknown))}")
    return Setting(load_classifier(), candidates, replace(policy, pool=pool or None))


def _cards(path: str | None) -> tuple[Card, ...]:
    try:
        catalog = load_catalog(Path(path)) if path else shipped_catalog()
    except CatalogError as error:
        raise CommandError(str(error)) from error
    return cards_on(timezone.localdate(), catalog.cards)


def _organisation(slug: str) -> Organisation:
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise CommandError(f"There is no organisation {slug}")
    return organisation


def _of_organisation(
    organisation: Organisation, cards: Collection[Card]
) -> tuple[list[Candidate], Policy]:
    """As for a member without keys or teams of their own."""
    approved = organisation_approved_ids(organisation)
    payers = _payers(organisation)
    candidates, excluded = [], []
    for card in cards:
        if card.id not in approved:
            excluded.append(Rejected(card.id, "not_approved", "Not approved"))
        elif card.provider not in payers:
            excluded.append(Rejected(card.id, "no_key", "There is no key for it"))
        else:
            candidates.append(_candidate(card, payers[card.provider]))
    policy = policy_of(organisation_policy(organisation), {card.id: card for card in cards})
    return candidates, replace(policy, excluded=tuple(excluded))


def _payers(organisation: Organisation) -> dict[str, Payer]:
    """Who pays at the providers that the organisation reaches."""
    payers: dict[str, Payer] = {"demo": "nobody"}
    for endpoint in organisation.endpoints.filter(keyless=True):
        payers[endpoint.provider] = "nobody"
    keys = organisation.provider_keys.filter(owner=None, enabled=True, unreadable=False)
    for key in keys.select_related("endpoint"):
        payers[key.provider] = "organisation"
    return payers


def _candidate(card: Card, payer: Payer) -> Candidate:
    return Candidate(card, card.provider, None, payer)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    path = Path(name)
    if not path.is_file():
        raise CommandError(f"There is no file {name}")
    with path.open("rb") as stream:
        yield stream
