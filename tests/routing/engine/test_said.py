from __future__ import annotations

import pytest

from routing.engine.said import asking_sentence, said_part, words_of

LETTER = "\n".join(
    f"Line {number} of a letter about the heating in our house." for number in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Summarise this in two lines.", "summarise this in two lines"),
        ("I sell tea. Can you write a post about it? No emoji.", "can you write a post about it"),
        ("It rains again. Nothing to do.", "it rains again"),
        (f"Translate to French:\n{LETTER}", "translate to french"),
        (f"{LETTER}\nsummarise the above", "summarise the above"),
    ],
    ids=["one", "context-first", "no-ask", "pasted-after", "pasted-before"],
)
def test_it_finds_the_sentence_that_asks(text, words):
    assert asking_sentence(text, words_of(text)) == words.split()


def test_a_long_quotation_is_not_what_is_said():
    quoted = "the meeting on Friday was moved to Monday because the room is being painted, again"

    assert said_part(f'Make this sound friendlier: "{quoted}" Thanks!').split() == [
        *("Make", "this", "sound", "friendlier:"),
        *('"', '"', "Thanks!"),
    ]


def test_a_short_text_is_all_said():
    assert said_part("line one\nline two") == "line one\nline two"
