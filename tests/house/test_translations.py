"""Every word of the interface is marked, and every marked word is there in Hebrew."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "locale" / "he" / "LC_MESSAGES" / "django.po"
COMPILED = CATALOGUE.with_suffix(".mo")

FIELD = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?) (".*")$')
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%\w+%%")

# What gettext puts between a context and its message.
AFTER_CONTEXT = "\x04"

# Names, keys of a keyboard, and what a machine is told: the same in every language.
SAME_EVERYWHERE = {"Alt", "API", "Auto", "Chofesh", "Ctrl", "Enter", "Esc", "K", "O", "M", "C", "Shift", "s"}  # fmt: skip
TAGS = re.compile(
    r"{% blocktranslate.*?{% endblocktranslate %}|{% comment.*?{% endcomment %}|{#.*?#}|{%.*?%}|{{.*?}}",
    re.DOTALL,
)
SPOKEN = {"alt", "aria-label", "placeholder", "title"}
LETTERS = re.compile(r"[^\W\d_]+")


class Entry(NamedTuple):
    context: str
    singular: str
    plural: str
    forms: tuple[str, ...]
    is_fuzzy: bool


def entries() -> list[Entry]:
    """Without the header, which is the entry of the empty message."""
    blocks = CATALOGUE.read_text().split("\n\n")
    return [entry for entry in map(_entry, blocks) if entry.singular]


def _entry(block: str) -> Entry:
    fields: dict[str, str] = {}
    current = ""
    for line in block.splitlines():
        found = FIELD.match(line)
        if found:
            current = found[1]
            fields[current] = _unquoted(found[2])
        elif line.startswith('"'):
            fields[current] += _unquoted(line)
    return Entry(
        fields.get("msgctxt", ""),
        fields.get("msgid", ""),
        fields.get("msgid_plural", ""),
        tuple(text for name, text in fields.items() if name.startswith("msgstr")),
        bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE)),
    )


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), quoted[1:-1])


class Visible(HTMLParser):
    """The text and the spoken attributes of a page whose template tags were taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open_code += tag == "code"
        self.texts += [value or "" for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        self.open_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self.open_code:
            self.texts.append(data)


def unmarked(template: str) -> set[str]:
    page = Visible()
    page.feed(TAGS.sub("", template))
    return {word for text in page.texts for word in LETTERS.findall(text)} - SAME_EVERYWHERE


def marked_in(template: str) -> set[str]:
    """The messages of a template's plain tags; longer blocks are makemessages' to read."""
    return {
        found[2]
        for found in re.finditer(
            r"""(?:{% translate |_\()(["'])((?:(?!\1).)*)\1(?! context)""", template
        )
    }


def test_nothing_is_left_untranslated_or_doubtful():
    assert [entry.singular for entry in entries() if not all(entry.forms)] == []
    assert [entry.singular for entry in entries() if entry.is_fuzzy] == []


def test_the_gaps_to_fill_are_the_same():
    for entry in entries():
        *special, last = entry.forms
        gaps = set(PLACEHOLDER.findall(entry.plural or entry.singular))
        assert set(PLACEHOLDER.findall(last)) == gaps, entry.singular
        # "One member" and "two members" may leave out the figure, but nothing may be added.
        for form in special:
            assert set(PLACEHOLDER.findall(form)) <= gaps, entry.singular


def test_hebrew_has_a_form_for_one_for_two_and_for_more():
    assert {len(entry.forms) for entry in entries() if entry.plural} == {3}


def test_the_compiled_catalogue_says_the_same():
    with COMPILED.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in entries():
        context = entry.context + AFTER_CONTEXT if entry.context else ""
        for count, form in enumerate(entry.forms, start=1):
            if entry.plural:
                said = compiled.ngettext(context + entry.singular, entry.plural, count)
            else:
                said = compiled.gettext(context + entry.singular)
            assert said == form, entry.singular


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="gettext is not installed")
def test_gettext_finds_nothing_wrong():
    command = ["msgfmt", "--check", "--output-file=-", str(CATALOGUE)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_every_visible_word_of_the_templates_is_marked():
    left = {
        str(path.relative_to(ROOT)): words
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if (words := unmarked(path.read_text()))
    }
    assert left == {}


def test_every_marked_word_of_the_templates_is_in_the_catalogue():
    known = {entry.singular.replace("%%", "%") for entry in entries()}
    used = {
        message
        for path in (ROOT / "templates").rglob("*.html")
        for message in marked_in(path.read_text())
    }
    assert used - known == set()
