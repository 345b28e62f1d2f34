"""Four models that live in this process, for a first look without any key.

They understand nothing and say so: their answers show how a reply looks and how Auto read the
prompt. The same request gives the same answer, always.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from providers.errors import FailureClass, ProviderError
from providers.events import Finished, ReasoningDelta, StreamEvent, TextDelta, Usage
from providers.request import ModelRequest


@dataclass(frozen=True, slots=True)
class DemoModel:
    """`pace` multiplies the delay between two words; `shows` are the sections of its answers."""

    name: str
    title: str
    pace: float
    shows: tuple[str, ...]


DEMO_MODELS: Mapping[str, DemoModel] = {
    model.name: model
    for model in (
        DemoModel("swift", "Swift", 0.4, ("intro", "summary", "next")),
        DemoModel("scholar", "Scholar", 1.6, ("intro", "table", "explanation", "next")),
        DemoModel("coder", "Coder", 1.0, ("intro", "code", "next")),
        DemoModel("polyglot", "Polyglot", 1.0, ("greetings", "intro", "list", "next")),
    )
}


@dataclass(frozen=True, slots=True)
class _Phrases:
    heading: str
    intro: str
    thinking: str
    analysis: str
    table_head: str
    summary: str
    difficulty: str
    unread: str
    next_heading: str
    next_steps: tuple[str, ...]


_ENGLISH = _Phrases(
    heading="Demo answer from {model}",
    intro=(
        "I am a **demo model**. I run inside Chofesh, call no provider, cost nothing and do not "
        "understand your message; everything else you see here is the real product."
    ),
    thinking="A demo model has nothing to think about, so this is only how reasoning is shown.",
    analysis="How your message was read",
    table_head="| Category | Share |\n|---|---:|",
    summary="Your message was read as **{category}** ({share} %).",
    difficulty="Difficulty: **{difficulty} of 100**.",
    unread="You chose this model yourself, so your message was not analysed.",
    next_heading="What to do next",
    next_steps=(
        "Open the settings and paste the key of a provider: it is tested and stored encrypted.",
        "Or start Ollama on this machine: its models need no key.",
        "Then ask again with **Auto**.",
    ),
)
_HEBREW = _Phrases(
    heading="תשובת הדגמה מאת {model}",
    intro=(
        "אני **מודל הדגמה**. אני רץ בתוך חופש, לא פונה לשום ספק, לא עולה דבר ולא מבין את ההודעה; "
        "כל השאר כאן הוא המוצר האמיתי."
    ),
    thinking="למודל הדגמה אין על מה לחשוב, ולכן זו רק הדוגמה לאופן שבו מוצגת חשיבה.",
    analysis="כך נקראה ההודעה",
    table_head="| קטגוריה | חלק |\n|---|---:|",
    summary="ההודעה נקראה בתור **{category}** ({share} %).",
    difficulty="רמת קושי: **{difficulty} מתוך 100**.",
    unread="המודל נבחר ידנית, ולכן ההודעה לא נותחה.",
    next_heading="מה עכשיו",
    next_steps=(
        "פתחו את ההגדרות והדביקו מפתח של ספק: הוא נבדק ונשמר מוצפן.",
        "אפשר גם להפעיל Ollama על המחשב הזה: המודלים שלו אינם דורשים מפתח.",
        "אחר כך שאלו שוב במצב **Auto**.",
    ),
)
_GREETINGS = "שלום · Hello · Bonjour · Hola · 你好 · مرحبا · Привет · नमस्ते"

DIALECT = "demo"

_LISTED_CATEGORIES = 5
_BYTES_PER_TOKEN = 4


def answer(request: ModelRequest) -> list[StreamEvent]:
    """The whole answer, one word an event, ending in `Usage` and `Finished`.

    Raises `ProviderError` (model_gone) for a name that is not in `DEMO_MODELS`.
    """
    model = DEMO_MODELS.get(request.model)
    if model is None:
        raise ProviderError(FailureClass.MODEL_GONE, f"There is no demo model {request.model}.")
    phrases = _HEBREW if _is_hebrew(_last_text(request)) else _ENGLISH
    words = re.findall(r"\S+\s*", _markdown(model, phrases, request.analysis or {}))
    limit = request.max_output_tokens or len(words)
    thoughts = re.findall(r"\S+\s*", phrases.thinking) if model.name == "scholar" else []
    return [
        *(ReasoningDelta(word) for word in thoughts),
        *(TextDelta(word) for word in words[:limit]),
        _usage(request, words[:limit], thoughts),
        Finished("length" if limit < len(words) else "stop"),
    ]


def pace(model: str) -> float:
    """How slow the model is: the delay between two words is multiplied by it."""
    return DEMO_MODELS[model].pace if model in DEMO_MODELS else 1.0


def _markdown(model: DemoModel, phrases: _Phrases, analysis: Mapping[str, object]) -> str:
    shares = _shares(analysis)
    sections = {
        "greetings": _GREETINGS,
        "intro": phrases.intro,
        "summary": _summary(phrases, shares),
        "table": _table(phrases, shares, analysis),
        "list": _list(phrases, shares),
        "code": _code(phrases, shares, analysis),
        "explanation": _quoted(str(analysis.get("explanation") or "")),
        "next": f"### {phrases.next_heading}\n\n{_numbered(phrases.next_steps)}",
    }
    shown = (sections[name] for name in model.shows)
    heading = "## " + phrases.heading.format(model=model.title)
    return "\n\n".join([heading, *(section for section in shown if section)]) + "\n"


def _summary(phrases: _Phrases, shares: list[tuple[str, int]]) -> str:
    if not shares:
        return phrases.unread
    category, share = shares[0]
    return phrases.summary.format(category=category, share=share)


def _table(phrases: _Phrases, shares: list[tuple[str, int]], analysis: Mapping[str, object]) -> str:
    if not shares:
        return phrases.unread
    rows = "\n".join(f"| {category} | {share} % |" for category, share in shares)
    difficulty = phrases.difficulty.format(difficulty=_percent(analysis.get("difficulty")))
    return f"### {phrases.analysis}\n\n{phrases.table_head}\n{rows}\n\n{difficulty}"


def _list(phrases: _Phrases, shares: list[tuple[str, int]]) -> str:
    if not shares:
        return phrases.unread
    items = "\n".join(f"- **{category}**: {share} %" for category, share in shares)
    return f"### {phrases.analysis}\n\n{items}"


def _code(phrases: _Phrases, shares: list[tuple[str, int]], analysis: Mapping[str, object]) -> str:
    if not shares:
        return phrases.unread
    rows = "\n".join(f'    "{category.lower()}": {share / 100},' for category, share in shares)
    difficulty = _percent(analysis.get("difficulty")) / 100
    lines = f"categories = {{\n{rows}\n}}\ndifficulty = {difficulty}"
    return f"### {phrases.analysis}\n\n```python\n{lines}\n```"


def _quoted(explanation: str) -> str:
    return "> " + " ".join(explanation.split()) if explanation else ""


def _numbered(steps: Iterable[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _shares(analysis: Mapping[str, object]) -> list[tuple[str, int]]:
    categories = analysis.get("categories")
    if not isinstance(categories, Mapping):
        return []
    ranked = sorted(categories.items(), key=lambda item: (-_percent(item[1]), str(item[0])))
    shares = [(str(name).replace("_", " ").capitalize(), _percent(share)) for name, share in ranked]
    return [(name, share) for name, share in shares if share][:_LISTED_CATEGORIES]


def _percent(share: object) -> int:
    return round(share * 100) if isinstance(share, int | float) else 0


def _usage(request: ModelRequest, words: list[str], thoughts: list[str]) -> Usage:
    reasoning = _tokens(thoughts)
    return Usage(
        input_tokens=_tokens(message.text for message in request.messages),
        output_tokens=_tokens(words) + reasoning,
        reasoning_tokens=reasoning,
    )


def _tokens(texts: Iterable[str]) -> int:
    return -(-sum(len(text.encode()) for text in texts) // _BYTES_PER_TOKEN)


def _last_text(request: ModelRequest) -> str:
    asked = [message.text for message in request.messages if message.role == "user"]
    return asked[-1] if asked else ""


def _is_hebrew(text: str) -> bool:
    return any("\u0590" <= char <= "\u05ff" for char in text)
