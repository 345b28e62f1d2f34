"""Many prompts from a file, decided at once and forgotten."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from routing.batch import Setting, answer
from routing.classifier import load_classifier
from routing.engine.values import Preference
from routing.figures import cost_words
from routing.names import category_name, model_name
from routing.playground import likely_percent
from routing.snapshot import take_snapshot
from routing.trial import ASKED

PROMPTS_MOST = 1000
FILE_BYTES = 8 * 1024 * 1024
SHOWN_CHARACTERS = 120
# What a spreadsheet would take for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("line", "id", "prompt", "category", "difficulty", "model", "success", "cost_usd",
           "wait_s", "explanation", "error")  # fmt: skip


class BatchError(Exception):
    """The file cannot be routed. The message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """`answer`: as `manage.py route` gives it; `best` is the chosen candidate of it, if there is one."""

    line: int
    prompt: str
    answer: dict[str, Any]

    @property
    def best(self) -> dict[str, Any] | None:
        candidates = self.answer.get("candidates")
        return candidates[0] if candidates else None

    @property
    def model(self) -> str:
        return model_name(self.answer["model"]) if self.answer.get("model") else ""

    @property
    def category(self) -> str:
        return category_name(self.answer["category"]) if "category" in self.answer else ""

    @property
    def difficulty_percent(self) -> int:
        return round(100 * float(self.answer.get("difficulty", 0.0)))

    @property
    def success_percent(self) -> int:
        return likely_percent(self.best["success"]) if self.best else 0

    @property
    def cost_words(self) -> str:
        return cost_words(self.best["cost_usd"]) if self.best else ""


@dataclass(frozen=True, slots=True)
class Batch:
    """`models`: names with how many prompts each takes, the most first."""

    rows: list[BatchRow]
    models: list[tuple[str, int]]
    cost_words: str
    unanswered: int


def route_file(
    user: User, organisation: Organisation, content: bytes, preference: Preference
) -> Batch:
    """Lines of text, a prompt each, or of JSON as `manage.py route` reads them. Raises `BatchError`."""
    lines = _lines(content)
    snapshot = take_snapshot(user, organisation, ASKED)
    policy = replace(snapshot.policy, preference=preference, excluded=snapshot.excluded)
    setting = Setting(load_classifier(), snapshot.candidates, policy)
    rows = [
        BatchRow(number, prompt[:SHOWN_CHARACTERS], answer(line, setting))
        for number, prompt, line in lines
    ]
    costs = [row.best["cost_usd"] for row in rows if row.best]
    counted = Counter(row.model for row in rows if row.model)
    return Batch(
        rows=rows,
        models=counted.most_common(),
        cost_words=cost_words(sum(costs)),
        unanswered=sum(not row.model for row in rows),
    )


def _lines(content: bytes) -> list[tuple[int, str, bytes]]:
    """Number, prompt and line of each that is not blank."""
    if len(content) > FILE_BYTES:
        raise BatchError(_("The file is larger than %(size)s MB.") % {"size": FILE_BYTES >> 20})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BatchError(_("The file is not text in UTF-8.")) from None
    numbered = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not numbered:
        raise BatchError(_("The file is empty."))
    if len(numbered) > PROMPTS_MOST:
        words = _("The file has %(count)s prompts; at most %(most)s are taken at once.")
        raise BatchError(words % {"count": f"{len(numbered):,}", "most": f"{PROMPTS_MOST:,}"})
    read = _json_line if numbered[0][1].startswith("{") else _text_line
    return [(number, *read(number, line)) for number, line in numbered]


def _text_line(number: int, line: str) -> tuple[str, bytes]:
    return line, json.dumps({"id": number, "prompt": line}).encode()


def _json_line(number: int, line: str) -> tuple[str, bytes]:
    """A line without an id is called by its number; what cannot be read is left to the answer."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return line, line.encode()
    if not isinstance(entry, dict):
        return line, line.encode()
    prompt = entry.get("prompt")
    entry.setdefault("id", number)
    return prompt if isinstance(prompt, str) else line, json.dumps(entry).encode()


def csv_of(rows: Sequence[BatchRow]) -> str:
    """With the prompts' beginnings, so that a line is known again."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in _values(row)] for row in rows)
    # Without the mark a spreadsheet takes Hebrew for something else.
    return "\ufeff" + file.getvalue()


def _values(row: BatchRow) -> Iterator[Any]:
    told, best = row.answer, row.best or {}
    yield from (row.line, told.get("id", ""), row.prompt)
    yield from (told.get(name, "") for name in ("category", "difficulty", "model"))
    yield from (best.get(name, "") for name in ("success", "cost_usd", "wait_s"))
    yield from (told.get(name, "") for name in ("explanation", "error"))


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run is shown as text."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return "" if value is None else value
