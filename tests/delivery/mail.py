"""A mail server that wants a login, and reads what it is sent."""

import base64
import email.policy
import socketserver
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from types import TracebackType
from typing import Self, cast

from stack.port import LOOPBACK

from .formats import Markup

RECIPIENTS = {"<you@example.com>", "<me@example.com>"}
TAGS = {"html", "body", "h3", "p", "ul", "li", "strong", "a"}


class Mailbox:
    """Listens while it is entered; hands on each message as text with what is wrong with it, from its own threads."""

    def __init__(self, user: str, password: str, keep: Callable[[str, list[str]], None]) -> None:
        self._server = socketserver.ThreadingTCPServer((LOOPBACK, 0), _handler(user, password, keep))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


def _handler(user: str, password: str, keep: Callable[[str, list[str]], None]) -> type[socketserver.BaseRequestHandler]:
    expected = f"\0{user}\0{password}".encode()

    class Handler(socketserver.StreamRequestHandler):
        timeout = 20

        def handle(self) -> None:
            self._say("220 mail.example.com ESMTP")
            faults: list[str] = []
            recipients: set[str] = set()
            is_known = False
            while line := self.rfile.readline(4_096).decode(errors="replace").rstrip("\r\n"):
                word = line.split(" ")[0].upper()
                if word == "EHLO":
                    self._say("250-mail.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
                elif word == "AUTH":
                    is_known = line.upper().startswith("AUTH PLAIN ") and base64.b64decode(line[11:]) == expected
                    self._say("235 welcome" if is_known else "535 wrong user or password")
                elif word == "MAIL":
                    if not line.upper().startswith("MAIL FROM:<ALERTS@EXAMPLE.COM>"):
                        faults.append(f"wrong sender: {line}")
                    self._say("250 ok" if is_known else "530 log in first")
                elif word == "RCPT":
                    recipients.add(line.partition(":")[2])
                    self._say("250 ok")
                elif word == "DATA":
                    self._say("354 go on")
                    content = self._content()
                    if recipients != RECIPIENTS:
                        faults.append(f"wrong recipients {recipients}")
                    text, wrong = read(content)
                    keep(text, [*faults, *wrong])
                    self._say("250 kept")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _content(self) -> bytes:
            lines = []
            while (line := self.rfile.readline(65_536)) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b".") else line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Handler


def read(content: bytes) -> tuple[str, list[str]]:
    """Return subject, text and HTML of a message as one text, and what is wrong with it."""
    message = cast(EmailMessage, message_from_bytes(content, policy=email.policy.default))
    faults = list(_faults(message))
    plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    parts = [str(message["Subject"]), *(part.get_content() for part in (plain, page) if part is not None)]
    return "\n".join(parts), faults


def _faults(message: EmailMessage) -> Iterator[str]:
    if message.defects:
        yield f"defects: {message.defects}"
    for name, value in (("From", "alerts@example.com"), ("To", "Ops <you@example.com>, me@example.com")):
        if str(message[name]) != value:
            yield f"{name} is {message[name]}"
    for name in ("Subject", "Date", "Message-Id"):
        if not message[name]:
            yield f"{name} is missing"
    if message.get_content_type() != "multipart/alternative":
        yield f"content type {message.get_content_type()}"
    plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    if plain is None or "<body" in plain.get_content():
        yield "no plain text"
    if page is None:
        yield "no HTML"
        return
    text = page.get_content().replace("\r\n", "\n")
    if not text.startswith("<!DOCTYPE html>\n"):
        yield f"begins with {text[:20]!r}"
    yield from Markup(TAGS, {"br"}).faults(text)
