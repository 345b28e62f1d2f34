"""What a dialect hands to the client, and what the client asks of a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from providers.errors import FailureClass
from providers.events import FinishReason, StreamEvent, Usage
from providers.reported import ReportedError
from providers.request import Endpoint, ModelRequest
from providers.sse import ServerSentEvent


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request without its key.

    The client puts `key_prefix` and the key into the header `key_header`, or leaves it out where
    there is no key. A key never stands in the URL.
    """

    method: Literal["GET", "POST"]
    url: str
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key_header: str = "authorization"
    key_prefix: str = "Bearer "


class StreamDecoder(Protocol):
    """Turns the events of one stream into ours; does no I/O and keeps only what it must.

    `decode` raises `ProviderError`: malformed_event for data that is not the JSON expected, or the
    class of an error that the provider reports inside the stream. `Finished` comes from `decode`
    where the provider marks the end, otherwise from `flush` if a finish reason was seen.
    """

    finish_reason: FinishReason | None
    usage: Usage | None

    def decode(self, event: ServerSentEvent) -> list[StreamEvent]: ...

    def flush(self) -> list[StreamEvent]: ...


class Dialect(Protocol):
    """A module of `providers.dialects`."""

    def build_request(self, endpoint: Endpoint, request: ModelRequest) -> WireRequest: ...

    def stream_decoder(self) -> StreamDecoder: ...

    def list_models_request(self, endpoint: Endpoint) -> WireRequest: ...

    def parse_models(self, body: object) -> tuple[str, ...]: ...

    def key_test_request(self, endpoint: Endpoint) -> WireRequest: ...

    def classify(self, reported: ReportedError) -> FailureClass: ...
