from __future__ import annotations

import pytest

from routing.engine.values import Incumbent, Policy, Prices
from tests.routing.engine.market import PLAIN, choose, make_candidate, make_card, make_reading

MILLION = 1_000_000


def cost(prices=None, incumbent=None, capabilities=PLAIN, reading=None, **request):
    card = make_card("acme/one", prices=prices or Prices(2.0, 10.0, 0.1), capabilities=capabilities)
    reading = reading or make_reading(prompt_tokens=2_000, output_tokens=600)
    return choose(reading, [make_candidate(card)], incumbent=incumbent, **request).chosen.cost_usd


def test_it_is_tokens_times_price():
    assert cost() == pytest.approx((2_000 * 2.0 + 600 * 10.0) / MILLION)


def test_the_incumbent_reads_its_prefix_from_the_cache():
    seen = Incumbent("acme/one", 0.3, cached_prefix_tokens=1_500)
    assert cost(incumbent=seen) == pytest.approx((500 * 2.0 + 1_500 * 0.1 + 600 * 10.0) / MILLION)


def test_a_switch_throws_the_cache_away():
    assert cost(incumbent=Incumbent("acme/two", 0.3, cached_prefix_tokens=1_500)) == cost()


def test_without_a_cached_price_the_input_price_holds():
    seen = Incumbent("acme/one", 0.3, cached_prefix_tokens=1_500)
    assert cost(Prices(2.0, 10.0), incumbent=seen) == pytest.approx(cost())


@pytest.mark.parametrize(("prompt", "price"), [(2_000, 2.5), (1_000, 2.0)])
def test_a_long_prompt_is_written_to_the_cache_at_its_price(prompt, price):
    reading = make_reading(prompt_tokens=prompt, output_tokens=0)
    expected = pytest.approx(prompt * price / MILLION)
    assert cost(Prices(2.0, 10.0, 0.1, 2.5), reading=reading) == expected


def test_models_that_reason_bill_their_thinking():
    reading = make_reading("maths", 0.5, prompt_tokens=0, output_tokens=400)
    assert cost(capabilities=PLAIN | {"reasoning"}, reading=reading) == pytest.approx(
        (400 + 1_000) * 10.0 / MILLION
    )


def test_tools_lengthen_the_prompt():
    extra = cost(tools=("calendar",)) - cost()
    assert extra == pytest.approx(150 * 2.0 / MILLION)
    searching = cost(capabilities=PLAIN | {"web_search"}, tools=("web_search",)) - cost()
    assert searching == pytest.approx((150 + 2_500) * 2.0 / MILLION)


def test_the_callers_count_of_tokens_goes_before_the_estimate():
    assert cost(prompt_tokens=4_000) - cost() == pytest.approx(2_000 * 2.0 / MILLION)


@pytest.mark.parametrize(("asked", "tokens"), [({"images": 2}, 2_000), ({"documents": 1}, 3_000)])
def test_attachments_count_where_the_caller_did_not(asked, tokens):
    capabilities = PLAIN | {"image", "document"}
    extra = cost(capabilities=capabilities, **asked) - cost()
    assert extra == pytest.approx(tokens * 2.0 / MILLION)


@pytest.mark.parametrize(
    ("reading", "tokens"),
    [
        (make_reading("chat", 1.0, asked_words=200), 280),
        (make_reading("chat", 1.0, asked_words=200, language="he"), 460),
        (make_reading("translation", 0.1, message_tokens=1_000), 1_320),
        (make_reading("coding", 0.5, message_tokens=0), 600),
    ],
)
def test_the_length_of_a_reply_is_predicted(reading, tokens):
    predicted = choose(reading).features["predicted_output_tokens"]
    assert predicted == pytest.approx(tokens, rel=0.01)


def test_the_callers_limit_caps_the_reply():
    assert (
        choose(make_reading("creative"), max_output_tokens=50).features["predicted_output_tokens"]
        == 50
    )


def test_the_reference_is_told_for_the_same_tokens():
    reference = make_card("acme/reference", 10.0, 50.0)
    one = make_candidate(make_card("acme/one", 2.0, 10.0))
    decision = choose(candidates=[one], policy=Policy(reference=reference))
    assert decision.reference["model"] == "acme/reference"
    assert decision.reference["cost_usd"] == pytest.approx(5 * decision.chosen.cost_usd)
