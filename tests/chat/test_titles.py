from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.titles import TITLE_CHARACTERS, title_from


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is a monad? Explain it.", "What is a monad?"),
        ("Translate into French: The meeting moved", "Translate into French"),
        ("Hi. How do I merge two dictionaries?", "Hi. How do I merge two dictionaries?"),
        ("**Write** a `poem` about rain", "Write a poem about rain"),
        ("First line of it all\nSecond line", "First line of it all"),
        ("מה השעה עכשיו בירושלים? ומה בלונדון?", "מה השעה עכשיו בירושלים?"),
        ("これは何ですか。教えてください", "これは何ですか。教えてください"),
        (
            "A train leaves at 14:05 from Lod: when does it arrive?",
            "A train leaves at 14:05 from Lod",
        ),
        ("  spaced   out  words here  ", "spaced out words here"),
        ("Only a few, words", "Only a few, words"),
        ("A long enough clause, and then more", "A long enough clause"),
    ],
)
def test_it_takes_the_first_clause(text, title):
    assert title_from(text) == title


def test_it_cuts_a_long_clause_between_words():
    title = title_from("word " * 40)

    assert title.endswith("word…")
    assert len(title) <= TITLE_CHARACTERS + 1


def test_it_cuts_a_word_that_never_ends():
    assert title_from("x" * 500) == "x" * TITLE_CHARACTERS + "…"


@given(st.text(min_size=1, max_size=300))
def test_it_is_short_and_on_one_line(text):
    title = title_from(text)

    assert len(title) <= TITLE_CHARACTERS + 1
    assert "\n" not in title


@pytest.mark.parametrize("text", ["***", "###", "```", "[]", "..."])
def test_a_text_of_signs_has_a_title_too(text):
    assert title_from(text)
