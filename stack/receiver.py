"""A webhook receiver for Alertmanager's notifications, so that alerts are visible without any external service."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from stack.port import LOOPBACK


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as Alertmanager's webhook carries it; ``status`` is ``firing`` or ``resolved``."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Receiver:
    """Listens on a loopback port while entered, and calls back for each alert from its own thread."""

    def __init__(self, port: int, on_alert: Callable[[Alert], None]) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, port), _handler(on_alert))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address it listens on."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(on_alert: Callable[[Alert], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            try:
                alerts = [_read_alert(entry) for entry in json.loads(body)["alerts"]]
            except (ValueError, KeyError, TypeError):
                self.send_error(400, "not an Alertmanager webhook")
                return
            for alert in alerts:
                on_alert(alert)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _read_alert(entry: dict[str, Any]) -> Alert:
    return Alert(entry["status"], dict(entry["labels"]), dict(entry["annotations"]))
