"""The repository's programs as processes: started, measured from outside, stopped."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import exporter

ROOT = Path(exporter.__file__).parents[1]
STOP_SECONDS = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A Python module of the repository that runs as a process while the context is entered."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        self._command = [sys.executable, "-m", *arguments]
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFLARE_")}
        with self._log.open("ab") as output:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        child = self._running()
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, user and system, in seconds."""
        text = Path(f"/proc/{self._running().pid}/stat").read_text(encoding="ascii")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_memory_bytes(self) -> int:
        """Return the peak resident memory."""
        status = Path(f"/proc/{self._running().pid}/status").read_text(encoding="ascii")
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        assert found
        return int(found[1]) * 1024

    def await_output(self, pattern: str, seconds: float) -> str:
        """Wait until the output matches a pattern, and return its first group. Raise TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self._log.read_text(encoding="utf-8", errors="replace"))
            if found:
                return found[1]
            self.check()
            time.sleep(0.02)
        raise TimeoutError(f"{' '.join(self._command[2:4])} did not print {pattern} within {seconds:.0f} s")

    def check(self) -> None:
        """Raise RuntimeError, with the last lines of the output, if the program has exited."""
        if self._running().poll() is not None:
            tail = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
            raise RuntimeError("\n".join(["a program exited by itself:", *self._command, *tail]))

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._child is not None, "the program runs only within its context"
        return self._child
