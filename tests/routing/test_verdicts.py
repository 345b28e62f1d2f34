from __future__ import annotations

import re

import pytest
from django.urls import reverse

from accounts.approvals import approve_models
from accounts.models import AuditEntry
from routing import decisions, verdicts
from routing.models import Decision, Verdict
from routing.trial import ASKED, message
from routing.verdicts import Kind, Reason
from tests.cast import make_key, make_member
from tests.chat.html_reading import text_of

SOL, LUNA = "openai/gpt-6.1-sol", "openai/gpt-6-luna"
PYTHON = "Write a Python function that merges overlapping intervals, with unit tests"


@pytest.fixture
def connected(organisation, alice, key_ring):
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [SOL, LUNA], alice)
    return organisation


@pytest.fixture
def people(connected):
    return [make_member(connected, f"member-{number}@example.org") for number in range(3)]


def decide(user, prompt=PYTHON, organisation=None):
    organisation = organisation or user.memberships.get().organisation
    call = decisions.Call(user, organisation, ASKED, message(prompt))
    return Decision.objects.get(id=decisions.store(decisions.prepare(call)).id)


def judge(user, kind, times=1, model=LUNA, reason="", prompt=PYTHON):
    for _ in range(times):
        verdicts.record(user, decide(user, prompt), model, kind, reason)


def shift(organisation, model=LUNA, category="coding"):
    return verdicts.learned_ability(organisation).shifts.get(model, {}).get(category, 0.0)


def success(user, model=LUNA):
    """What is expected of a model for the same prompt now."""
    notes = decide(user).receipt["candidates"]
    return next(note["success"] for note in notes if note["model"] == model)


def least_ability_of(decision):
    ids = Decision.objects.filter(id=decision.id).values("id")
    return verdicts.least_ability(verdicts.turned_down(ids))


def test_a_bad_verdict_lowers_what_is_expected_next(connected, alice, people):
    before = success(alice)
    for person in people:
        judge(person, Kind.BAD)

    assert shift(connected) < -0.2
    assert success(alice) < before


def test_good_verdicts_raise_it(connected, alice, people):
    for person in people:
        judge(person, Kind.GOOD, times=3)

    assert shift(connected) > 0


@pytest.mark.parametrize("reason", [Reason.TOO_SLOW, Reason.TOO_DEAR])
def test_a_reply_that_was_slow_or_dear_was_not_bad(connected, people, reason):
    for person in people:
        judge(person, Kind.BAD, reason=reason)

    assert shift(connected) == 0


def test_another_model_asked_for_weighs_half(connected, people):
    judge(people[0], Kind.RETRY)
    asked_again = shift(connected)
    verdicts.reset(connected, people[0])
    judge(people[0], Kind.BAD)

    assert shift(connected) < asked_again < 0


def test_a_member_alone_moves_it_by_no_more_than_one_verdict(connected, people):
    judge(people[0], Kind.BAD)
    once = shift(connected)
    judge(people[0], Kind.BAD, times=30)

    assert shift(connected) >= 1.05 * once
    judge(people[1], Kind.BAD, times=4)
    assert shift(connected) < 2 * once


def test_a_second_verdict_on_the_same_reply_takes_the_place_of_the_first(connected, alice):
    decision = decide(alice)
    verdicts.record(alice, decision, LUNA, Kind.BAD)
    verdicts.record(alice, decision, LUNA, Kind.GOOD)

    assert [row.kind for row in Verdict.objects.all()] == [Kind.GOOD]
    verdicts.withdraw(alice, decision)
    assert shift(connected) == 0


def test_nothing_is_learned_across_organisations(connected, people, charlie, key_ring):
    elsewhere = charlie.memberships.get().organisation
    make_key(elsewhere)
    approve_models(elsewhere, [SOL, LUNA], charlie)
    before = success(charlie)
    for person in people:
        judge(person, Kind.BAD, times=3)

    assert shift(elsewhere) == 0
    assert success(charlie) == before


def test_the_receipt_names_the_version_of_what_was_learned(connected, alice, people):
    for person in people:
        judge(person, Kind.BAD)

    version = verdicts.learned_ability(connected).version
    assert version > 0
    notes = decide(alice).receipt["candidates"]
    assert {note["ability_version"] for note in notes} == {version}


def test_the_page_says_what_moved_why_and_how_many(connected, alice, people, client):
    for person in people:
        judge(person, Kind.BAD, reason=Reason.WRONG)
    judge(people[0], Kind.BAD, reason=Reason.TOO_SLOW)
    client.force_login(alice)

    page = " ".join(text_of(client.get(reverse("learned")).content.decode()).split())
    assert "GPT-6 Luna" in page
    assert "4 against" in page
    assert "by 3 people" in page
    assert "1 about time or price, which moves nothing" in page
    assert "Not correct 3" in page
    assert re.search(r"Coding −0\.\d\d \d\d % 0 / 3 3", page)


def test_an_admin_sets_back_one_model(connected, alice, people, client):
    for person in people:
        judge(person, Kind.BAD)
        judge(person, Kind.GOOD, model=SOL)
    kept = shift(connected, SOL)
    client.force_login(alice)

    client.post(reverse("learned_reset"), {"model": LUNA})
    assert shift(connected) == 0
    assert shift(connected, SOL) == kept
    assert AuditEntry.objects.filter(action="learning.reset", target=LUNA).exists()


def test_what_was_set_back_does_not_return_with_the_next_verdict(connected, alice, people, client):
    for person in people:
        judge(person, Kind.BAD, times=3)
    client.force_login(alice)
    client.post(reverse("learned_reset"))
    judge(people[0], Kind.GOOD)

    assert shift(connected) >= 0
    assert Verdict.objects.count() == 10


def test_a_turned_down_reply_asks_for_more_ability(connected, alice):
    decision = decide(alice)
    verdicts.record(alice, decision, LUNA, Kind.BAD)
    asked = least_ability_of(decision)

    verdicts.record(alice, decision, LUNA, Kind.BAD, Reason.TOO_SLOW)
    assert asked is not None
    assert least_ability_of(decision) is None


def test_a_model_whose_card_is_gone_stands_in_nobody_s_way(connected, alice, client):
    verdicts.record(alice, decide(alice), "acme/gone", Kind.BAD)
    client.force_login(alice)

    assert "gone" in client.get(reverse("learned")).content.decode()
