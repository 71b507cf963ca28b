"""Answers that Cloudflare did not give, or that nobody can place in time."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from exporter.cloudflare import CloudflareError
from exporter.cloudflare.client import NETWORK_ADVICE, Reply
from exporter.cloudflare.errors import Unreachable
from exporter.cloudflare.time import parse_date
from tests.cloudflare.conftest import API_URL, DATE, Scene, answer, listed, refused

ACCOUNTS_URL = f"{API_URL}/accounts"
GRAPHQL_URL = f"{API_URL}/graphql"
ENVELOPE = b'{"success": true, "errors": [], "result": ["there"]}'

FOREIGN = {
    "error page": (502, b"<html>502 Bad Gateway</html>"),
    "captive portal": (200, b"<html>Please log in</html>"),
    "proxy wants a password": (407, b"<html>Proxy Authentication Required</html>"),
    "proxy that speaks JSON": (403, b'{"error": "blocked by policy"}'),
    "proxy that lists errors": (403, b'{"errors": [{"status": "403", "title": "Blocked"}]}'),
    "redirect": (302, b"<html>Moved</html>"),
    "redirect with a body like Cloudflare's": (307, ENVELOPE),
    "half an answer": (200, b'{"success": tr'),
    "nothing": (200, b""),
    "no text": (200, b"\xff\xfe"),
    "list": (200, b"[]"),
    "word": (200, b'"success"'),
    "deep": (200, b"[" * 100_000),
}
"""What a proxy or a portal may say in place of Cloudflare."""


def dated(ahead: timedelta) -> str:
    """Return a Date that far ahead of the usual one."""
    return format_datetime(parse_date(DATE) + ahead, usegmt=True)


def get(scene: Scene) -> Reply:
    """The answer to a REST request."""
    return asyncio.run(scene.client.get("/accounts", {}, {}, "Listing the accounts", "Account Settings Read"))


def query(scene: Scene) -> Reply:
    """The answer to a GraphQL request."""
    return asyncio.run(scene.client.query("query { viewer }", {"account": "a"}, "Analytics", "a"))


@pytest.mark.parametrize(("status", "content"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("ahead", [timedelta(hours=72), timedelta(hours=-72)])
def test_what_is_not_cloudflares_sets_no_time(scene: Scene, status: int, content: bytes, ahead: timedelta) -> None:
    """Though it came twice: the third answer is Cloudflare's own, and only its Date counts."""
    foreign = httpx.Response(status, content=content, headers={"Date": dated(ahead)})
    scene.router.get(ACCOUNTS_URL).mock(side_effect=[foreign, foreign, listed(["there"])])
    assert get(scene).body["result"] == ["there"]
    now = scene.time.now()
    assert now is not None
    assert abs(now - scene.clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(("status", "content"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("api", ["rest", "graphql"])
def test_what_is_not_cloudflares_is_no_answer(scene: Scene, api: str, status: int, content: bytes) -> None:
    """Nothing is concluded about token or permissions; the error says what came, and what to look at."""
    route = scene.router.route().respond(status, content=content, headers={"Date": DATE})
    with pytest.raises(CloudflareError) as caught:
        get(scene) if api == "rest" else query(scene)
    assert type(caught.value) is Unreachable
    assert f"HTTP {status}" in caught.value.detail
    assert status >= 500 or caught.value.remedy == NETWORK_ADVICE
    assert route.call_count == 4
    assert scene.time.now() is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"Date": ""}, {"Date": "yesterday"}, {"Date": "Fri, 31 Dec 9999 23:59:59 -0100"}],
)
def test_an_answer_without_a_date_is_asked_again(scene: Scene, headers: dict[str, str]) -> None:
    """Usage cannot be placed in time without Cloudflare's clock, so such an answer is none."""
    undated = httpx.Response(200, content=ENVELOPE, headers=headers)
    scene.router.get(ACCOUNTS_URL).mock(side_effect=[undated, listed(["here"]), *[undated] * 4])
    assert get(scene).body["result"] == ["here"]
    with pytest.raises(Unreachable, match="HTTP 200 without a valid Date"):
        get(scene)


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(days=3), timedelta(days=-3)])
def test_one_answer_of_another_time_is_asked_again_at_once(scene: Scene, ahead: timedelta) -> None:
    """That of a server whose clock is wrong, or one that a proxy kept: neither its time nor its content is taken."""
    scene.router.get(ACCOUNTS_URL).mock(side_effect=[listed(["first"]), listed(["kept"]), listed(["fresh"])])
    odd = answer({"data": {"viewer": "kept"}}, Date=dated(ahead))
    scene.router.post(GRAPHQL_URL).mock(side_effect=[odd, answer({"data": {"viewer": "fresh"}})])
    get(scene)
    assert query(scene).body["data"]["viewer"] == "fresh"
    assert scene.clock.slept == [0.0]
    assert scene.time.now() == parse_date(DATE)


def test_an_answer_that_no_other_confirms_says_so(scene: Scene) -> None:
    """With each of four answers from another time, none is taken."""
    odd = [listed(["odd"]) for _ in range(4)]
    for response, days in zip(odd, range(1, 5), strict=True):
        response.headers["Date"] = dated(timedelta(days=days))
    scene.router.get(ACCOUNTS_URL).mock(side_effect=odd)
    with pytest.raises(Unreachable) as caught:
        get(scene)
    assert caught.value.detail == (
        "Listing the accounts: Cloudflare answered HTTP 200, dated 2025-10-24 10:00:05: 4 days, 0:00:05 ahead of its "
        "time, which no other confirms."
    )
    assert scene.time.now() is None


def test_two_answers_of_another_time_are_believed(scene: Scene) -> None:
    """It is this machine that slept, or whose clock is wrong."""
    late = dated(timedelta(hours=9))
    scene.router.get(ACCOUNTS_URL).respond(content=ENVELOPE, headers={"Date": late})
    assert get(scene).date == parse_date(late)
    assert len(scene.router.calls) == 2


def test_refusals_of_cloudflare_tell_its_time(scene: Scene) -> None:
    """An error of its own is its own answer, also one about too many requests."""
    scene.router.get(ACCOUNTS_URL).mock(return_value=refused(429, 10, "slow down"))
    with pytest.raises(CloudflareError):
        get(scene)
    assert scene.time.now() is not None
