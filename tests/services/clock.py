"""The wall clock of a process, set from outside while it runs (wall_clock.c)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from tests.services.processes import ROOT
from tests.services.tools import missing

SOURCE = ROOT / "tests" / "services" / "wall_clock.c"
HOUR = 3600


class WallClock:
    """Start a process with `environment`; then `jump` as often as wanted."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or missing("A C compiler is missing: apt install gcc")
        library, self._file = folder / "wall_clock.so", folder / "clock"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}

    def jump(self, seconds: int) -> None:
        """So far ahead of the true time from now on; in place, for the process has the file open."""
        with self._file.open("r+b") as opened:
            opened.write(struct.pack("q", seconds))
