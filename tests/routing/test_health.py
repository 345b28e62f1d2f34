from __future__ import annotations

from dataclasses import dataclass

import pytest

from routing.breaker import OPEN_MAX_S, OPEN_S
from routing.health import Health

SCOPE = "model org:1 openai openai/gpt"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock) -> Health:
    return Health(clock)


def fail(health: Health, times: int, counts: float = 1) -> None:
    for _ in range(times):
        health.failed(SCOPE, counts=counts)


def pass_(health: Health, times: int) -> None:
    for _ in range(times):
        health.succeeded(SCOPE)


def is_open(health: Health) -> bool:
    return health.closed_words(SCOPE) is not None


def test_nothing_is_closed_at_first(health):
    assert not is_open(health)


@pytest.mark.parametrize(
    ("times", "counts", "opens"),
    [(2, 1, False), (3, 1, True), (1, 2, False), (2, 2, True), (4, 0.5, False), (6, 0.5, True)],
)
def test_it_opens_after_three_weighted_failures_in_a_row(health, times, counts, opens):
    fail(health, times, counts)

    assert is_open(health) == opens


def test_a_success_begins_the_row_anew(health):
    pass_(health, 5)
    fail(health, 2)
    pass_(health, 1)
    fail(health, 2)

    assert not is_open(health)


def test_it_opens_when_half_of_a_minute_s_calls_failed(health):
    pass_(health, 3)
    fail(health, 2)
    pass_(health, 1)
    fail(health, 1)
    assert not is_open(health)

    fail(health, 1)

    assert is_open(health)


def test_what_failed_more_than_a_minute_ago_counts_no_more(health, clock):
    for _ in range(2):
        health.failed(SCOPE, counts=1)
        health.succeeded(SCOPE)
    clock.now += 61

    health.failed(SCOPE, counts=1)

    assert not is_open(health)


def test_it_opens_at_once_for_the_time_that_is_named(health, clock):
    health.failed(SCOPE, counts=0, opens_s=900)
    clock.now = 899
    assert is_open(health)

    clock.now = 901
    assert not is_open(health)


def test_it_is_tried_again_after_half_a_minute(health, clock):
    fail(health, 3)
    clock.now = OPEN_S - 1
    assert is_open(health)

    clock.now = OPEN_S + 1
    assert not is_open(health)


def test_each_failed_probe_doubles_the_wait_up_to_ten_minutes(health, clock):
    fail(health, 3)
    waits: list[float] = []
    for _ in range(6):
        clock.now += waits[-1] if waits else OPEN_S
        fail(health, 1)
        waits.append(min(2 * (waits[-1] if waits else OPEN_S), OPEN_MAX_S))
        clock.now += waits[-1] - 1
        assert is_open(health)
        clock.now += 1.001
        assert not is_open(health)
        clock.now -= waits[-1]

    assert waits == [60, 120, 240, 480, 600, 600]


def test_calls_that_were_under_way_when_it_opened_are_no_probes(health, clock):
    """Ten replies that fail together must not close a model for ten minutes."""
    fail(health, 10)

    clock.now = OPEN_S + 1

    assert not is_open(health)


def test_two_successes_close_it(health, clock):
    fail(health, 3)
    clock.now = OPEN_S + 1
    health.succeeded(SCOPE)
    health.succeeded(SCOPE)

    fail(health, 2)

    assert not is_open(health)


def test_one_success_is_not_enough(health, clock):
    fail(health, 3)
    clock.now = OPEN_S + 1
    health.succeeded(SCOPE)

    fail(health, 1)

    assert is_open(health)


def test_scopes_are_apart(health):
    fail(health, 3)

    assert health.closed_words("model org:2 openai openai/gpt") is None
    assert health.closed_words("model org:2 openai openai/gpt", SCOPE)


def test_a_reset_forgets_what_was_known(health):
    """The key was replaced."""
    health.failed(SCOPE, counts=0, opens_s=3600)

    health.reset(SCOPE)

    assert not is_open(health)


def test_the_words_say_since_when_and_until_when(health):
    fail(health, 3)

    words = health.closed_words(SCOPE)

    assert words is not None
    assert words.startswith("Failing since ")
    assert "tried again at" in words


def test_it_counts_the_calls_under_way(health):
    health.started("openai")
    health.started("openai")
    health.ended("openai")
    assert health.in_flight("openai") == 1

    health.ended("openai")
    health.ended("openai")
    assert health.in_flight("openai") == 0


def test_measurements_move_towards_what_is_new(health):
    assert health.speed(SCOPE) is None
    health.measured(SCOPE, 1.0, 100.0)
    health.measured(SCOPE, 2.0, None)

    speed = health.speed(SCOPE)

    assert speed is not None
    assert speed.samples == 2
    assert 1.0 < (speed.first_token_s or 0) < 1.5
    assert speed.tokens_per_s == 100.0
