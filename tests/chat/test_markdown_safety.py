"""S01-S07 of docs/reliability.md: nothing that is said runs, fetches or dresses up as the page."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.markdown import render, sanitised
from chat.stream_renderer import StreamRenderer
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


HUNDRED_KB = 100_000
SLOW_TEXTS = {
    "brackets": "[" * HUNDRED_KB,
    "stars": "*" * HUNDRED_KB,
    "lines of brackets": ("[" * 400 + "\n") * 250,
    "lines of stars": ("*a" * 200 + "\n") * 250,
    "paragraphs of brackets": ("[" * 400 + "\n\n") * 250,
    "paragraphs of images": ("![" * 200 + "\n\n") * 250,
    "paragraphs of links": ("[a][" * 100 + "\n\n") * 250,
    "ten thousand quotes": "> " * 10_000 + "a",
    "quotes in quotes": "\n".join(">" * depth + " a" for depth in range(450)),
    "ten thousand columns": f"|{'a|' * 9_990}\n|{'-|' * 9_990}\n|{'a|' * 9_990}",
    "three thousand columns": f"|{'a|' * 3_000}\n|{'-|' * 3_000}\n|{'a|' * 3_000}",
    "headings": "# a\n" * 25_000,
    "rules": "---\n" * 25_000,
    "empty items": "- \n" * 33_000,
}
# S68 allows a fifth of a second on an idle machine. Without the bounds some of these took minutes.
SLOW_S = 2.0


@pytest.mark.parametrize("text", SLOW_TEXTS.values(), ids=SLOW_TEXTS.keys())
def test_a_text_made_to_be_slow_costs_little_or_is_shown_as_it_was_written(text):
    started = time.thread_time()
    shown = render(text)
    taken_s = time.thread_time() - started

    assert_harmless(shown)
    assert taken_s < SLOW_S


@pytest.mark.parametrize(
    "piece", ["[", "*a ", "![", "\\\\(", "<", "_a__b_", "[a](<b", "|a|b|", "$a", "[a][", "~~"]
)
def test_a_paragraph_made_to_be_slow_is_rendered_soon(piece):
    line = piece * (15_000 // len(piece))
    started = time.perf_counter()

    assert_harmless(render("\n".join([line] * 6)))

    # Without bounds some of these take most of a minute.
    assert time.perf_counter() - started < 10
