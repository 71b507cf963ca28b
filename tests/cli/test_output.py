"""Standard output whose reader has gone, that is full or closed: a quiet end or one line, never a traceback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

import pytest

from exporter.cli import main
from tests.cli.commands.scene import filled_folder

FULL = "Cannot write to standard output: No space left on device."
CLOSED = "Cannot write to standard output: it is closed."

COMMANDS = (
    ("assets",),
    ("assets", "--output=json"),
    ("costs",),
    ("costs", "--output=csv"),
    ("metrics",),
    ("metrics", "*"),
    ("report",),
    ("report", "--output=html"),
    ("price", "--file=usage.yml"),
    ("check",),
    ("check", "--output=json"),
    ("alertmanager-config", "--secrets-dir=secrets", "--output=alertmanager.yml"),
    ("serve", "--storage.reset-counters"),
    ("--help",),
    ("--version",),
    ("serve", "--help"),
    ("demo", "--help"),
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a token and an API that nobody serves, and make what the commands read."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "a-token")
    monkeypatch.setenv("CLOUDFLARE_API_URL", "http://127.0.0.1:9/client/v4")
    Path("usage.yml").write_text("workers_requests: 3e9\n", encoding="utf-8")
    Path("secrets").mkdir()


def arguments(command: tuple[str, ...]) -> list[str]:
    """A command line with a state folder, if the command has one; resetting gets one of its own."""
    if command[0] in {"alertmanager-config", "--version"} or "--help" in command:
        return list(command)
    folder = "state" if command[0] == "serve" else filled_folder()
    return [*command, f"--storage.path={folder}"]


def exit_code(command: tuple[str, ...]) -> int:
    """The exit code of a command; that of ``--help`` comes as an exception."""
    try:
        return main(arguments(command))
    except SystemExit as ended:
        return int(ended.code or 0)


@contextmanager
def without_reader() -> Iterator[TextIO]:
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_ends_early(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends quietly, with the code that shells use for it."""
    with without_reader() as stream, redirect_stdout(stream):
        assert exit_code(command) == 141
    assert "standard output" not in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_disk(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """One line says so."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream, redirect_stdout(stream):
        assert exit_code(command) == 1
    assert [line for line in capsys.readouterr().err.splitlines() if "standard output" in line] == [FULL]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_process_leaves_no_traceback(redirection: str, unbuffered: str) -> None:
    """Nor does the interpreter complain at its end."""
    words = " ".join([sys.executable, "-m", "exporter", *arguments(("assets",))])
    script = f"PYTHONUNBUFFERED={unbuffered} {words} {redirection}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False)
    expected = {">/dev/full": (1, f"{FULL}\n"), ">&-": (1, f"{CLOSED}\n"), ">&- 2>&-": (1, "")}
    assert (done.returncode, done.stderr) == expected.get(redirection, (0, ""))


@pytest.mark.parametrize("command", [("assets",), ("serve", "--help")], ids=" ".join)
def test_a_process_without_a_reader_leaves_no_traceback(command: tuple[str, ...]) -> None:
    """Also where the help is printed, by another part of the program."""
    words = [sys.executable, "-m", "exporter", *arguments(command)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with without_reader() as stream:
        done = subprocess.run(
            words, stdout=stream, stderr=subprocess.PIPE, text=True, timeout=30, check=False, env=buffered
        )
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_an_error_that_nobody_can_read(redirection: str) -> None:
    """The exit code stays what it is."""
    script = f"{sys.executable} -m exporter price {redirection}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (2, "")


def test_characters_that_the_terminal_lacks_are_escaped() -> None:
    """A name in another script does not end a command."""
    Path("usage.yml").write_text("größe: 1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "price", "--file=usage.yml"],
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(rb"Unknown meter gr\xf6\xdfe. ")
