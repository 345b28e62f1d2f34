"""LiteLLM's proxy and Open WebUI: installed into venvs of their own, started, and where to ask them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import Process, free_port

MODEL = "bench"
READY_S = 240.0
KEY = "sk-of-no-use"


@dataclass(frozen=True, slots=True)
class Door:
    """Where an OpenAI client asks, and whose cost is counted."""

    name: str
    url: str
    process: Process
    headers: Mapping[str, str] = field(default_factory=dict)


def install(folder: Path, package: str) -> Path:
    """The venv's folder of commands; what is installed already is left as it is."""
    venv = folder / package.partition("[")[0].partition("=")[0]
    done = venv / "installed"
    if not done.exists() or done.read_text() != package:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", package]
        subprocess.run(command, check=True)
        done.write_text(package)
    return venv / "bin"


def start_litellm(folder: Path, upstream: str) -> Door:
    commands, port = install(folder, LITELLM), free_port()
    config = folder / "litellm.yaml"
    parameters = {"model": f"openai/{MODEL}", "api_base": upstream, "api_key": KEY}
    # JSON is YAML too.
    config.write_text(
        json.dumps({"model_list": [{"model_name": MODEL, "litellm_params": parameters}]})
    )
    process = Process(
        [str(commands / "litellm"), "--config", str(config), "--port", str(port)],
        folder / "litellm.log",
        {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_MASTER_KEY": KEY,
        },
    )
    _wait(process, lambda: _fetched(f"http://127.0.0.1:{port}/health/liveliness"))
    address = f"http://127.0.0.1:{port}/v1/chat/completions"
    return Door("LiteLLM proxy", address, process, {"authorization": f"Bearer {KEY}"})


def start_open_webui(folder: Path, upstream: str) -> Door:
    commands, port = install(folder, OPEN_WEBUI), free_port()
    address = f"http://127.0.0.1:{port}"
    process = Process(
        [str(commands / "open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)],
        folder / "open-webui.log",
        {
            "DATA_DIR": str(folder / "open-webui-data"),
            "WEBUI_AUTH": "False",
            # Else it would remember the upstream of the time before.
            "ENABLE_PERSISTENT_CONFIG": "False",
            "WEBUI_SECRET_KEY": "of-no-use",
            "ENABLE_OLLAMA_API": "False",
            "OPENAI_API_BASE_URL": upstream,
            "OPENAI_API_KEY": KEY,
            "OFFLINE_MODE": "True",
            "HF_HUB_OFFLINE": "1",
            "RAG_EMBEDDING_MODEL_AUTO_UPDATE": "False",
            # It would load an embedding model, which no stream needs.
            "RAG_EMBEDDING_ENGINE": "openai",
        },
    )
    _wait(process, lambda: _fetched(f"{address}/health"))
    signed_in = _fetched(f"{address}/api/v1/auths/signin", {"email": "", "password": ""})
    headers = {"authorization": f"Bearer {json.loads(signed_in)['token']}"}
    # The list is read once before a model of it may be asked for.
    _fetched(f"{address}/api/models", headers=headers)
    return Door("Open WebUI, its API", f"{address}/api/chat/completions", process, headers)


def _fetched(address: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        address, data, {"content-type": "application/json", **(headers or {})}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def _wait(process: Process, works: Callable[[], object]) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        process.check()
        try:
            works()
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"{process.log.name} was not ready in {READY_S:.0f} s")


# The versions that were measured; newer ones by editing these.
LITELLM = "litellm[proxy]==1.106.2"
OPEN_WEBUI = "open-webui==0.12.4"
