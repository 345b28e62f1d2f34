"""The lines of `manage.py route`: JSON in, a decision out, no model called. docs/catalog.md has the format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import orjson

from routing.engine.classify import Classifier, classify
from routing.engine.decide import decide
from routing.engine.values import (
    Candidate,
    Decision,
    Incumbent,
    Policy,
    Reading,
    Request,
    Scored,
    Turn,
)

# A prompt of this length fits no window; a longer line is not even kept in memory.
LONGEST_LINE_BYTES = 16 * 1024 * 1024
LONGEST_PROMPT_CHARACTERS = 8_000_000
ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
INCUMBENT_MOST = {"difficulty": 1, "cached_prefix_tokens": 1_000_000_000}


class LineError(Exception):
    """A line cannot be routed. The message says why; `line_id` is its id where one could be read."""

    def __init__(self, words: str, line_id: str | int | None = None) -> None:
        super().__init__(words)
        self.line_id = line_id


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for every line."""

    classifier: Classifier
    candidates: Sequence[Candidate]
    policy: Policy


@dataclass(frozen=True, slots=True)
class Line:
    id: str | int
    request: Request
    incumbent: Mapping[str, Any] | None


def read_lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """The lines, without ever holding more than one; None in the place of one that is too long."""
    while chunk := stream.readline(LONGEST_LINE_BYTES + 1):
        if len(chunk) <= LONGEST_LINE_BYTES:
            yield chunk
            continue
        while chunk and not chunk.endswith(b"\n"):
            chunk = stream.readline(LONGEST_LINE_BYTES)
        yield None


def answer(line: bytes | None, setting: Setting) -> dict[str, object]:
    """The answer to one line: its decision, or `{"id", "error"}`."""
    try:
        parsed = parse(line)
    except LineError as error:
        return {"id": error.line_id, "error": str(error)}
    reading = classify(setting.classifier, parsed.request)
    decision = decide(
        reading,
        parsed.request,
        setting.candidates,
        setting.policy,
        _incumbent(parsed.incumbent, reading),
    )
    return {"id": parsed.id, **_told(decision)}


def parse(line: bytes | None) -> Line:
    """Raises `LineError`."""
    if line is None:
        raise LineError(f"The line is longer than {LONGEST_LINE_BYTES} bytes")
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineError("The line is not JSON in UTF-8", _id_within(line)) from error
    if not isinstance(entry, dict):
        raise LineError("The line is not a JSON object")
    line_id = entry.get("id")
    if not isinstance(line_id, str | int):
        raise LineError("The id must be a text or a number")
    try:
        return Line(line_id, _request(entry), _incumbent_entry(entry.get("incumbent")))
    except LineError as error:
        raise LineError(str(error), line_id) from error


def _id_within(line: bytes) -> str | int | None:
    """The id of a line that only a laxer reader understands, so that its error can be told apart."""
    try:
        entry = json.loads(line.decode(errors="replace"))
        line_id = entry["id"] if isinstance(entry, dict) else None
        orjson.dumps(line_id)
    except (ValueError, KeyError, RecursionError, TypeError):
        return None
    return line_id if isinstance(line_id, str | int) else None


def _request(entry: Mapping[str, Any]) -> Request:
    texts, images, documents = _turns(entry)
    _check_text(texts)
    return Request(
        turns=tuple(texts),
        images=images,
        documents=documents,
        tools=tuple(_tool(tool) for tool in _list(entry, "tools")),
        response_format=_response_format(entry.get("response_format")),
        data_class=_text_or_none(entry, "data_class"),
    )


def _turns(entry: Mapping[str, Any]) -> tuple[list[Turn], int, int]:
    """The turns, and the images and documents of the last one."""
    if "messages" not in entry:
        if not isinstance(entry.get("prompt"), str):
            raise LineError("There is neither a prompt nor messages")
        return [Turn("user", entry["prompt"])], 0, 0
    turns: list[Turn] = []
    parts: list[Mapping[str, Any]] = []
    for message in _list(entry, "messages"):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise LineError(f"A message needs a role: {', '.join(ROLES)}")
        parts = _parts(message.get("content"))
        text = "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))
        turns.append(Turn(ROLES[message["role"]], text))
    if not turns or turns[-1].role != "user":
        raise LineError("The last message must be the user's")
    kinds = [str(part.get("type", "")) for part in parts]
    images = sum("image" in kind for kind in kinds)
    return turns, images, sum("file" in kind or "document" in kind for kind in kinds)


def _parts(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return content
    raise LineError("The content of a message must be a text or a list of parts")


def _check_text(turns: Iterable[Turn]) -> None:
    texts = [turn.text for turn in turns]
    if not texts[-1].strip():
        raise LineError("The prompt is empty")
    if sum(map(len, texts)) > LONGEST_PROMPT_CHARACTERS:
        raise LineError(f"The prompt is longer than {LONGEST_PROMPT_CHARACTERS} characters")
    if any("\0" in text for text in texts):
        raise LineError("The prompt is not text")


def _list(entry: Mapping[str, Any], name: str) -> list[Any]:
    value = entry.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise LineError(f"{name} must be a list")
    return value


def _text_or_none(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise LineError(f"{name} must be a text")
    return value


def _tool(tool: Any) -> str:
    """An id as Chofesh names it, or a tool as chat completions describe it."""
    if isinstance(tool, dict):
        function = tool.get("function")
        tool = function.get("name") if isinstance(function, dict) else tool.get("type")
    if not isinstance(tool, str):
        raise LineError("A tool must be a name or have one")
    return tool


def _response_format(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("type")
    if value is not None and not isinstance(value, str):
        raise LineError("response_format must be a text or have a type")
    return None if value in {None, "text"} else value


def _incumbent_entry(value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return None
    entry = {"model": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str):
        raise LineError("incumbent must be a model id or have a model")
    for name, most in INCUMBENT_MOST.items():
        figure = entry.get(name, 0)
        if not isinstance(figure, int | float) or not 0 <= figure <= most:
            raise LineError(f"incumbent.{name} must be a number from 0 to {most}")
    return entry


def _incumbent(entry: Mapping[str, Any] | None, reading: Reading) -> Incumbent | None:
    """Without a difficulty of its own the turn before counts as hard as this one."""
    if entry is None:
        return None
    return Incumbent(
        model=entry["model"],
        difficulty=float(entry.get("difficulty", reading.difficulty)),
        cached_prefix_tokens=int(entry.get("cached_prefix_tokens", 0)),
        pinned=entry.get("pinned") is True,
    )


def _told(decision: Decision) -> dict[str, object]:
    """Ids are model ids, once each: of two ways to one model the better counts."""
    best: dict[str, Scored] = {}
    for scored in decision.candidates:
        best.setdefault(scored.candidate.card.id, scored)
    chosen = decision.chosen.candidate.card.id if decision.chosen else None
    fallbacks = dict.fromkeys(scored.candidate.card.id for scored in decision.fallbacks)
    reasons: dict[str, str] = {}
    for rejected in decision.rejected:
        if rejected.model not in best:
            reasons.setdefault(rejected.model, rejected.reason)
    return {
        "category": decision.category,
        "categories": dict(decision.categories),
        "difficulty": decision.difficulty,
        "complexity": dict(decision.complexity),
        "model": chosen,
        "fallbacks": [model for model in fallbacks if model != chosen],
        "candidates": [_candidate(model, scored) for model, scored in best.items()],
        "rejected": [{"model": model, "reason": reason} for model, reason in reasons.items()],
        "explanation": decision.explanation,
    }


def _candidate(model: str, scored: Scored) -> dict[str, object]:
    return {
        "model": model,
        "success": scored.success,
        "cost_usd": scored.cost_usd,
        "wait_s": scored.wait_s,
        "score": scored.score,
    }
