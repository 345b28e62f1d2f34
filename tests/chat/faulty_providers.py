"""Providers whose every answer is chosen beforehand, good or bad, and who note each call.

What the n-th call says is made of pieces that name it, so that any text tells where it comes from.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fault_server import (
    CHUNKED_HEAD,
    Do,
    FaultServer,
    ReceivedRequest,
    Repeat,
    Script,
    chunked,
    data,
    error_chunk,
    finish_chunk,
    head,
    text_chunk,
)

PIECE = re.compile(r"<(\d+):(\d+)>")
QUESTION = re.compile(rb"\[question (\d+)\]")
END = data(finish_chunk(), "[DONE]")
COUNTED = data(json.dumps({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 9}}))


def text_of(call: int, pieces: int) -> str:
    return "".join(f"<{call}:{number}>" for number in range(pieces))


def _said(call: int, number: int) -> bytes:
    return data(text_chunk(f"<{call}:{number}>"))


def _thought(text: str) -> bytes:
    return data(json.dumps({"choices": [{"index": 0, "delta": {"reasoning_content": text}}]}))


@dataclass(frozen=True)
class Play:
    """What is sent, given the number of the call; how many pieces of text, and whether that is all."""

    script: Callable[[int], Script]
    pieces: int = 0
    is_whole: bool = False


def _answer(pieces: int, pause_s: float, end: bytes = END, before: Script = ()) -> Play:
    def script(call: int) -> Script:
        said = [step for number in range(pieces) for step in (_said(call, number), pause_s)]
        return [head(), *before, *said, end]

    return Play(script, pieces, is_whole=True)


def _refusal(status: str, code: str | None = None, **headers: str) -> Play:
    body = json.dumps({"error": {"code": code, "type": "error", "message": "no"}}).encode()
    return Play(lambda _call: [head(status, "application/json", **headers), body])


def _broken(*rest: bytes | float | Do | Repeat, pieces: int = 2) -> Play:
    """Some pieces, and then this."""

    def script(call: int) -> Script:
        return [head(), *(_said(call, number) for number in range(pieces)), 0.1, *rest]

    return Play(script, pieces)


def _cut(call: int) -> Script:
    return [CHUNKED_HEAD, chunked(_said(call, 0)), 0.1, Do.CLOSE]


PLAYS: dict[str, Play] = {
    "good": _answer(3, 0.1),
    "counted": _answer(3, 0.02, data(finish_chunk()) + COUNTED + data("[DONE]")),
    "long": _answer(9, 0.04),
    "slow": _answer(3, 20.0, before=[10.0]),
    "thoughtful": _answer(2, 0.1, before=[_thought("hm"), 1.0, _thought("so")]),
    "cut at its length": _answer(2, 0.1, data(finish_chunk("length"), "[DONE]")),
    "filtered": _answer(2, 0.1, data(finish_chunk("content_filter"), "[DONE]")),
    "no end mark": _answer(2, 0.1, data(finish_chunk())),
    "bad request": _refusal("400 Bad Request"),
    "too long": _refusal("400 Bad Request", "context_length_exceeded"),
    "declined": _refusal("400 Bad Request", "content_policy_violation"),
    "key rejected": _refusal("401 Unauthorized", "invalid_api_key"),
    "no credit": _refusal("402 Payment Required"),
    "no credit for a while": _refusal("402 Payment Required", retry_after="2"),
    "forbidden": _refusal("403 Forbidden"),
    "gone": _refusal("404 Not Found", "model_not_found"),
    "timeout": _refusal("408 Request Timeout"),
    "conflict": _refusal("409 Conflict"),
    "busy": _refusal("429 Too Many Requests"),
    "busy for a moment": _refusal("429 Too Many Requests", retry_after="2"),
    "busy for a minute": _refusal("429 Too Many Requests", retry_after="60"),
    "no quota": _refusal("429 Too Many Requests", "insufficient_quota"),
    "server error": _refusal("500 Internal Server Error"),
    "unavailable": _refusal("503 Service Unavailable"),
    "unavailable for a moment": _refusal("503 Service Unavailable", retry_after="2"),
    "overloaded": _refusal("529 Overloaded"),
    "a page": Play(lambda _call: [head(content_type="text/html"), b"<html>Welcome</html>"]),
    "nothing": Play(lambda _call: [head()]),
    "no text": Play(lambda _call: [head(), END]),
    "broken events": Play(lambda _call: [head(), data("{", "{"), Do.HANG]),
    "error in a 200": Play(lambda _call: [head(), data(error_chunk("502"))]),
    "moved": Play(lambda _call: [head("302 Found", location="/elsewhere")]),
    "closed at once": Play(lambda _call: [Do.CLOSE]),
    "reset at once": Play(lambda _call: [Do.RESET]),
    "silence": Play(lambda _call: [Do.HANG]),
    "comments only": Play(lambda _call: [head(), Repeat(b": wait\n\n", None, 10.0)]),
    "thought, then cut": Play(lambda _call: [head(), _thought("hm"), 0.2, Do.CLOSE]),
    "cut": Play(_cut, 1),
    "reset": _broken(Do.RESET),
    "no finish": _broken(),
    "error after text": _broken(data(error_chunk("overloaded_error"))),
    "broken after text": _broken(data("{", "{")),
    "stall": _broken(Do.HANG),
    "stall with pings": _broken(Repeat(b": ping\n\n", None, 10.0), pieces=3),
}


@dataclass(frozen=True)
class Call:
    """One request as the provider got it. `stamp` is the world's, at that moment."""

    number: int
    provider: str
    model: str
    key: str
    question: int
    play: Play
    stamp: tuple[int, ...]


@dataclass
class CallBook:
    """All providers' calls in order, and how the next ones will be answered."""

    stamp: tuple[int, ...] = ()
    calls: list[Call] = field(default_factory=list)
    planned: deque[str] = field(default_factory=deque)

    def note(self, provider: str, request: ReceivedRequest) -> Call:
        play = PLAYS[self.planned.popleft() if self.planned else "good"]
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        question = int(QUESTION.findall(request.body)[-1])
        model = json.loads(request.body)["model"]
        call = Call(len(self.calls), provider, model, key, question, play, self.stamp)
        self.calls.append(call)
        return call


class FaultyProvider(FaultServer):
    """It may stop to listen, and come back at the same address."""

    def __init__(self, name: str, book: CallBook) -> None:
        super().__init__()
        self.name = name
        self._book = book
        self.is_away = False

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    async def come(self) -> None:
        self.is_away = False
        await self.__aenter__()
        self._port = self.port

    async def go_away(self) -> None:
        self.is_away = True
        self._server.close()

    def _script_for(self, _number: int, request: ReceivedRequest) -> Script:
        call = self._book.note(self.name, request)
        self.requests.clear()
        return call.play.script(call.number)
