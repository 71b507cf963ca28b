"""What every answer carries, and what is not let through."""

import asyncio

import httpx
import pytest
from starlette.responses import Response

from exporter.web import PolicyMiddleware, WebPolicy
from exporter.web.middleware import PIECE_BYTES
from tests.exposition.snapshots import ManualClock
from tests.web.scene import PASSWORD, PATHS, OpenSite, users

CONTENT = "content-security-policy"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("configured", [None, users(prometheus=PASSWORD)], ids=["open", "users"])
def test_every_answer_has_headers_of_security(open_site: OpenSite, configured: str | None, path: str) -> None:
    """Pages, metrics, the API, what is not there and refusals say that nothing is to be loaded, framed or guessed."""
    headers = open_site(configured).get(path).headers
    assert headers[CONTENT].startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "deny"
    assert headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_the_first_page_keeps_to_what_is_allowed(open_site: OpenSite) -> None:
    """It has a style, a form that asks itself, and neither scripts nor pictures or anything from elsewhere."""
    page = open_site(None).get("/").text
    assert "<style>" in page
    for forbidden in ("<script", "<img", "<iframe", "<link", "<base", "url(", "@import", " onload="):
        assert forbidden not in page
    assert page.count("<form") == page.count('<form method="get" action="#assets">') == 1


def test_headers_are_configured(open_site: OpenSite) -> None:
    """A file replaces headers, adds others and leaves some out; a change counts without a restart."""
    lines = (
        "Content-Security-Policy: default-src 'self'",
        "Strict-Transport-Security: max-age=60",
        "X-Frame-Options: ''",
    )
    site = open_site("http_server_config:\n  headers:\n" + "".join(f"    {line}\n" for line in lines))
    headers = site.get().headers
    assert headers[CONTENT] == "default-src 'self'"
    assert headers["strict-transport-security"] == "max-age=60"
    assert "x-frame-options" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    site.write("http_server_config: {headers: {X-XSS-Protection: '0'}}\n")
    headers = site.get().headers
    assert headers["x-xss-protection"] == "0"
    assert headers["x-frame-options"] == "deny"
    assert "strict-transport-security" not in headers


def test_requests_are_limited(open_site: OpenSite) -> None:
    """So many are answered at once, then one each interval."""
    site = open_site("rate_limit: {interval: 10s, burst: 3}\n")
    assert [site.get().status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    site.clock.advance(10)
    assert [site.get().status_code for _ in range(2)] == [200, 429]
    site.clock.advance(1_000)
    assert [site.get().status_code for _ in range(4)] == [200, 200, 200, 429]
    site.write("rate_limit: {interval: 0s}\n")
    assert [site.get().status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 700_000])
def test_long_answers_come_whole(length: int) -> None:
    """However an answer is cut into pieces on its way."""
    body = bytes(number % 251 for number in range(length))
    guard = PolicyMiddleware(Response(body), WebPolicy(None, ManualClock()))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=guard)) as http:
            return await http.get("http://exporter/")

    answer = asyncio.run(ask())
    assert answer.headers["content-length"] == str(length)
    assert answer.content == body
