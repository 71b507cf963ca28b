"""Requests and responses of the simulated Cloudflare, independent of any server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class HttpRequest:
    """A request; header names are in lower case and ``path`` is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def bearer(self) -> str | None:
        """Return the token of the Authorization header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError if it is not JSON."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class HttpResponse:
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


@dataclass(frozen=True)
class Refusal(Exception):
    """A request that is answered with an error."""

    status: int
    code: int
    message: str


def read_query(query_string: bytes) -> dict[str, str]:
    """Return the parameters of a query string; of repeated ones the last."""
    return dict(parse_qsl(query_string.decode(), keep_blank_values=True))


def json_response(status: int, document: object) -> HttpResponse:
    """Return a JSON answer."""
    return HttpResponse(status, json.dumps(document).encode())


def exact_response(status: int, document: object) -> HttpResponse:
    """Return a JSON response in which every Decimal is a number with exactly its digits."""
    return HttpResponse(status, exact_json(document).encode())


def exact_json(value: object) -> str:
    """Return the JSON of dictionaries, lists and plain values; Decimals become numbers without a float in between."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{encode_basestring_ascii(key)}: {exact_json(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(exact_json, value)) + "]"
    return json.dumps(value)


def error_response(status: int, code: int, message: str) -> HttpResponse:
    """Return a failure in the envelope of the v4 REST API."""
    return json_response(
        status,
        {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None},
    )
