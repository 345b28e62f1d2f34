"""Ordered rules and their changes: an organisation's, or a person's own. Every change writes the whole list or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import NotFoundError, access_organisation, access_organisation_as_admin
from accounts.approvals import approved_model_ids, organisation_approved_ids
from accounts.audit import record
from accounts.models import Organisation, User
from routing.cards import organisation_cards
from routing.engine.values import Rule
from routing.models import PersonalRouting, RoutingPolicy
from routing.policy import organisation_policy, personal_routing
from routing.rule_checks import Finding, Known, check_rules
from routing.rules import RuleError, rules_from_json

FORMAT = "chofesh-rules"
FORMAT_VERSION = 1
UNDO_SALT = "routing.rules.undo"

Entry = Mapping[str, Any]


class RulesChangedError(Exception):
    """The rules are no longer those that the person saw: somebody else, or another page, changed them."""


@dataclass(frozen=True, slots=True)
class Book:
    """`before`: the organisation's rules, which are read before a person's own."""

    user: User
    organisation: Organisation
    is_personal: bool
    entries: tuple[Entry, ...]
    before: tuple[Entry, ...]
    known: Known

    @property
    def state(self) -> str:
        return state_of(self.entries)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return rules_from_json(self.entries)

    def entry(self, number: int) -> Entry:
        """Counted from 1."""
        if not 1 <= number <= len(self.entries):
            raise NotFoundError
        return self.entries[number - 1]

    def findings(self) -> list[list[Finding]]:
        return check_rules(self.rules, self.known, rules_from_json(self.before))

    def with_entry(self, number: int | None, entry: Entry) -> Book:
        """As it would be with this rule in that place; without a number, at the end."""
        entries = [*self.entries]
        entries[(number or len(entries) + 1) - 1 : number or len(entries) + 1] = [entry]
        return replace(self, entries=tuple(entries))


def organisation_book(user: User) -> Book:
    organisation = access_organisation_as_admin(user)
    entries = tuple(organisation_policy(organisation).rules)
    known = _known(organisation, organisation_approved_ids(organisation))
    return Book(user, organisation, is_personal=False, entries=entries, before=(), known=known)


def personal_book(user: User) -> Book:
    organisation = access_organisation(user)
    mine = personal_routing(user)
    usable = approved_model_ids(user, organisation)
    if mine.pool is not None:
        usable &= frozenset(mine.pool)
    return Book(
        user,
        organisation,
        is_personal=True,
        entries=tuple(mine.rules),
        before=tuple(organisation_policy(organisation).rules),
        known=_known(organisation, usable),
    )


def state_of(entries: Sequence[Entry]) -> str:
    """Changes whenever a rule does; a page sends back the one that it was made of."""
    text = json.dumps(list(entries), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save_rule(book: Book, seen: str, number: int | None, entry: Entry) -> list[Finding]:
    """Put a rule in its place, or at the end; its errors, if they kept it from being saved.

    Raises `RuleError` for one that cannot be read, `RulesChangedError`.
    """
    changed = book.with_entry(number, entry)
    findings = changed.findings()[(number or len(changed.entries)) - 1]
    errors = [finding for finding in findings if finding.level == "error"]
    if not errors:
        _rewrite(book, seen, lambda _entries: list(changed.entries))
    return errors


def move_rule(book: Book, seen: str, number: int, by: int) -> int:
    """Up or down by so many places; its new number."""
    entry = book.entry(number)
    target = min(max(number + by, 1), len(book.entries))

    def move(entries: list[Entry]) -> list[Entry]:
        del entries[number - 1]
        return [*entries[: target - 1], entry, *entries[target - 1 :]]

    _rewrite(book, seen, move)
    return target


def delete_rule(book: Book, seen: str, number: int) -> str:
    """What `restore_rules` brings back."""
    book.entry(number)
    _rewrite(book, seen, lambda entries: [*entries[: number - 1], *entries[number:]])
    return signing.dumps(book.entries, salt=UNDO_SALT, compress=True)


def restore_rules(book: Book, seen: str, deleted: str) -> None:
    """The rules as they stood before one was deleted, whatever is wrong with them.

    Raises `RulesChangedError`, also for what we have not signed.
    """
    try:
        entries = signing.loads(deleted, salt=UNDO_SALT)
    except signing.BadSignature:
        raise RulesChangedError from None
    _rewrite(book, seen, lambda _entries: list(entries))


def export_rules(book: Book) -> dict[str, Any]:
    return {"format": FORMAT, "version": FORMAT_VERSION, "rules": list(book.entries)}


def import_rules(book: Book, seen: str, text: str) -> list[tuple[int, Finding]]:
    """Take these rules in the place of all others; the errors by rule number, if there are any and nothing was changed.

    Raises `RuleError` for a text that is not an export, `RulesChangedError`.
    """
    entries = entries_from(text)
    read = replace(book, entries=entries)
    found = enumerate(read.findings(), start=1)
    errors = [(number, each) for number, own in found for each in own if each.level == "error"]
    if not errors:
        _rewrite(book, seen, lambda _entries: list(entries))
    return errors


def entries_from(text: str) -> tuple[Entry, ...]:
    try:
        exported = json.loads(text)
    except (ValueError, RecursionError):
        raise RuleError(_("This is not JSON.")) from None
    if not isinstance(exported, dict) or exported.get("format") != FORMAT:
        raise RuleError(_("This is not an export of rules: “format” must be “chofesh-rules”."))
    if exported.get("version") != FORMAT_VERSION:
        raise RuleError(_("Only version 1 of exported rules can be read."))
    if not isinstance(exported.get("rules"), list):
        raise RuleError(_("There is no list of rules in it."))
    rules_from_json(exported["rules"])
    return tuple(exported["rules"])


@transaction.atomic
def _rewrite(book: Book, seen: str, change: Callable[[list[Entry]], list[Entry]]) -> None:
    row = _locked_row(book)
    if not (seen == book.state == state_of(row.rules)):
        raise RulesChangedError
    entries = change([*row.rules])
    rules_from_json(entries)
    row.rules = entries
    if isinstance(row, RoutingPolicy):
        row.version += 1
        record(book.organisation, book.user, "routing.rules_changed", book.organisation.name,
               version=row.version, rules=[str(entry["name"]) for entry in entries])  # fmt: skip
    row.save()


def _locked_row(book: Book) -> RoutingPolicy | PersonalRouting:
    if book.is_personal:
        PersonalRouting.objects.get_or_create(user=book.user)
        return PersonalRouting.objects.select_for_update().get(user=book.user)
    RoutingPolicy.objects.get_or_create(organisation=book.organisation)
    return RoutingPolicy.objects.select_for_update().get(organisation=book.organisation)


def _known(organisation: Organisation, usable: frozenset[str]) -> Known:
    teams = organisation.teams.order_by("name").values_list("id", "name")
    return Known(organisation_cards(organisation), usable, {str(id_): name for id_, name in teams})
