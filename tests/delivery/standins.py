"""Stand-ins for the services: they take what the services take, check it, and keep it."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from stack.port import LOOPBACK

from . import formats
from .mail import Mailbox

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
TEAM_ROUTING_KEY = "fedcba9876543210fedcba9876543210"
BOT_TOKEN = "424242:AA-example-token-of-a-bot-000000000"
CHAT = -1001234567890
USER, PASSWORD = "alerts", "pass:word"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived: at which stand-in, the body, and what is wrong with it."""

    service: str
    body: Any
    faults: tuple[str, ...]

    @property
    def raw(self) -> str:
        """All of it as text."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Door:
    """A path of the server: whose it is, how its bodies are checked, and what it answers."""

    service: str
    check: Callable[[Any], Iterator[str]]
    status: int = 200
    answer: bytes = b"ok"
    authorization: str = ""


@dataclass
class StandIns:
    """All services on one port of the loopback interface, and a mail server on another."""

    deliveries: list[Delivery] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._mailbox = Mailbox(USER, PASSWORD, self._keep_mail)
        said = {"ok": True, "result": {"message_id": 1, "date": 1, "chat": {"id": CHAT, "type": "supergroup"}}}
        login = "Basic " + base64.b64encode(b"me:hush").decode()
        event = json.dumps({"status": "success", "message": "Event processed", "dedup_key": "x"}).encode()
        self.doors = {
            "/api/webhooks/4242/hush_discord-1": Door("discord", formats.discord, 204, b""),
            "/services/T0/B0/hush": Door("slack", formats.slack),
            "/services/T0/B0/shop": Door("slack-shop", formats.slack),
            "/v2/enqueue": Door("pagerduty", formats.pagerduty, 202, event),
            f"/bot{BOT_TOKEN}/sendMessage": Door("telegram", formats.telegram, 200, json.dumps(said).encode()),
            "/hook/hush": Door("webhook", formats.webhook, authorization=login),
            "/ping/hush": Door("watchdog", formats.webhook),
            "/also": Door("also", formats.webhook),
        }

    @property
    def url(self) -> str:
        """Where the server is, without a slash at its end."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def secrets(self) -> dict[str, str]:
        """Return the content of the secret file of each service."""
        return {
            "discord": f"{self.url}/api/webhooks/4242/hush_discord-1\n",
            "slack": f"{self.url}/services/T0/B0/hush\n",
            "pagerduty": f"{ROUTING_KEY}\n",
            "telegram": f"{BOT_TOKEN}\n{CHAT}\n",
            "email": f"smarthost: {LOOPBACK}:{self._mailbox.port}\nfrom: alerts@example.com\n"
            f'to: "Ops <you@example.com>, me@example.com"\nusername: {USER}\npassword: "{PASSWORD}"\n'
            "require_tls: false\n",
            "webhook": f"{self.url.replace('://', '://me:hush@')}/hook/hush\n",
            "watchdog": f"{self.url}/ping/hush\n",
        }

    def routing(self) -> dict[str, Any]:
        """Return the part of the configuration that leads to the stand-ins."""
        return {
            "pagerduty_url": f"{self.url}/v2/enqueue",
            "telegram_api_url": self.url,
            "grafana_url": "http://grafana.example:3000/",
        }

    def wait(self, marker: str, services: set[str], seconds: float = 20, status: str = "") -> dict[str, Delivery]:
        """Return each service's last delivery with a text in it, once all have one; fails if they are late."""
        found: dict[str, Delivery] = {}

        def is_there() -> bool:
            nonlocal found
            found = self.with_text(marker, status)
            return services <= found.keys()

        with self._arrived:
            is_in_time = self._arrived.wait_for(is_there, seconds)
        assert is_in_time, f"{sorted(services - found.keys())} got nothing with {marker} {status}"
        return found

    def first(self, service: str, *parts: str, seconds: float = 20) -> Delivery:
        """Return the first delivery of a service that has all parts, once there is one; fails if none comes in time."""

        def find() -> Delivery | None:
            ours = (each for each in self.deliveries if each.service == service)
            return next((each for each in ours if all(part in each.raw for part in parts)), None)

        with self._arrived:
            found = self._arrived.wait_for(find, seconds)
        assert found is not None, f"{service} got nothing with {parts}"
        return found

    def with_text(self, marker: str, status: str = "") -> dict[str, Delivery]:
        """Return the last delivery of each service with a text in it, perhaps only those that fire or are resolved."""
        word = {"": "", "firing": "firing", "resolved": "resolve"}[status]
        return {
            each.service: each
            for each in list(self.deliveries)
            if marker in each.raw and (f"[{word}" in each.raw.lower() or f'"status": "{word}' in each.raw or not word)
        }

    def faults(self) -> list[str]:
        """Return what is wrong with anything that arrived."""
        return [f"{each.service}: {fault}" for each in list(self.deliveries) for fault in each.faults]

    def take(self, service: str, body: Any, faults: list[str]) -> None:
        """Keep what arrived."""
        with self._arrived:
            self.deliveries.append(Delivery(service, body, tuple(faults)))
            self._arrived.notify_all()

    def __enter__(self) -> Self:
        self._mailbox.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
        self._mailbox.__exit__(kind, error, trace)

    def _keep_mail(self, message: str, faults: list[str]) -> None:
        self.take("email", message, faults)


def _handler(standins: StandIns) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            door = standins.doors.get(self.path)
            if door is None:
                standins.take("nobody", self.path, ["no service has this path"])
                self._answer(404, b"")
                return
            service, faults = door.service, []
            if self.headers.get("Authorization", "") != door.authorization:
                faults.append("wrong Authorization")
            kind = self.headers.get("Content-Type", "").split(";")[0]
            try:
                body = _body(kind, content)
            except ValueError as error:
                standins.take(service, content.decode(errors="replace"), [*faults, str(error)])
                self._answer(400, b"")
                return
            if service == "pagerduty":
                names = {ROUTING_KEY: "pagerduty", TEAM_ROUTING_KEY: "pagerduty-shop"}
                service = names.get(body.get("routing_key"), "nobody")
            if service == "telegram" and str(body.get("chat_id")) != str(CHAT):
                faults.append("another chat")
            faults += door.check(body)
            standins.take(service, body, faults)
            self._answer(door.status if not faults else 400, door.answer if not faults else b"")

        def do_GET(self) -> None:
            standins.take("nobody", self.path, ["a GET"])
            self._answer(405, b"")

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            if content[:1] == b"{":
                self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _body(kind: str, content: bytes) -> Any:
    """Read a body; Telegram's may also be a form. Raises ValueError."""
    if kind == "application/json":
        return json.loads(content)
    if kind == "application/x-www-form-urlencoded":
        return {key: values[0] for key, values in parse_qs(content.decode(), strict_parsing=True).items()}
    raise ValueError(f"content type {kind}")
