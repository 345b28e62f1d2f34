from __future__ import annotations

import html
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.markdown import render
from chat.stream_renderer import StreamRenderer

BLOCKS = [
    "A plain paragraph\nof two lines.",
    "# Heading",
    "Underlined\n==========",
    "- one\n- two\n  - three",
    "- loose\n\n- list",
    "1. first\n2. second\n\n   more of it",
    "- [ ] to do\n- [x] done",
    "> quoted\n> twice\nlazily",
    "```python\ndef f():\n\n    return 1\n```",
    "~~~\ntildes\n~~~",
    "    indented code\n\n    goes on",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "text then\na | b\n--|--\n1 | 2",
    "---",
    "***",
    "$$\nx^2\n$$",
    "\\[\ny\n\\]",
    "Inline $x$, `code`, **bold**, [link](https://example.org) and https://example.org.",
    "#no heading",
    "שלום עולם",
    "🎈 wörd\u2028next",
    "1986\\. A year",
    "<b>no html</b>",
    "```",
]
DOCUMENTS = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=8).map("\n\n".join)
CUTS = st.lists(st.integers(0, 400), max_size=12)


def unhighlighted(markup: str) -> str:
    """The open block is rendered without the colours of its code."""
    return re.sub(r"</?span(?! class=\"math)[^>]*>", "", markup)


def streamed(text: str, cuts: list[int]) -> StreamRenderer:
    renderer = StreamRenderer()
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for start, end in pairwise(places):
        renderer.append(text[start:end])
        renderer.advance()
    return renderer


@given(DOCUMENTS, CUTS)
@settings(max_examples=400, deadline=None)
def test_a_stream_ends_as_the_whole_text_is_rendered(text, cuts):
    shown = streamed(text, cuts).whole()

    assert unhighlighted(shown.frozen + shown.open) == unhighlighted(render(text))


@given(DOCUMENTS, CUTS)
@settings(max_examples=200, deadline=None)
def test_what_is_frozen_is_never_taken_back(text, cuts):
    renderer, until = StreamRenderer(), 0
    frozen = ""
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for start, end in pairwise(places):
        renderer.append(text[start:end])
        shown = renderer.advance()
        assert shown.frozen_from == until
        until, frozen = shown.frozen_until, frozen + shown.frozen
        assert renderer.whole().frozen == frozen
    assert renderer.seq == len(text)


def in_one_line(markup: str) -> str:
    return re.sub(r"\s+", "", markup)


@given(DOCUMENTS, CUTS)
@settings(max_examples=400, deadline=None)
def test_what_reads_on_as_plain_text_looks_as_if_it_had_been_parsed(text, cuts):
    renderer, plain = StreamRenderer(), ""
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for start, end in pairwise(places):
        before = renderer.whole()
        renderer.append(text[start:end])
        reads_on = renderer.reads_on
        after = renderer.advance()
        if reads_on:
            closing = len(re.sub(r"(\s|</[a-z0-9]+>)*$", "", before.open))
            plain = html.escape(text[start:end])
            shown = before.open[:closing] + plain + before.open[closing:]
            assert not after.frozen
            assert in_one_line(after.open) == in_one_line(shown)


@pytest.mark.parametrize(
    ("shown", "more", "reads_on"),
    [
        ("Some words that make a line ", "and more of them, (with a comma", True),
        ("Some words that make a line ", "**", False),
        ("Some words that make a line ", "\n", False),
        ("Short", " words", False),
        ("Look at https://example.org", "/page", False),
        ("Some words, and an `open", " code", True),
        ("```python\nx = ", "f(x)\n", True),
        ("```pyt", "hon", False),
    ],
)
def test_only_what_may_look_otherwise_is_worth_parsing(shown, more, reads_on):
    renderer = streamed(shown, [])
    renderer.append(more)

    assert renderer.reads_on is reads_on


def test_a_finished_block_is_frozen_with_its_colours():
    renderer = StreamRenderer()
    renderer.append("```python\nx = 1\n```\n\nAfter it\n")

    shown = renderer.advance()

    assert '<span class="' in shown.frozen
    assert shown.open == '<p dir="auto">After it</p>\n'


def test_an_open_fence_is_shown_as_code_without_colours():
    renderer = StreamRenderer()
    renderer.append("Look:\n\n```python\nx = 1\n")

    assert renderer.advance().open.startswith('<pre class="code" dir="ltr" data-language="python">')
    assert "<span" not in renderer.advance().open


def test_a_hash_waits_for_the_end_of_its_line():
    renderer = StreamRenderer()
    renderer.append("Above\n#")

    assert renderer.advance().frozen == ""


def test_it_begins_with_what_was_written_before():
    renderer = StreamRenderer("One.\n\nTwo")
    renderer.append(" more")

    shown = renderer.advance()

    assert (shown.frozen_from, renderer.seq) == (0, 14)
    assert "Two more" in shown.open


@pytest.mark.parametrize("text", ["", "\n\n", "   "])
def test_a_text_without_words_renders_nothing(text):
    renderer = StreamRenderer()
    renderer.append(text)

    shown = renderer.advance()

    assert (shown.frozen, shown.open, shown.frozen_until) == ("", "", 0)


TABLE = "| name | price |\n|---|---|\n" + "| **bread** and `rolls` | 12.40 |\n" * 800
LONG_BLOCKS = {
    "table": TABLE,
    "list": "- some words, **bold** ones too\n" * 800,
    "loose list": "- some words, **bold** ones too\n\n" * 800,
    "code": "```python\n" + "x = 1\n\ndef f() -> int:\n" * 800,
    "paragraph": "some words, **bold** ones too\n" * 800,
    "quote": "> some words, **bold** ones too\n" * 800,
    "brackets": "[" * 30_000,
    "columns": "|" + "a|" * 12_000,
    "list with paragraphs": "- words\n\n  more words\n\n" * 800,
}


def test_the_corpus_of_long_blocks_is_long():
    assert min(map(len, LONG_BLOCKS.values())) > 15_000


@pytest.mark.parametrize("block", LONG_BLOCKS.values(), ids=LONG_BLOCKS.keys())
def test_one_long_block_is_parsed_a_few_times_not_at_every_look(block):
    renderer = StreamRenderer()
    for start in range(0, len(block), 40):
        renderer.append(block[start : start + 40])
        renderer.advance()

    # Parsed at each look it would be some ten million characters.
    assert renderer.parsed_characters < 120_000


@pytest.mark.parametrize("block", LONG_BLOCKS.values(), ids=LONG_BLOCKS.keys())
def test_what_follows_a_long_block_is_rendered_again(block):
    end = "\n```\n\nAfter **it**.\n" if block.startswith("```") else "\n\nAfter **it**.\n"
    renderer = StreamRenderer()
    renderer.append(block)
    renderer.advance()
    renderer.append(end)

    assert renderer.advance().open == '<p dir="auto">After <strong>it</strong>.</p>\n'


def test_a_finished_table_is_frozen_as_a_table():
    renderer = StreamRenderer()
    renderer.append(TABLE)
    renderer.advance()
    renderer.append("\nAfter it.\n")

    assert renderer.advance().frozen.count("<tr>") == 801


def test_a_long_block_is_finished_also_when_the_next_line_comes_in_pieces():
    renderer = StreamRenderer(TABLE)
    renderer.advance()
    for piece in ("\nAft", "er", " **it**", ".\n"):
        renderer.append(piece)
        renderer.advance()

    assert renderer.advance().open == '<p dir="auto">After <strong>it</strong>.</p>\n'


def test_text_beyond_the_last_parsing_is_shown_as_it_is():
    renderer = StreamRenderer(TABLE[:7_000])
    renderer.advance()
    renderer.append("more & more " * 300)

    assert renderer.advance().open.endswith("more &amp; more </p>")
    assert renderer.whole().open == renderer.advance().open


@pytest.mark.parametrize(
    "text", ["a\rb\n\nnext block\n\nthird\n", "```\na\rb\n", "50 %\r100 %\r\n\ndone"]
)
def test_a_lone_carriage_return_is_no_line_of_its_own(text):
    """Progress bars are full of them; the parser counts them as lines."""
    renderer = StreamRenderer()
    for letter in text:
        renderer.append(letter)
        renderer.advance()
    assert renderer.seq == len(text)
    StreamRenderer(text).advance()
