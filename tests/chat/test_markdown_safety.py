"""S01-S07 of docs/reliability.md: nothing that is said runs, fetches or dresses up as the page."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.markdown import StreamRenderer, render, sanitised
from tests.chat.hostile_texts import EVIL, HOSTILE_TEXTS, IMAGES
from tests.chat.html_reading import assert_harmless, links_of, read_html, text_of

PIECES = (
    st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=30) | st.sampled_from(["\n\n", "> ", "- "])
)
HOSTILE_MIXES = st.lists(PIECES, max_size=6).map("".join)


def test_the_corpus_is_as_large_as_promised():
    assert len(set(HOSTILE_TEXTS)) == len(HOSTILE_TEXTS) >= 150


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_hostile_text_is_harmless(text):
    assert_harmless(render(text))


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_hostile_stream_is_harmless_wherever_it_is_cut(text):
    renderer = StreamRenderer()
    for start in range(0, len(text), 3):
        renderer.append(text[start : start + 3])
        shown = renderer.advance()
        assert_harmless(shown.frozen)
        assert_harmless(shown.open)
    assert_harmless(renderer.whole().frozen)


@pytest.mark.parametrize("text", IMAGES)
def test_an_image_becomes_a_link_that_names_its_host(text):
    html = render(text)

    assert "img" not in [tag for tag, _ in read_html(html).elements]
    assert not links_of(html) or EVIL in text_of(html)


@given(HOSTILE_MIXES)
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_any_mixture_of_hostile_texts_is_harmless(text):
    assert_harmless(render(text))


@given(HOSTILE_MIXES)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_sanitising_twice_is_sanitising_once(text):
    once = sanitised(text)

    assert sanitised(once) == once


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_the_sanitiser_holds_without_the_parser(text):
    assert_harmless(sanitised(text))


@pytest.mark.parametrize("piece", ["[", "*", "> ", "|a", "![", "`", "\\\\(", "<"])
def test_an_endless_line_is_shown_as_plain_text(piece):
    line = piece * 50_000

    assert text_of(render(line)) == line


@pytest.mark.parametrize(
    "piece", ["[", "*a ", "![", "\\\\(", "<", "_a__b_", "[a](<b", "|a|b|", "$a", "[a][", "~~"]
)
def test_a_paragraph_made_to_be_slow_is_rendered_soon(piece):
    line = piece * (15_000 // len(piece))
    started = time.perf_counter()

    assert_harmless(render("\n".join([line] * 6)))

    # Without bounds some of these take most of a minute.
    assert time.perf_counter() - started < 10
