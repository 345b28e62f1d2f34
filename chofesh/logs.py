"""How a line of the log looks: with the ids of what it belongs to, and without secrets.

No message, prompt or key is ever logged. Some addresses are secrets themselves, because whoever
has the link may use it, and Django logs the address of a refused request.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from pythonjsonlogger import core, json

from answering.log_ids import ids

SECRET_LINKS = re.compile(
    r"(/invitation/|/accounts/password/reset/key/|/accounts/confirm-email/)[^/\s?'\"<>]+"
)
# PostgreSQL quotes the row that it refuses, and that row may hold a message.
REFUSED_ROW = re.compile(
    r"\bDETAIL: .*?(?=\n\nThe above exception|\n\nDuring handling|\Z)", re.DOTALL
)
# A line that a visitor wrote into a header or an address must not look like a line of ours.
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def without_secrets(text: str) -> str:
    return SECRET_LINKS.sub(r"\1…", text)


class WithoutRows(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return REFUSED_ROW.sub("DETAIL: left out", super().formatException(ei))


class LineFormatter(WithoutRows):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        record.message = record.message.translate(CONTROLS)
        known = " ".join(f"{name}={value}" for name, value in ids().items())
        line = super().formatMessage(record)
        return f"{line} [{known}]" if known else line

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class ObjectFormatter(WithoutRows, json.JsonFormatter):
    """For machines: one JSON object a line."""

    def __init__(self) -> None:
        # Django adds the whole request to its records; what it says stands in the message.
        reserved = [*core.RESERVED_ATTRS, "request"]
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", reserved_attrs=reserved)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data.update(ids())

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))
