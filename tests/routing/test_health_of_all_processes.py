"""What one process learned, told to another as routing/shared_health.py tells it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from routing.breaker import OPEN_S, PROBE_S
from routing.health import Health

SCOPE, PROVIDER = "model org:1 openai openai/gpt", "provider openai"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def one(wall) -> Health:
    return Health(lambda: wall.now - 1_799_999_000.0, wall)


@pytest.fixture
def other(wall) -> Health:
    """Started at another time: their clocks have nothing in common but the wall's."""
    return Health(lambda: wall.now - 1_700_000_000.0, wall)


def tell(teller: Health, hearer: Health) -> None:
    hearer.hear(teller.news())
    hearer.hear_speeds(teller.new_speeds())


def is_open(health: Health, scope: str = SCOPE) -> bool:
    return health.closed_words(scope) is not None


def test_what_opens_here_is_open_there_for_as_long(one, other, wall):
    one.failed(SCOPE, counts=0, opens_s=900)

    tell(one, other)

    assert other.closed_words(SCOPE) == one.closed_words(SCOPE) is not None
    wall.now += 901
    assert not is_open(other)


def test_what_closes_here_closes_there(one, other, wall):
    one.failed(SCOPE, counts=3)
    tell(one, other)
    wall.now += OPEN_S + 1
    one.succeeded(SCOPE)
    one.succeeded(SCOPE)

    tell(one, other)
    other.failed(SCOPE, counts=1)

    assert not is_open(other)
    assert other.openings() == {}


def test_only_news_is_told(one, other):
    one.failed(SCOPE, counts=1)
    assert one.news() == {}

    one.failed(SCOPE, counts=2)
    assert set(one.news()) == {SCOPE}
    assert one.news() == {}


def test_what_could_not_be_told_is_told_later(one, other):
    one.failed(SCOPE, counts=3)
    one.measured(SCOPE, 0.5, 80.0)

    one.keep_as_news(one.news(), one.new_speeds())
    tell(one, other)

    assert is_open(other)
    assert other.speed(SCOPE) == one.speed(SCOPE)


def test_news_of_its_own_is_not_overwritten(one, other):
    one.failed(SCOPE, counts=0, opens_s=60)
    other.failed(SCOPE, counts=0, opens_s=900)

    tell(one, other)

    assert other.openings()[SCOPE].length_s == OPEN_S
    assert other.openings()[SCOPE].until > one.openings()[SCOPE].until


def test_speeds_are_known_to_all(one, other):
    one.measured(SCOPE, 0.5, 80.0)

    tell(one, other)

    assert other.speed(SCOPE) == one.speed(SCOPE)


def test_one_call_at_a_time_is_the_probe(one, wall):
    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1

    assert one.may_try(SCOPE)
    assert not one.may_try(SCOPE)
    assert "just now" in (one.closed_words(SCOPE) or "")


def test_a_probe_elsewhere_keeps_calls_away_here(one, other, wall):
    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1
    one.may_try(SCOPE)

    tell(one, other)

    assert not other.may_try(SCOPE)


def test_a_probe_that_was_given_back_keeps_nobody_away_elsewhere(one, other, wall):
    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1
    one.may_try(SCOPE)
    tell(one, other)

    one.gave_up(SCOPE)
    tell(one, other)

    assert other.may_try(SCOPE)


@pytest.mark.parametrize("ends", [Health.succeeded, Health.gave_up])
def test_after_a_probe_the_next_call_may_be_one(one, wall, ends):
    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1
    one.may_try(SCOPE)

    ends(one, SCOPE)

    assert one.may_try(SCOPE)


def test_a_probe_that_never_ended_is_forgotten(one, wall):
    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1
    one.may_try(SCOPE)

    wall.now += PROBE_S

    assert one.may_try(SCOPE)


def test_a_failed_probe_opens_it_for_twice_as_long(one, wall):
    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1
    one.may_try(SCOPE)

    one.failed(SCOPE, counts=1)

    assert one.openings()[SCOPE].length_s == 2 * OPEN_S
    assert not one.may_try(SCOPE)


class TestAWholeProvider:
    def test_one_key_and_one_model_do_not_open_it(self, one):
        for _ in range(20):
            one.failed(PROVIDER, counts=1, witness=("org:1", "openai/a"))

        assert not is_open(one, PROVIDER)

    @pytest.mark.parametrize("witness", [("org:2", "openai/a"), ("org:1", "openai/b")])
    def test_another_key_or_another_model_opens_it(self, one, witness):
        for _ in range(3):
            one.failed(PROVIDER, counts=1, witness=("org:1", "openai/a"))

        one.failed(PROVIDER, counts=1, witness=witness)

        assert is_open(one, PROVIDER)

    def test_what_was_seen_more_than_a_minute_ago_is_no_witness(self, one, wall):
        one.failed(PROVIDER, counts=1, witness=("org:2", "openai/a"))
        wall.now += 61
        for _ in range(20):
            one.failed(PROVIDER, counts=1, witness=("org:1", "openai/a"))

        assert not is_open(one, PROVIDER)

    def test_a_success_clears_it_of_suspicion(self, one):
        one.failed(PROVIDER, counts=1, witness=("org:2", "openai/a"))
        one.succeeded(PROVIDER)
        for _ in range(20):
            one.failed(PROVIDER, counts=1, witness=("org:1", "openai/a"))

        assert not is_open(one, PROVIDER)


class TestALookFromOutside:
    def test_it_lets_the_next_call_try(self, one):
        one.failed(SCOPE, counts=3)

        one.answers_again(SCOPE)

        assert one.may_try(SCOPE)
        assert not one.may_try(SCOPE)

    def test_a_time_that_the_provider_named_stands(self, one):
        one.failed(SCOPE, counts=0, opens_s=600)

        one.answers_again(SCOPE)

        assert not one.may_try(SCOPE)


class TestRetries:
    def test_three_a_minute_are_always_bearable(self, one, wall):
        assert [one.may_retry("openai") for _ in range(4)] == [True, True, True, False]
        assert one.may_retry("anthropic")

        wall.now += 61
        assert one.may_retry("openai")

    def test_of_many_calls_a_tenth(self, one):
        for _ in range(100):
            one.started("openai")

        assert sum(one.may_retry("openai") for _ in range(50)) == 10
