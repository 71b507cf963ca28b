"""Standard output and standard error: the reader may end early, the disk may be full, and either may be closed."""

import contextlib
import io
import os
import sys
from typing import Any, TextIO

from rich.console import Console

from exporter.model import ExporterError

READER_GONE = 141
"""The exit code that shells use for a program whose reader ended early, such as ``| head``: 128 and SIGPIPE."""


class OutputError(ExporterError):
    """Standard output cannot be written."""


class ReaderGone(Exception):
    """Nobody reads standard output any more, which is no fault."""


def console_for(stream: TextIO | None, **options: Any) -> Console:
    """Return a console that captures what suits a stream, and never touches the stream itself."""
    is_terminal = True if stream is not None and stream.isatty() else None
    return Console(file=io.StringIO(), force_terminal=is_terminal, highlight=False, **options)


def write(text: str) -> None:
    """Write to standard output at once; characters that its encoding lacks are escaped.

    Raises OutputError or ReaderGone.
    """
    if sys.stdout is None:
        raise OutputError("Cannot write to standard output: it is closed.")
    try:
        sys.stdout.write(_encodable(text, sys.stdout))
    except OSError as error:
        _fail(error)
    flush()


def flush() -> None:
    """Write what has been printed already. Raises OutputError or ReaderGone."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _fail(error)


def tell(text: str) -> None:
    """Write to standard error, or nowhere if that cannot be written."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(_encodable(text, sys.stderr))
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def _fail(error: OSError) -> None:
    _abandon(sys.stdout)
    if isinstance(error, BrokenPipeError):
        raise ReaderGone from None
    raise OutputError(f"Cannot write to standard output: {error.strerror}.") from error


def _abandon(stream: TextIO) -> None:
    """Let the rest of a stream go nowhere, so that the interpreter does not complain about it at its end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
