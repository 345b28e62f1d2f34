"""A running reply as the browsers of this process see it, and when its text becomes HTML."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import orjson

from chat.stream_renderer import StreamRenderer

logger = logging.getLogger(__name__)

# The open block is rendered again at most this often, and one that takes long less often still.
RENDER_EVERY_S = 0.2
RENDER_SHARE = 10
# All replies together are rendered for so long at a stretch, and then not for three times as long:
# text goes out at once, so with many streams it is only its HTML that comes later.
PAINT_S = 0.004
PAUSE_SHARE = 3

Frame = dict[str, Any]


def encode(frame: Frame) -> str:
    return orjson.dumps(frame).decode()


class Watcher(Protocol):
    """A socket: whose it is, which conversation its page shows, and where frames go."""

    user_id: UUID
    conversation: UUID | None
    name: str

    def push(self, frame: str) -> None: ...
    def saw_end(self) -> None: ...


@dataclass(slots=True, eq=False)
class LiveReply:
    reply_id: UUID
    renderer: StreamRenderer
    reasoning: str = ""
    words: str = ""
    chip: str = ""
    watchers: set[Watcher] = field(default_factory=set)
    heard_at: float = 0.0
    render_after: float = 0.0
    is_in_line: bool = False

    def snapshot(self) -> str:
        """Everything so far. What it freezes is sent to those who watch already, in step."""
        self.render()
        shown = self.renderer.whole()
        return encode(
            {
                "type": "snapshot",
                "reply": str(self.reply_id),
                "seq": self.renderer.seq,
                "frozen_until": shown.frozen_until,
                "frozen": shown.frozen,
                "open": shown.open,
                "state": "running",
                "words": self.words,
                "reasoning": self.reasoning,
                "chip": self.chip,
            }
        )

    def add_text(self, text: str) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        self.renderer.append(text)
        self.send({"type": "delta", "seq": self.renderer.seq, "append": text})

    def render(self) -> None:
        """What the text so far looks like, for those who have it as text already."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        if not self.renderer.is_due:
            self.render_after = started + RENDER_EVERY_S
            return
        shown = self.renderer.advance()
        ended = loop.time()
        self.render_after = ended + max(RENDER_EVERY_S, RENDER_SHARE * (ended - started))
        self.send(
            {
                "type": "delta",
                "seq": self.renderer.seq,
                "append": "",
                "frozen_from": shown.frozen_from,
                "frozen_until": shown.frozen_until,
                "frozen": shown.frozen,
                "open": shown.open,
            }
        )

    def send(self, frame: Frame) -> None:
        if self.watchers:
            encoded = encode(frame | {"reply": str(self.reply_id)})
            for watcher in tuple(self.watchers):
                watcher.push(encoded)


class Painter:
    """One an event loop: renders the replies whose text has grown, each in its turn."""

    def __init__(self) -> None:
        self._in_line: deque[LiveReply] = deque()
        self._pause_until = 0.0

    def text_came(self, live: LiveReply) -> None:
        if live.watchers and not live.is_in_line and not live.renderer.reads_on:
            live.is_in_line = True
            asyncio.get_running_loop().call_at(live.render_after, self._stand_in_line, live)

    def _stand_in_line(self, live: LiveReply) -> None:
        self._in_line.append(live)
        if len(self._in_line) == 1:
            asyncio.get_running_loop().call_at(self._pause_until, self._paint)

    def _paint(self) -> None:
        loop = asyncio.get_running_loop()
        started = now = loop.time()
        while self._in_line and now - started < PAINT_S:
            live = self._in_line.popleft()
            live.is_in_line = False
            if live.watchers:
                self._render(live)
            now = loop.time()
        self._pause_until = now + PAUSE_SHARE * (now - started)
        if self._in_line:
            loop.call_at(self._pause_until, self._paint)

    def _render(self, live: LiveReply) -> None:
        """One reply that cannot be rendered must not keep the others waiting; its text goes on as it came."""
        try:
            live.render()
        except Exception:
            logger.exception("Reply %s could not be rendered", live.reply_id)
