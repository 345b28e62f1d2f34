"""What the templates, scripts and styles promise each other."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.template.loader import render_to_string

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
REPLY_ID = UUID(int=7)


def text_of(folder: str, pattern: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob(pattern)))


def make_reply(**changes):
    chip = SimpleNamespace(
        auto=True,
        model_name="Coder",
        category_name="Coding",
        category_percent=82,
        cost_words="$0.0031",
        fell_back=False,
    )
    values = {"id": REPLY_ID, "state": "done", "text": "Hello", "html": "", "chip": chip}
    return SimpleNamespace(**(values | changes))


def test_every_icon_is_in_the_sprite():
    named = re.findall(r'"_icon\.html" with name="([a-z-]+)"', text_of("templates", "*.html"))
    drawn = re.findall(r'<symbol id="([a-z-]+)"', (STATIC / "icons.svg").read_text())
    assert set(named) - set(drawn) == set()


def test_every_static_file_exists():
    named = re.findall(r"\{% static '([^']+)' %\}", text_of("templates", "*.html"))
    assert [name for name in named if not (STATIC / name).is_file()] == []


def test_every_import_of_a_script_exists():
    missing = [
        (script.name, target)
        for script in (*STATIC.glob("js/*.js"), *STATIC.glob("chat/*.js"))
        for target in re.findall(r'from "(\.[^"]+)"|^import "(\.[^"]+)"', script.read_text(), re.M)
        if not (script.parent / "".join(target)).is_file()
    ]
    assert missing == []


def test_everything_that_scripts_say_stands_in_the_page():
    said = set(re.findall(r'\bsay\("(\w+)"', text_of("static/chat", "*.js")))
    written = re.findall(r'data-word="(\w+)"', text_of("templates/chat", "_words.html"))
    assert said == set(written)


def test_a_message_is_shown_as_text():
    message = SimpleNamespace(id=REPLY_ID, text="<img src=x onerror=alert(1)>")
    html = render_to_string("chat/_turn.html", {"turn": {"message": message, "reply": None}})
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_the_chip_says_what_auto_chose():
    html = render_to_string("chat/_chip.html", {"reply": make_reply()})
    words = " ".join(re.sub(r"<[^>]+>", "", html).replace("&nbsp;", " ").split())
    assert words == "Auto → Coder Coding 82 % $0.0031"


def test_a_running_reply_is_busy_and_has_no_actions():
    reply = make_reply(state="running", state_words="Choosing…")
    html = render_to_string("chat/_reply.html", {"reply": reply})
    assert 'aria-busy="true"' in html
    assert "Choosing…" in html
    assert "data-not-this-one" not in html


def test_an_interrupted_reply_offers_to_continue():
    reply = make_reply(state="interrupted", can_continue=True)
    assert "data-continue" in render_to_string("chat/_reply.html", {"reply": reply})


def colours() -> dict[str, tuple[str, str]]:
    tokens = (STATIC / "css" / "tokens.css").read_text()
    pairs = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\);", tokens)
    return {name: (light, dark) for name, light, dark in pairs}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


ON_SURFACES = [
    (ink, surface)
    for ink in ("text", "text-muted", "text-faint", "accent", "success", "warning", "danger")
    for surface in ("surface", "surface-sunken", "surface-raised")
]
ON_COLOURS = [
    ("on-accent", "accent"),
    ("on-danger", "danger"),
    ("text", "surface-message"),
    *((name, f"{name}-soft") for name in ("success", "warning", "danger")),
    ("accent-strong", "accent-soft"),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), ON_SURFACES + ON_COLOURS)
def test_text_has_the_contrast_to_be_read(ink, ground, theme):
    found = colours()
    assert contrast(found[ink][theme], found[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["surface", "surface-raised"])
def test_edges_of_fields_can_be_seen(ground, theme):
    found = colours()
    assert contrast(found["line-control"][theme], found[ground][theme]) >= 3
