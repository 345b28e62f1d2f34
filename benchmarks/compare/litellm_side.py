"""LiteLLM's two local routers, timed by their own Python: `python litellm_side.py prompts.json`, microseconds as JSON.

Needs nothing of this project. The prompts are lists of texts by number of words.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from litellm import Router
from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

TIERS = ("SIMPLE", "MEDIUM", "COMPLEX", "REASONING")
KINDS = {"complexity router": "heuristic", "newer heuristic": "heuristic_v2"}


def make_router(kind: str) -> ComplexityRouter:
    models = [
        {"model_name": tier, "litellm_params": {"model": "openai/gpt-4o-mini", "api_key": "none"}}
        for tier in TIERS
    ]
    tiers = {tier: tier for tier in TIERS}
    config = {"classifier_type": kind, "tiers": tiers}
    return ComplexityRouter("auto", Router(model_list=models), config, default_model=TIERS[0])


def reader_of(router: ComplexityRouter, kind: str) -> Callable[[str], object]:
    """What reads the text, without the hook around it; the newer one has no public name for it."""
    return router.classify if kind == "heuristic" else router._classify_with_heuristic_v2


async def timed(call: Callable[[str], Awaitable[object]], texts: list[str]) -> list[float]:
    """Microseconds of this thread on its processor; each text once before, unmeasured."""
    for text in texts:
        await call(text)
    gc.collect()
    gc.freeze()
    taken = []
    for text in texts:
        started = time.thread_time_ns()
        await call(text)
        taken.append((time.thread_time_ns() - started) / 1000)
    gc.unfreeze()
    return taken


async def measure(prompts: dict[str, list[str]]) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for name, kind in KINDS.items():
        router = make_router(kind)
        read = reader_of(router, kind)

        async def hook(text: str, router: ComplexityRouter = router) -> object:
            messages = [{"role": "user", "content": text}]
            return await router.async_pre_routing_hook("auto", {"metadata": {}}, messages=messages)

        async def plain(text: str, read: Callable[[str], object] = read) -> object:
            return read(text)

        for part, call in (("reading", plain), ("whole hook", hook)):
            found[f"LiteLLM {name}, {part}"] = {
                words: await timed(call, texts) for words, texts in prompts.items()
            }
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(json.loads(Path(sys.argv[1]).read_text())))))
