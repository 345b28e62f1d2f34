from __future__ import annotations

import pytest

from chat.markdown import HIGHLIGHT_MAX_CHARACTERS, render
from tests.chat.html_reading import links_of, text_of


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** and _italic_", "<strong>bold</strong> and <em>italic</em>"),
        ("~~gone~~", "<s>gone</s>"),
        ("# Title", '<h1 dir="auto">Title</h1>'),
        ("- a", '<li dir="auto">a</li>'),
        ("3. c", '<ol start="3">'),
        ("> q", '<blockquote dir="auto">'),
        ("| a |\n|---|\n| b |", '<td dir="auto">b</td>'),
        ("`x < y`", "<code>x &lt; y</code>"),
        ("שלום", '<p dir="auto">שלום</p>'),
        ("$x<y$", '<span class="math inline" dir="ltr">x&lt;y</span>'),
        ("\\(x\\)", '<span class="math inline" dir="ltr">x</span>'),
        ("$$\nx\n$$", '<div class="math block" dir="ltr">'),
        ("\\[x\\]", '<div class="math block" dir="ltr">'),
    ],
)
def test_it_renders_what_models_write(text, html):
    assert html in render(text)


@pytest.mark.parametrize("text", ["It costs $5 and $10.", "$ 5 $", "US$3, A$4"])
def test_prices_are_not_formulas(text):
    assert "math" not in render(text)


def test_a_fence_names_its_language_and_is_highlighted():
    html = render("```python\nimport os\n```")

    assert '<pre class="code" dir="ltr" data-language="python">' in html
    assert '<span class="' in html
    assert text_of(html).strip() == "import os"


@pytest.mark.parametrize("language", ["", "nosuchlanguage", "py\u202ethon"])
def test_a_fence_of_an_unknown_language_is_plain(language):
    assert "<span" not in render(f"```{language}\nx = 1\n```")


def test_a_very_long_fence_is_not_highlighted():
    code = "x = 1\n" * (HIGHLIGHT_MAX_CHARACTERS // 6 + 1)

    assert "<span" not in render(f"```python\n{code}```")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](https://example.org/x)", ["https://example.org/x"]),
        ("https://example.org/x.", ["https://example.org/x"]),
        ("<https://example.org>", ["https://example.org"]),
        ("[a](mailto:a@example.org)", ["mailto:a@example.org"]),
        ("Look into settings.py and example.org", []),
        ("[a](/settings)", []),
        ("[a](#top)", []),
        ("[a](//example.org)", []),
        ("[a](notes.md)", []),
    ],
)
def test_only_whole_addresses_become_links(text, links):
    assert links_of(render(text)) == links


def test_a_link_opens_elsewhere_and_tells_nothing():
    html = render("[a](https://example.org)")

    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_an_image_is_a_link_with_its_words_and_host():
    html = render("![a cat](https://example.org/cat.png)")

    assert text_of(html).strip() == "a cat (example.org)"
    assert links_of(html) == ["https://example.org/cat.png"]


def test_a_task_list_shows_its_boxes():
    html = render("- [x] done\n- [ ] open")

    assert html.count('type="checkbox"') == 2
    assert html.count('checked="checked"') == 1
    assert html.count('disabled=""') == 2


def test_the_code_of_a_reply_keeps_every_character():
    code = "a\tb  c\n\n\u2028\u00a0<&>\"'\\$x$\n"

    assert text_of(render(f"```\n{code}```")) == code + "\n"
