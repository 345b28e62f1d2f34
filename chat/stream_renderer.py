"""A growing text as HTML: what is finished once, what is open again and again, at a bounded price."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from chat.markdown import as_plain_text, blocks_html, is_hostile, parse_blocks

# An open block this short is parsed whenever somebody looks; a longer one once it has grown by a
# quarter, so that all parsing of a block together costs a few times its last.
SHORT_CHARACTERS = 1_000
GROWTH = 1.25
# A longer one stays as it was parsed last, with the text that has come since behind it, until
# something looks like its end: one list of 26 KB took half a second of everybody's time.
OPEN_MAX_CHARACTERS = 8_000
# Even once it is finished, a block beyond this is shown as text until the reply is rendered whole.
PARSE_MAX_CHARACTERS = 32_000
COLOURED_MAX_CHARACTERS = 16_000

# A line at the margin after an empty one, which belongs to no list, quote or table; a heading; a
# fence. Inside code only a fence ends anything.
END = re.compile(r"\n[ \t]*\n(?=[^\s*+>|\d-])|\n(?=#{1,6} )|\n(?=```|~~~)")
END_OF_CODE = re.compile(r"\n(?=```|~~~)")
# Within a line, text without any of these begins and ends nothing: behind what was parsed it looks
# as if it had been parsed, too. Inside code that is so of whole lines.
MARK = re.compile(r"[`*_\[\])<>&;~$\\:|#\n]")
MARK_IN_CODE = re.compile(r"[`~]")
# What kind of block a line is may still be open before it has so many characters.
LINE_IS_PLAIN_CHARACTERS = 16
# How much of an end may stand before what was last looked through.
END_BEGINS = 8


@dataclass(frozen=True, slots=True)
class Rendering:
    """`frozen` is HTML of the text from `frozen_from` to `frozen_until`; `open` of what follows."""

    frozen_from: int
    frozen_until: int
    frozen: str
    open: str


class StreamRenderer:
    """Renders a growing text: finished top-level blocks once, the open one seldom enough.

    `parsed_characters` counts what was parsed so far, each time anew: the price of the stream.
    """

    def __init__(self, text: str = "") -> None:
        self.parsed_characters = 0
        self._parts = [_one_kind_of_line_end(text)] if text else []
        self._length = len(text)
        self._frozen: list[str] = []
        self._frozen_until = 0
        # Of the open block: its HTML, how far it was parsed, whether that ended inside code.
        self._open = ""
        self._parsed_until = 0
        self._is_code = False
        self._waits_for_line = False
        self._reads_on = False

    @property
    def seq(self) -> int:
        return self._length

    def append(self, text: str) -> None:
        self._parts.append(_one_kind_of_line_end(text))
        self._length += len(text)
        mark = MARK_IN_CODE if self._is_code else MARK
        self._reads_on = self._reads_on and mark.search(text) is None

    def text(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def reads_on(self) -> bool:
        """Whether what has come since the last parsing looks right as plain text behind it."""
        return self._reads_on

    @property
    def is_due(self) -> bool:
        """Whether the open block is worth parsing again; if not, plain text says enough."""
        length = self._length - self._frozen_until
        if length <= SHORT_CHARACTERS:
            return True
        parsed = self._parsed_until - self._frozen_until
        if length <= OPEN_MAX_CHARACTERS and length >= GROWTH * parsed:
            return True
        return self._has_an_end()

    def advance(self) -> Rendering:
        """Freeze what has been finished since the last call and render the open block."""
        start = self._frozen_until
        if not self.is_due:
            return Rendering(start, start, "", self._open_and_more())
        tail = self.text()[start:]
        skipped = _last_end(tail) if self._costs_too_much(tail) else 0
        frozen = [as_plain_text(tail[:skipped])] if skipped else []
        rest = tail[skipped:]
        if self._costs_too_much(rest):
            return self._froze(skipped, frozen, as_plain_text(rest))
        cut, html, opened = self._parsed(rest)
        return self._froze(skipped + cut, [*frozen, html], opened)

    def whole(self) -> Rendering:
        """All that the last advance() rendered, for a browser that has just come."""
        return Rendering(0, self._frozen_until, "".join(self._frozen), self._open_and_more())

    def _has_an_end(self) -> bool:
        """Whether the block that was open at the last parsing may be finished by now."""
        if self._waits_for_line and "\n" in self.text()[self._parsed_until :]:
            return True
        start = max(self._frozen_until, self._parsed_until - END_BEGINS)
        end = END_OF_CODE if self._is_code else END
        return end.search(self.text(), start) is not None

    def _is_in_code(self) -> bool:
        """Below the first line of a fence, which names its language."""
        has_begun = not self._waits_for_line and "\n" in self.text()[self._frozen_until :]
        return self._is_code and has_begun

    def _costs_too_much(self, text: str) -> bool:
        return is_hostile(text) or (len(text) > PARSE_MAX_CHARACTERS and not self._is_code)

    def _parsed(self, text: str) -> tuple[int, str, str]:
        """How much of it is finished, the HTML of that, and of the rest."""
        tokens = parse_blocks(text)
        self.parsed_characters += len(text)
        self._is_code = _ends_inside_code(tokens, text)
        token, cut = _last_block(tokens, text)
        self._waits_for_line = token > 0 and "\n" not in text[cut:]
        if self._waits_for_line:
            # "#" may become "#hashtag", a line of the block above.
            token = 0
        opened = blocks_html(tokens[token:], plain_code=True)
        plain = cut > COLOURED_MAX_CHARACTERS
        finished = blocks_html(tokens[:token], plain_code=plain) if token else ""
        return cut if finished else 0, finished, opened

    def _froze(self, cut: int, frozen: list[str], opened: str) -> Rendering:
        start = self._frozen_until
        html = "".join(frozen)
        if html:
            self._frozen.append(html)
        self._frozen_until = start + cut
        self._open, self._parsed_until = opened, self._length
        self._reads_on = self._is_in_code() or _ends_in_plain_words(self.text())
        return Rendering(start, self._frozen_until, html, opened)

    def _open_and_more(self) -> str:
        more = self.text()[self._parsed_until :]
        return self._open + as_plain_text(more) if more else self._open


def _last_end(text: str) -> int:
    """Without parsing: where the last line begins that looks like the start of a new block."""
    ends = [found.end() for found in END.finditer(text)]
    return ends[-1] if ends else 0


def _ends_in_plain_words(text: str) -> bool:
    line = text[text.rfind("\n") + 1 :].strip()
    is_long = len(line) >= LINE_IS_PLAIN_CHARACTERS
    # More characters might belong to the address.
    return is_long and MARK.match(line[-1]) is None and ":" not in line.split()[-1]


def _one_kind_of_line_end(text: str) -> str:
    """The parser counts lines at a lone CR too, this module at LF alone; the length stays, for `seq` counts characters."""
    return text.replace("\r", " ")


def _last_block(tokens: Sequence[Token], text: str) -> tuple[int, int]:
    """Where the last top-level block begins, as a token index and a character offset."""
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.level == 0 and token.nesting >= 0 and token.map:
            return index, _offset_of_line(text, token.map[0])
    return 0, 0


def _ends_inside_code(tokens: Sequence[Token], text: str) -> bool:
    if not tokens or tokens[-1].type != "fence" or not tokens[-1].map:
        return False
    fence, (first, end) = tokens[-1].markup, tokens[-1].map
    last = text.split("\n")[end - 1].strip()
    is_closed = end - first > 1 and last.startswith(fence) and set(last) == {fence[0]}
    return not is_closed


def _offset_of_line(text: str, line: int) -> int:
    offset = 0
    for _ in range(line):
        offset = text.index("\n", offset) + 1
    return offset
