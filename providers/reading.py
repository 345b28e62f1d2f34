"""From the bytes of one answer to events, and to the class of whatever goes wrong on the way.

Nothing here waits or connects, so every failure can be made from bytes alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from providers.clocks import Clocks
from providers.errors import FailureClass, ProviderError
from providers.events import Finished, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta
from providers.sse import ServerSentEvent, ServerSentEventDecoder
from providers.surrogates import SurrogateJoiner
from providers.wire import StreamDecoder


class Ending(enum.Enum):
    """How a body ended."""

    CLOSED = "closed"
    CUT = "cut"
    SILENT = "silent"
    OVERTIME = "overtime"


_MALFORMED_EVENTS = 2

_ENDING_DETAILS = {
    Ending.CLOSED: "The provider ended the stream without finishing its answer.",
    Ending.CUT: "The connection to the provider broke.",
    Ending.SILENT: "The provider stopped sending.",
    Ending.OVERTIME: "The answer took longer than allowed.",
}
_FAILURES_BEFORE_TEXT = {
    Ending.CLOSED: FailureClass.CUT_BEFORE_TEXT,
    Ending.CUT: FailureClass.CUT_BEFORE_TEXT,
    Ending.SILENT: FailureClass.FIRST_CONTENT_TIMEOUT,
    Ending.OVERTIME: FailureClass.FIRST_CONTENT_TIMEOUT,
}
_FAILURES_AFTER_TEXT = {
    Ending.CLOSED: FailureClass.CUT_AFTER_TEXT,
    Ending.CUT: FailureClass.CUT_AFTER_TEXT,
    Ending.SILENT: FailureClass.STALLED,
    Ending.OVERTIME: FailureClass.OVER_CAP,
}
# Classes that already say whether there was text, or whose row of the matrix holds both cases.
_NAMED_FOR_ITS_PLACE = {
    *_FAILURES_AFTER_TEXT.values(),
    FailureClass.OVER_CAP,
    FailureClass.REPEATING,
}


Content = TextDelta | ReasoningDelta | ToolCallDelta
_KINDS = (TextDelta, ReasoningDelta, ToolCallDelta)
Given = TypeVar("Given")


class AnswerReader:
    """Feeds bytes through the SSE decoder and a dialect's decoder, and watches what comes out.

    `has_advanced` tells of text, reasoning, tool calls or a finish reason since it was last asked;
    `after_text` of text or tool calls at any time; `is_finishing` that the finish reason is known;
    `is_finished` that `Finished` was yielded.
    """

    def __init__(self, decoder: StreamDecoder, clocks: Clocks) -> None:
        self.after_text = False
        self.is_finished = False
        self._decoder = decoder
        self._clocks = clocks
        self._sse = ServerSentEventDecoder(clocks.line_bytes, clocks.event_bytes)
        self._has_advanced = False
        self._body_bytes = 0
        self._idle_bytes = 0
        self._reply_bytes = 0
        self._malformed = 0
        self._last_text = ""
        self._repeats = 0
        self._joiners: dict[type[Content], SurrogateJoiner] = {k: SurrogateJoiner() for k in _KINDS}

    @property
    def is_finishing(self) -> bool:
        return self._decoder.finish_reason is not None

    def has_advanced(self) -> bool:
        advanced, self._has_advanced = self._has_advanced, False
        return advanced

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """The events in `chunk`, then `ProviderError` if something in it was wrong."""
        return self._collected(self._read, chunk)

    def end(self, ending: Ending) -> Iterator[StreamEvent]:
        """The last events; raises `ProviderError` unless the answer was whole without more."""
        return self._collected(self._finish, ending)

    def _collected(
        self, read: Callable[[Given, list[StreamEvent]], None], given: Given
    ) -> Iterator[StreamEvent]:
        events: list[StreamEvent] = []
        failure: ProviderError | None = None
        try:
            read(given, events)
        except ProviderError as error:
            failure = self._placed(error)
        yield from events
        if failure is not None:
            raise failure

    def _read(self, chunk: bytes, events: list[StreamEvent]) -> None:
        self._body_bytes += len(chunk)
        self._idle_bytes += len(chunk)
        for event in self._sse.decode(chunk):
            self._take(event, events)
        too_much = self._body_bytes > self._clocks.stream_bytes
        if too_much or self._idle_bytes > self._clocks.idle_bytes:
            raise ProviderError(FailureClass.OVER_CAP, "The provider sent more than allowed.")

    def _finish(self, ending: Ending, events: list[StreamEvent]) -> None:
        if ending in {Ending.CLOSED, Ending.CUT}:
            # An event whose blank line never came counts if it is whole; half of one is no news.
            self._malformed = 0
            for event in self._sse.flush():
                self._take(event, events)
        if self.is_finished:
            return
        if self.is_finishing:
            self._check(self._decoder.flush(), events)
            return
        failures = _FAILURES_AFTER_TEXT if self.after_text else _FAILURES_BEFORE_TEXT
        raise ProviderError(failures[ending], _ENDING_DETAILS[ending])

    def _take(self, event: ServerSentEvent, events: list[StreamEvent]) -> None:
        if self.is_finished:
            return
        decoder = self._decoder
        was_finishing = decoder.finish_reason is not None
        try:
            decoded = decoder.decode(event)
        except ProviderError as error:
            if error.failure is not FailureClass.MALFORMED_EVENT:
                raise
            self._malformed += 1
            if self._malformed >= _MALFORMED_EVENTS:
                raise
            return
        if not was_finishing and decoder.finish_reason is not None:
            self._has_advanced = True
            self._idle_bytes = 0
        if decoded:
            self._check(decoded, events)

    def _check(self, decoded: list[StreamEvent], events: list[StreamEvent]) -> None:
        for event in decoded:
            if isinstance(event, _KINDS):
                self._check_content(event, events)
                continue
            if isinstance(event, Finished):
                self._check_whole(event)
                self.is_finished = True
            events.append(event)

    def _check_content(self, event: Content, events: list[StreamEvent]) -> None:
        text = event.arguments if isinstance(event, ToolCallDelta) else event.text
        joined = self._joiners[type(event)].join(text)
        # A tool call may come without arguments, text without text is nothing.
        if not joined and not isinstance(event, ToolCallDelta):
            return
        self._count(joined)
        self._has_advanced = True
        self._idle_bytes = 0
        if not isinstance(event, ReasoningDelta):
            self.after_text = True
        events.append(event if joined is text else _with_text(event, joined))

    def _count(self, text: str) -> None:
        self._reply_bytes += len(text) if text.isascii() else len(text.encode())
        if self._reply_bytes > self._clocks.reply_bytes:
            raise ProviderError(FailureClass.OVER_CAP, "The answer is longer than allowed.")
        # White space repeats in every table and listing.
        if text != self._last_text or text.isspace() or not text:
            self._last_text = text
            self._repeats = 1
            return
        self._repeats += 1
        if self._repeats >= self._clocks.repeats:
            raise ProviderError(FailureClass.REPEATING, "The model repeats the same words.")

    def _check_whole(self, finished: Finished) -> None:
        if self.after_text:
            return
        if finished.reason == "content_filter":
            raise ProviderError(
                FailureClass.CONTENT_POLICY, "The provider's content filter stopped the answer."
            )
        detail = "The model gave no text."
        if finished.reason == "length":
            detail = "The model reached its output limit before the first word of its answer."
        raise ProviderError(FailureClass.EMPTY_ANSWER, detail)

    def _placed(self, error: ProviderError) -> ProviderError:
        """The error as it counts where it happened: before text, or after some was yielded."""
        failure, inner = error.failure, error.inner
        if self.after_text and failure not in _NAMED_FOR_ITS_PLACE:
            is_malformed = failure is FailureClass.MALFORMED_EVENT
            inner = failure
            failure = FailureClass.CUT_AFTER_TEXT if is_malformed else FailureClass.ERROR_AFTER_TEXT
        placed = ProviderError(
            failure, error.detail, status=error.status, retry_after_s=error.retry_after_s
        )
        placed.inner, placed.after_text, placed.usage = inner, self.after_text, self._decoder.usage
        return placed


def in_one_piece(events: Iterator[StreamEvent]) -> Iterator[StreamEvent]:
    """The same, with the text of one chunk told at once: whoever reads seldom gets many tokens."""
    last: StreamEvent | None = None
    try:
        for event in events:
            if isinstance(event, TextDelta) and isinstance(last, TextDelta):
                last = TextDelta(last.text + event.text)
            elif isinstance(event, ReasoningDelta) and isinstance(last, ReasoningDelta):
                last = ReasoningDelta(last.text + event.text)
            else:
                if last is not None:
                    yield last
                last = event
    except ProviderError:
        if last is not None:
            yield last
        raise
    if last is not None:
        yield last


def _with_text(event: Content, text: str) -> Content:
    if isinstance(event, ToolCallDelta):
        return replace(event, arguments=text)
    return type(event)(text)
