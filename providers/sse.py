"""Server-sent events from bytes, after https://html.spec.whatwg.org/multipage/server-sent-events.html

Lines end at LF, CR or CRLF and nowhere else: decoding to text first and splitting that would also
break at U+2028, U+2029 and U+0085, which may stand unescaped inside JSON.
"""

from __future__ import annotations

from typing import NamedTuple

from providers.errors import FailureClass, ProviderError

LINE_BYTES = 1024 * 1024
EVENT_BYTES = 2 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event; `event` is empty where the server named none (the standard's "message")."""

    data: str
    event: str = ""
    id: str = ""
    retry: int | None = None


class ServerSentEventDecoder:
    """Turns chunks cut anywhere into events; what is incomplete is kept for the next chunk.

    `replacements` counts the events that held invalid UTF-8, which is replaced by U+FFFD.
    """

    def __init__(self, line_bytes: int = LINE_BYTES, event_bytes: int = EVENT_BYTES) -> None:
        self.replacements = 0
        self._line_bytes = line_bytes
        self._event_bytes = event_bytes
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0
        self._is_at_start = True
        self._ended_in_cr = False
        self._last_id = ""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._event = ""
        self._retry: int | None = None

    def decode(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that `chunk` completes.

        Raises `ProviderError` (over_cap) when a line or an event grows beyond its cap.
        """
        if self._ended_in_cr and chunk:
            self._ended_in_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep(chunk)
            return []
        events: list[ServerSentEvent] = []
        # bytes.splitlines knows LF, CR and CRLF only, unlike str.splitlines.
        for line in self._whole_lines(chunk):
            if line:
                self._read_line(line)
            elif self._data:
                events.append(self._dispatched())
            else:
                self._reset_event()
        return events

    def flush(self) -> list[ServerSentEvent]:
        """The event that the end of the stream left without its blank line, if any."""
        rest = b"".join(self._pieces)
        self._pieces, self._pieces_bytes = [], 0
        if rest:
            self._read_line(self._without_bom(rest))
        return [self._dispatched()] if self._data else []

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._pieces.append(piece)
        self._pieces_bytes += len(piece)
        if self._pieces_bytes > self._line_bytes:
            raise _over_cap("line", self._line_bytes)

    def _whole_lines(self, chunk: bytes) -> list[bytes]:
        lines = chunk.splitlines()
        self._ended_in_cr = chunk.endswith(b"\r")
        rest = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        if self._pieces:
            lines[0] = b"".join((*self._pieces, lines[0]))
            self._pieces, self._pieces_bytes = [], 0
        if len(lines[0]) > self._line_bytes:
            raise _over_cap("line", self._line_bytes)
        lines[0] = self._without_bom(lines[0])
        self._keep(rest)
        return lines

    def _without_bom(self, line: bytes) -> bytes:
        if not self._is_at_start:
            return line
        self._is_at_start = False
        return line.removeprefix(_BOM)

    def _read_line(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_bytes += len(value) + 1
            if self._data_bytes > self._event_bytes:
                raise _over_cap("event", self._event_bytes)
        elif field == b"event":
            self._event = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            self._last_id = value.decode(errors="replace")
        elif field == b"retry" and value.isdigit() and len(value) < 10:
            self._retry = int(value)

    def _dispatched(self) -> ServerSentEvent:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        event = ServerSentEvent(self._text(data), self._event, self._last_id, self._retry)
        self._reset_event()
        return event

    def _text(self, data: bytes) -> str:
        # A whole event is decoded at once, so a character cut between two chunks is whole again.
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.replacements += 1
            return data.decode(errors="replace")

    def _reset_event(self) -> None:
        self._data = []
        self._data_bytes = 0
        self._event = ""
        self._retry = None


def _over_cap(what: str, limit: int) -> ProviderError:
    return ProviderError(
        FailureClass.OVER_CAP, f"One {what} of the stream was longer than {limit} bytes."
    )
