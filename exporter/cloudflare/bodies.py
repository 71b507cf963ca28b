"""Bodies of answers: decoded, and those of Cloudflare's API told from the pages of proxies and portals. Pure."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from exporter.cloudflare.errors import is_too_large
from exporter.cloudflare.json_text import decode_json, is_too_deep, replace_ill_formed

LIMIT_TYPE_WORDS = ("rate limit type", "rate-limit-type")
"""What an error says that refuses the header ``X-Rate-Limit-Type``. Cloudflare documents no such error."""


def decode_body(chunks: list[bytes], levels: int) -> Any:
    """Return the decoded body, or None if it is no JSON of an API; consumes the chunks, to keep one copy in memory.

    What is no valid text in it is replaced by U+FFFD.
    """
    try:
        body = b"".join(chunks)
        chunks.clear()
        if is_too_deep(body):
            return None
        text = replace_ill_formed(body.decode(errors="replace"))
        del body
        return decode_json(text, levels)
    except (ValueError, RecursionError):
        return None


def is_of_cloudflare(api: str, status: int, body: Any) -> bool:
    """Return whether an answer is one of Cloudflare's API, not the page of a proxy or portal on the way to it.

    The REST API answers with an envelope, GraphQL with ``data`` or with errors; its gateway answers for both.
    """
    is_of_way = 300 <= status < 400 or status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    if is_of_way or not isinstance(body, Mapping):
        return False
    return is_envelope(body) or (api == "graphql" and ("data" in body or _has_messages(body.get("errors"))))


def is_envelope(body: Any) -> bool:
    """Return whether a body is the envelope of the REST API."""
    return isinstance(body, Mapping) and isinstance(body.get("success"), bool)


def describe_shape(body: Any) -> str:
    """Return how a body that is not Cloudflare's differs, as the end of "HTTP 502"."""
    return " without valid JSON" if body is None else " with other JSON than its API gives"


def find_cost(body: Mapping[str, Any]) -> tuple[int, int]:
    """Return the cost and the remaining budget given in a GraphQL answer, or zeros."""
    data = body.get("data")
    data = data if isinstance(data, Mapping) else {}
    viewer = data.get("viewer")
    cost, left = data.get("cost"), viewer.get("budget") if isinstance(viewer, Mapping) else None
    return (cost, left) if isinstance(cost, int) and isinstance(left, int) else (0, 0)


def says_too_large(body: Any) -> bool:
    """Return whether an answer 429 refuses the document for its size, not the rate of requests."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    return isinstance(errors, list) and any(is_too_large(str(error)) for error in errors)


def refuses_limit_type(body: Any) -> bool:
    """Return whether an answer refuses the way in which requests are to be limited."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    said = str(errors).casefold() if errors else ""
    return any(words in said for words in LIMIT_TYPE_WORDS)


def _has_messages(errors: Any) -> bool:
    return isinstance(errors, list) and any(isinstance(error, Mapping) and "message" in error for error in errors)
