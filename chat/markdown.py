"""The one renderer of Markdown: stream, history, share and export alike."""

from __future__ import annotations

import html
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe  # noqa: TID251
from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from mdit_py_plugins.texmath import texmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# Beyond this a code block is shown plain: highlighting is linear, but its page weight is not.
HIGHLIGHT_MAX_CHARACTERS = 60_000
# A line of a hundred thousand brackets is an attack on the parser, not a text; so is a table of
# ten thousand cells. The price of a paragraph grows with its openers times its length.
LINE_MAX_CHARACTERS = 20_000
LINES_MAX = 10_000
CELLS_MAX = 10_000
PARAGRAPH_MAX_CHARACTERS = 10_000
PARAGRAPH_MAX_OPENERS = 500
# And all paragraphs of a text together, in openers times characters: a fifth of a second.
TEXT_MAX_PRICE = 8_000_000
OPENERS = ("[", "![", "\\(", "<", "*", "_", "$", "://")

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "input", "kbd", "li", "ol", "p",
    "pre", "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"dir"},
    "a": {"href", "title"},
    "code": {"class"},
    "div": {"class"},
    "input": {"checked", "disabled"},
    "li": {"class"},
    "ol": {"start"},
    "pre": {"class", "data-language"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
    "ul": {"class"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
DIRECTED = {
    "paragraph_open",
    "heading_open",
    "list_item_open",
    "blockquote_open",
    "th_open",
    "td_open",
}

_sanitiser = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    # The boxes of a task list, and no other field.
    tag_attribute_values={"input": {"type": {"checkbox"}}},
    set_tag_attribute_values={"a": {"target": "_blank"}, "input": {"disabled": ""}},
    url_schemes=SCHEMES,
    # A model knows no address of ours: "/x", "//host" and "java%0Ascript:" lead nowhere good.
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)
_formatter = HtmlFormatter(nowrap=True)


def _highlighted(code: str, language: str) -> str:
    if not language or len(code) > HIGHLIGHT_MAX_CHARACTERS:
        return html.escape(code)
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return html.escape(code)
    return str(highlight(code, lexer, _formatter))


def _fence(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: Any,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    language = token.info.split()[0] if token.info.strip() else ""
    plain = env.get("plain_code", False)
    code = html.escape(token.content) if plain else _highlighted(token.content, language)
    name = html.escape(language, quote=True)
    return f'<pre class="code" dir="ltr" data-language="{name}"><code>{code}</code></pre>\n'


def _image(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    """A remote image would tell its server that the reply was read, so it stays a link."""
    source = str(tokens[index].attrs.get("src", ""))
    words = html.escape(tokens[index].content or source)
    host = html.escape(urlsplit(source).hostname or "")
    label = f"{words} ({host})" if host else words
    return f'<a href="{html.escape(source, quote=True)}">{label}</a>'


def _math_inline(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    return f'<span class="math inline" dir="ltr">{html.escape(tokens[index].content)}</span>'


def _math_block(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    return f'<div class="math block" dir="ltr">{html.escape(tokens[index].content)}</div>\n'


def _spare_the_parser(state: StateCore) -> None:
    """What would take too long to parse stays as it was written, one paragraph after another."""
    spent = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        openers = sum(token.content.count(opener) for opener in OPENERS)
        price = openers * len(token.content)
        is_too_much = openers > PARAGRAPH_MAX_OPENERS or spent + price > TEXT_MAX_PRICE
        if is_too_much or len(token.content) > PARAGRAPH_MAX_CHARACTERS:
            token.type = "plain_inline"
        else:
            spent += price


def _plain_inline(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    return html.escape(tokens[index].content)


def _direct_blocks(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in DIRECTED:
            token.attrSet("dir", "auto")


class _WholeUrls(LinkifyIt):  # type: ignore[misc]  # it has no types
    """Bare words such as "settings.py" look like hosts; only whole URLs become links."""

    def pretest(self, text: str) -> bool:
        # Its own looks for the ending of any host and took a quarter of all rendering.
        return "//" in text or "mailto:" in text.lower()


def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like", {"html": False, "linkify": True, "typographer": False})
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    parser.use(texmath_plugin, delimiters="brackets")
    parser.use(tasklists_plugin)
    parser.linkify = _WholeUrls(options={"fuzzy_link": False, "fuzzy_email": False})
    parser.core.ruler.before("inline", "spare_the_parser", _spare_the_parser)
    parser.core.ruler.push("direct_blocks", _direct_blocks)
    parser.add_render_rule("plain_inline", _plain_inline)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    parser.add_render_rule("image", _image)
    for name in ("math_inline", "math_inline_double", "math_single"):
        parser.add_render_rule(name, _math_inline)
    for name in ("math_block", "math_block_label", "math_block_eqno"):
        parser.add_render_rule(name, _math_block)
    return parser


_markdown = _parser()


def is_hostile(text: str) -> bool:
    lines = text.split("\n")
    if text.count("|") > CELLS_MAX or len(lines) > LINES_MAX:
        return True
    return any(len(line) > LINE_MAX_CHARACTERS for line in lines)


def sanitised(markup: str) -> str:
    """HTML with the listed tags, attributes and schemes alone; the same again if it is so already."""
    return _sanitiser.clean(markup)


def parse_blocks(text: str) -> list[Token]:
    return _markdown.parse(text)


def blocks_html(tokens: Sequence[Token], *, plain_code: bool) -> str:
    env: dict[str, Any] = {"plain_code": plain_code}
    return sanitised(_markdown.renderer.render(tokens, _markdown.options, env))


def as_plain_text(text: str) -> str:
    return f'<p class="plain" dir="auto">{html.escape(text)}</p>'


def render(text: str) -> SafeString:
    """The whole of a finished text, highlighted."""
    if is_hostile(text):
        return mark_safe(sanitised(as_plain_text(text)))  # noqa: S308
    return mark_safe(blocks_html(parse_blocks(text), plain_code=False))  # noqa: S308
