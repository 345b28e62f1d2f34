"""What a browser would see in rendered HTML, and whether any of it could act."""

from __future__ import annotations

from html.parser import HTMLParser

# Written again by hand: a tag that the renderer begins to allow must be allowed here as well.
TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "input", "kbd", "li", "ol", "p",
    "pre", "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "checked", "class", "data-language", "dir", "disabled", "href", "rel", "start", "target",
    "title", "type",
}  # fmt: skip
SCHEMES = ("http://", "https://", "mailto:", "tel:")


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read_html(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def text_of(html: str) -> str:
    return "".join(read_html(html).words)


def links_of(html: str) -> list[str]:
    return [str(attrs["href"]) for tag, attrs in read_html(html).elements if attrs.get("href")]


def assert_harmless(html: str) -> None:
    """Listed tags, listed attributes, links to the web alone; nothing that is fetched by itself."""
    for tag, attrs in read_html(html).elements:
        assert tag in TAGS, tag
        assert set(attrs) <= ATTRIBUTES, attrs
        if tag == "input":
            assert attrs.get("type", "checkbox") == "checkbox", attrs
            assert "disabled" in attrs, attrs
        if attrs.get("href"):
            assert str(attrs["href"]).lower().startswith(SCHEMES), attrs
            assert attrs.get("target") == "_blank", attrs
            assert "noopener" in str(attrs.get("rel")), attrs
