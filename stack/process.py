"""A child process that is started, watched and stopped, with its output in a file."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_STOP_SECONDS = 15


class NotStarted(Exception):
    """A program exited or did not answer instead of becoming ready; the message has the end of its output."""


class Process:
    """A program in its own process group, so that a Ctrl-C at the terminal reaches only the parent.

    As a context manager it stops the program on exit.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = None if env is None else dict(env)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start or restart the program; its output is appended to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether the program was started and has not exited."""
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if the program does not exit within 15 s. Do nothing if it is not running."""
        if self._child is None:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the program and its children at once, as a power cut would."""
        if self._child is None:
            return
        self._signal(signal.SIGKILL)
        self._child.wait()
        self._child = None

    def tail(self, lines: int = 20) -> str:
        """Return the last lines of the output."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until_ready(self, url: str, seconds: float) -> None:
        """Wait until the URL answers 200. Raise NotStarted if the program exits or the time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.is_running:
                raise NotStarted(f"{self.name} exited while starting. Its last lines:\n{self.tail()}")
            if _answers(url):
                return
            time.sleep(0.1)
        raise NotStarted(f"{self.name} did not answer at {url} within {seconds:.0f} s. Its last lines:\n{self.tail()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
