"""Who watches which reply in this process, and what is sent to whom. Text is here only after COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from chat.journal import Piece
from chat.live import Frame, LiveReply, Painter, Watcher, encode
from chat.stream_renderer import StreamRenderer


class Outlet(Protocol):
    """Where a runner tells what happens: the sockets of its own process, or other processes."""

    def begin(self, reply_id: UUID, text: str, reasoning: str) -> None: ...
    def say(self, reply_id: UUID, words: str) -> None: ...
    def show_receipt(self, reply_id: UUID, chip: str) -> None: ...
    def hand_on(self, pieces: Iterable[Piece]) -> None: ...
    def finish(self, reply_id: UUID, frame: Frame) -> None: ...
    def let_go(self, reply_id: UUID, words: str) -> None: ...
    def tell_user(
        self, user_id: UUID, conversation_id: UUID, frame: Frame, but: str = ""
    ) -> None: ...


class Broadcast:
    """One an event loop: its sockets, the live replies and who watches them."""

    def __init__(self) -> None:
        self._live: dict[UUID, LiveReply] = {}
        # Who came before the reply began here.
        self._early: dict[UUID, set[Watcher]] = {}
        self._sockets: dict[UUID, set[Watcher]] = {}
        self._painter = Painter()

    def enter(self, watcher: Watcher) -> None:
        self._sockets.setdefault(watcher.user_id, set()).add(watcher)

    def leave(self, watcher: Watcher) -> None:
        _discard(self._sockets, watcher.user_id, watcher)
        for live in self._live.values():
            live.watchers.discard(watcher)
        for reply_id in list(self._early):
            _discard(self._early, reply_id, watcher)

    def sockets_of(self, user_id: UUID) -> int:
        return len(self._sockets.get(user_id, ()))

    def begin(self, reply_id: UUID, text: str, reasoning: str) -> None:
        """Now, or anew: who watched it before is shown how it stands."""
        self._wait_again(reply_id)
        now = asyncio.get_running_loop().time()
        self._live[reply_id] = LiveReply(reply_id, StreamRenderer(text), reasoning, heard_at=now)
        for watcher in self._early.pop(reply_id, ()):
            self.watch(reply_id, watcher)

    def watch(self, reply_id: UUID, watcher: Watcher) -> bool:
        """Send a snapshot and everything after it.

        False when the reply is not known here (now): it is sent from its beginning if it begins,
        and the caller looks in the database how it stands.
        """
        live = self._live.get(reply_id)
        if live is None:
            self._early.setdefault(reply_id, set()).add(watcher)
            return False
        # Its snapshot first: what that renders is news only to those who watched before.
        watcher.push(live.snapshot())
        live.watchers.add(watcher)
        return True

    def knows(self, reply_id: UUID) -> bool:
        return reply_id in self._live

    def is_beyond(self, reply_id: UUID, text: str, reasoning: str) -> bool:
        """Whether this beginning is no news; a new attempt begins with less than was shown."""
        live = self._live.get(reply_id)
        if live is None:
            return False
        seq = live.renderer.seq
        return seq > len(text) or (seq == len(text) and live.reasoning == reasoning)

    def watched(self) -> list[LiveReply]:
        return [live for live in self._live.values() if live.watchers]

    def awaited(self) -> list[UUID]:
        return list(self._early)

    def forget_unwatched(self) -> None:
        for reply_id, live in list(self._live.items()):
            if not live.watchers:
                del self._live[reply_id]

    def say(self, reply_id: UUID, words: str) -> None:
        """The state of a reply in words; whoever comes later sees the latest."""
        if live := self._live.get(reply_id):
            live.words = words
            live.send({"type": "words", "text": words})

    def show_receipt(self, reply_id: UUID, chip: str) -> None:
        if live := self._live.get(reply_id):
            live.chip = chip
            live.send({"type": "receipt", "html": chip})

    def hand_on(self, pieces: Iterable[Piece]) -> None:
        """Called by the journal with what has just been committed."""
        for piece in pieces:
            reply_id = piece.lease.reply_id
            if piece.reasoning:
                self.add_reasoning(reply_id, piece.reasoning_start, "".join(piece.reasoning))
            if piece.text:
                self.add_text(reply_id, piece.text_start, "".join(piece.text))

    def add_text(self, reply_id: UUID, start: int, text: str) -> bool:
        """Committed text from `start`; what is known already is passed over. False after a gap."""
        live = self._live.get(reply_id)
        if live is None:
            # Nobody wants it, or its beginning has not come.
            return reply_id not in self._early
        if start > live.renderer.seq:
            return False
        new = text[live.renderer.seq - start :]
        if new:
            live.add_text(new)
            self._painter.text_came(live)
        return True

    def add_reasoning(self, reply_id: UUID, start: int, text: str) -> bool:
        live = self._live.get(reply_id)
        if live is None:
            return True
        if start > len(live.reasoning):
            return False
        new = text[len(live.reasoning) - start :]
        if new:
            live.reasoning += new
            live.send({"type": "reasoning", "append": new})
        return True

    def finish(self, reply_id: UUID, frame: Frame) -> None:
        early = self._early.pop(reply_id, set())
        live = self._live.pop(reply_id, None) or LiveReply(reply_id, StreamRenderer())
        live.watchers |= early
        live.send(frame)
        for watcher in live.watchers:
            watcher.saw_end()
        # It may stand in line to be rendered: nothing follows its end.
        live.watchers.clear()

    def let_go(self, reply_id: UUID, words: str) -> None:
        """Nobody here writes it now. Who watches it waits for it to begin again, or to end."""
        self.say(reply_id, words)
        self._wait_again(reply_id)

    def tell_user(self, user_id: UUID, conversation_id: UUID, frame: Frame, but: str = "") -> None:
        """To all pages of a person but one. Those that show the conversation watch a new reply."""
        encoded = encode(frame)
        for watcher in tuple(self._sockets.get(user_id, ())):
            if watcher.name == but:
                continue
            watcher.push(encoded)
            if frame["type"] == "turn" and watcher.conversation == conversation_id:
                self.watch(UUID(frame["reply"]), watcher)

    def _wait_again(self, reply_id: UUID) -> None:
        live = self._live.pop(reply_id, None)
        if live and live.watchers:
            self._early.setdefault(reply_id, set()).update(live.watchers)
            # It may stand in line to be rendered: that is over.
            live.watchers.clear()


def _discard(sets: dict[UUID, set[Watcher]], key: UUID, watcher: Watcher) -> None:
    if key in sets:
        sets[key].discard(watcher)
        if not sets[key]:
            del sets[key]


_broadcasts: WeakKeyDictionary[asyncio.AbstractEventLoop, Broadcast] = WeakKeyDictionary()


def current_broadcast() -> Broadcast:
    loop = asyncio.get_running_loop()
    broadcast = _broadcasts.get(loop)
    if broadcast is None:
        broadcast = _broadcasts[loop] = Broadcast()
    return broadcast
