"""Requests and answers of the simulated Cloudflare, free of any server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class HttpRequest:
    """A request; header names are in lower case and `path` is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def bearer(self) -> str | None:
        """The token of the Authorization header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is none."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class HttpResponse:
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def read_query(query_string: bytes) -> dict[str, str]:
    """The parameters of a query string; of repeated ones the last."""
    return dict(parse_qsl(query_string.decode(), keep_blank_values=True))


def json_response(status: int, document: object) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(status, json.dumps(document).encode())


def error_response(status: int, code: int, message: str) -> HttpResponse:
    """A failure in the envelope of the v4 REST API."""
    return json_response(
        status,
        {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None},
    )
