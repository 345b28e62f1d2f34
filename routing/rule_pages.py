"""What the pages about rules show, and where their forms go: the organisation's and a person's alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.utils.translation import gettext as _

from accounts.models import User
from routing.engine.values import Reading
from routing.engine.wording import percent
from routing.figures import tokens_words
from routing.names import LANGUAGES, category_name, name_in
from routing.policy import first_preference, organisation_policy
from routing.rule_books import Book, organisation_book, personal_book, state_of
from routing.rule_checks import Finding
from routing.rule_words import RuleWords, rule_words
from routing.rules import rules_from_json
from routing.trial import message, try_out

Scope = Literal["organisation", "person"]

# A prompt on trial is read like any other; this much of one says what kind it is.
TRIED_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Pages:
    """The URL names of one scope."""

    book: Callable[[User], Book]
    page: str
    new: str
    rule: str
    move: str
    delete: str
    export: str
    take: str
    test: str


PAGES: dict[Scope, Pages] = {
    "organisation": Pages(
        organisation_book,
        page="policy",
        new="policy_rule_new",
        rule="policy_rule",
        move="policy_rule_move",
        delete="policy_rule_delete",
        export="policy_rules_export",
        take="policy_rules_import",
        test="policy_rules_test",
    ),
    "person": Pages(
        personal_book,
        page="my_routing",
        new="my_rule_new",
        rule="my_rule",
        move="my_rule_move",
        delete="my_rule_delete",
        export="my_rules_export",
        take="my_rules_import",
        test="my_rules_test",
    ),
}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """`key` follows the rule when it moves, so that the focus can too."""

    number: int
    key: str
    words: RuleWords
    findings: Sequence[Finding]
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Match:
    """`number` is None where no rule of this book holds; `before` names a rule that is read before them."""

    number: int | None
    name: str
    before: str
    model: str
    reading: str


def rule_rows(book: Book) -> list[RuleRow]:
    count = len(book.entries)
    return [
        RuleRow(
            number=number,
            key=f"{state_of([entry])}-{book.entries[: number - 1].count(entry)}",
            words=rule_words(rule, book.known.teams),
            findings=findings,
            is_first=number == 1,
            is_last=number == count,
        )
        for number, (entry, rule, findings) in enumerate(
            zip(book.entries, book.rules, book.findings(), strict=True), start=1
        )
    ]


def match(book: Book, prompt: str) -> Match | None:
    """Which rule would hold for this prompt by itself, and who would answer; None for an empty one."""
    text = prompt.strip()[:TRIED_CHARACTERS]
    if not text:
        return None
    before = rules_from_json(book.before)
    trial = try_out(book.user, book.organisation, message(text))
    policy = trial.policy
    if not book.is_personal:
        # What an admin tries for everybody is not narrowed by their own settings.
        preference = organisation_policy(book.organisation).preference
        policy = replace(policy, pool=None, preference=first_preference(preference))
    number, decision = trial.with_rules(policy, (*before, *book.rules))
    is_before = number is not None and number <= len(before)
    return Match(
        number=None if number is None or is_before else number - len(before),
        name=decision.rule or "",
        before=decision.rule or "" if is_before else "",
        model=decision.chosen.candidate.card.name if decision.chosen else "",
        reading=reading_words(trial.reading),
    )


def reading_words(reading: Reading) -> str:
    """ "Coding 82 %, difficulty 63 %, English, 40 tokens"."""
    share = percent(reading.categories[reading.category])
    return _("%(category)s %(share)s, difficulty %(difficulty)s, %(language)s, %(length)s") % {
        "category": category_name(reading.category),
        "share": share,
        "difficulty": f"{round(100 * reading.difficulty)} %",
        "language": name_in(LANGUAGES, reading.language),
        "length": tokens_words(reading.message_tokens),
    }
