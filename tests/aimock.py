"""aimock (npm, in tests/node) as a second opinion on the wire formats.

    def test_something(aimock):
        mock = aimock([{"match": {"userMessage": "hello"}, "response": {"content": "Hi"}}])
        ... mock.openai_url, mock.base_url (Anthropic, Gemini), mock.host_and_port ...

Fixtures are tried in order and the first that matches answers, whatever the vendor: `model` is the
exact name, `userMessage` a part of the last user message, `{}` everything. So one model fails with
`{"match": {"model": "m"}, "response": {"error": {"message": "...", "type": "overloaded_error"},
"status": 529}}` placed first. Import the fixture into a conftest to use it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
StartAimock = Callable[..., "Aimock"]

_COMMAND = Path(__file__).parent / "node/node_modules/@copilotkit/aimock/dist/cli.js"
_LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True)
class Aimock:
    base_url: str

    @property
    def openai_url(self) -> str:
        return f"{self.base_url}/v1"

    @property
    def host_and_port(self) -> str:
        return self.base_url.removeprefix("http://")

    def journal(self) -> list[Json]:
        """Every request so far, oldest first, with keys left out."""
        with urllib.request.urlopen(f"{self.base_url}/__aimock/journal", timeout=10) as answer:
            entries: list[Json] = json.load(answer)
        return entries


@contextmanager
def running_aimock(
    fixtures: list[Json], folder: Path, latency_ms: int = 0, chunk_characters: int = 20
) -> Iterator[Aimock]:
    """aimock on a free port, in a process of its own; `folder` is for its fixture file."""
    file = folder / "aimock.json"
    file.write_text(json.dumps({"fixtures": fixtures}), encoding="utf-8")
    options = ["-p", "0", "-f", str(file), "-l", str(latency_ms), "-c", str(chunk_characters)]
    node = shutil.which("node") or "node"
    with subprocess.Popen(
        [node, str(_COMMAND), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield Aimock(_listening_url(process))
        finally:
            process.terminate()


def require_aimock() -> None:
    """Skips the test where Node or aimock is absent, fails it where CI says that they are not."""
    if shutil.which("node") is not None and _COMMAND.exists():
        return
    reason = "aimock is not installed: run `npm ci` in tests/node"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def aimock(tmp_path: Path) -> Iterator[StartAimock]:
    require_aimock()
    with ExitStack() as running:

        def start(fixtures: list[Json], **options: int) -> Aimock:
            return running.enter_context(running_aimock(fixtures, tmp_path, **options))

        yield start


def _listening_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        found = _LISTENING.search(line)
        if found:
            return found.group(1)
        said.append(line)
    raise RuntimeError("aimock did not start: " + "".join(said))
