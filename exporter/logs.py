"""Log lines on standard error, as logfmt or JSON: one line per event, with keys that say what it is about."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")

_refresh: ContextVar[str] = ContextVar("refresh", default="")
"""The refresh that the running task works for; tasks and threads that it starts inherit it."""


@contextmanager
def logging_refresh(refresh_id: str) -> Iterator[None]:
    """Put a refresh's id on every log line written in this context, and by the tasks and threads started in it."""
    token = _refresh.set(refresh_id)
    try:
        yield
    finally:
        _refresh.reset(token)


def keys(**values: object) -> dict[str, object]:
    """Return the keys of a log line, as in ``log.info("…", extra=keys(account=account.id))``, without empty ones."""
    return {"keys": {name: str(value) for name, value in values.items() if value not in {None, ""}}}


class LineFormatter(logging.Formatter):
    """Formats a record as one line in the format ``form``; a traceback becomes a field."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower().replace("warning", "warn"),
            "logger": record.name,
            "msg": record.getMessage(),
            **getattr(record, "keys", {}),
        }
        if refresh_id := _refresh.get():
            fields["refresh"] = refresh_id
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        if self._form == "json":
            return json.dumps(fields, ensure_ascii=False)
        return " ".join(f"{key}={_quote(value)}" for key, value in fields.items())


def configure_logging(level: str, form: str) -> None:
    """Send all log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form))
    number = logging.getLevelNamesMapping()[{"warn": "WARNING"}.get(level, level.upper())]
    logging.basicConfig(level=number, handlers=[handler], force=True)
    # A line per request would drown the exporter's own and add nothing to the metrics.
    for noisy in ("httpx", "httpcore", "uvicorn"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))


def _quote(value: str) -> str:
    if value and value.isprintable() and not any(character in value for character in ' "=\\'):
        return value
    return json.dumps(value, ensure_ascii=False)
