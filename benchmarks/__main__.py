"""`make bench`: measure everything and print it; `python -m benchmarks --write` keeps it as well."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks import decide, embedded, scaled
from benchmarks.figures import Part, percentiles

PARTS: dict[str, Callable[[], Part]] = {
    "decide": decide.measure,
    "embedded": embedded.measure,
    "scaled": scaled.measure,
}
RESULTS = Path(__file__).with_name("results.md")
INTRODUCTION = """\
# What is measured

Everything runs on one machine: the upstream that streams stamped tokens over loopback, the load client and Chofesh itself share its
cores, so compare ratios rather than seconds with another machine's. What the columns mean stands under the tables.
"""


def machine() -> dict[str, object]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "yardstick_ms": yardstick_ms(),
    }


def yardstick_ms() -> float:
    """Milliseconds of processor for a fixed piece of Python: what to divide by on another machine."""
    taken = []
    for _ in range(7):
        began = time.thread_time()
        sum(number * number for number in range(1_000_000))
        taken.append(1000 * (time.thread_time() - began))
    return round(percentiles(taken)["p50"], 1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--write", action="store_true", help="keep it: results.md, results.json")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    head = _head(given.parts)
    print(head, flush=True)
    measured = {}
    for name in given.parts or PARTS:
        measured[name] = PARTS[name]()
        print(measured[name].as_markdown(), flush=True)
    if given.write:
        _write(head, measured)


def _head(parts: list[str]) -> str:
    about = machine()
    command = " ".join(["python -m benchmarks", *parts])
    return (
        f"{INTRODUCTION}\n`{command}`, {datetime.now(UTC):%d %B %Y}; {about['cores']} cores, "
        f"{about['memory_gb']} GB, {about['system']}, Python {about['python']}. "
        f"Yardstick, a fixed piece of Python: {about['yardstick_ms']} ms.\n"
    )


def _write(head: str, measured: dict[str, Part]) -> None:
    RESULTS.write_text("\n".join([head, *(part.as_markdown() for part in measured.values())]))
    figures = {name: part.figures for name, part in measured.items()}
    kept = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "parts": figures}
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    RESULTS.with_suffix(".json").write_bytes(orjson.dumps(kept, option=options) + b"\n")


if __name__ == "__main__":
    main()
