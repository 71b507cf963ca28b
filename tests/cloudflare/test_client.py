"""The HTTP client on scripted answers."""

import asyncio
import logging
import traceback
from decimal import Decimal

import httpx
import pytest

from exporter import __version__
from exporter.cloudflare import CloudflareError, Forbidden, NotEnabled, Rejected, Throttled, TokenRejected
from exporter.cloudflare.client import Reply
from exporter.cloudflare.errors import NoRoute, Unreachable
from exporter.logs import configure_logging
from tests.cloudflare.conftest import API_URL, DATE, TOKEN, Scene, answer, listed, refused

ACCOUNTS_URL = f"{API_URL}/accounts"
GRAPHQL_URL = f"{API_URL}/graphql"


def get(scene: Scene) -> Reply:
    """The answer to a REST request."""
    asked = scene.client.get("/accounts", {"page": 1}, {"x-more": "1"}, "Listing the accounts", "Account Settings Read")
    return asyncio.run(asked)


def query(scene: Scene) -> Reply:
    """The answer to a GraphQL request."""
    return asyncio.run(scene.client.query("query { viewer }", {"account": "a"}, "Analytics", "a"))


def test_requests_carry_the_token_and_the_exporters_name(scene: Scene) -> None:
    """Both APIs get the bearer token, the exporter's version and what was asked for."""
    rest = scene.router.get(ACCOUNTS_URL).respond(json={"success": True}, headers={"Date": DATE})
    graphql = scene.router.post(GRAPHQL_URL).respond(json={"data": {}}, headers={"Date": DATE})
    get(scene)
    query(scene)
    for route in (rest, graphql):
        assert route.calls.last.request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert route.calls.last.request.headers["User-Agent"] == f"cloudflare-exporter/{__version__}"
    assert dict(rest.calls.last.request.url.params) == {"page": "1"}
    assert rest.calls.last.request.headers["x-more"] == "1"
    assert graphql.calls.last.request.content == b'{"query":"query { viewer }","variables":{"account":"a"}}'


def test_numbers_are_exact(scene: Scene) -> None:
    """Integers stay integers and fractions become Decimal, never float."""
    content = b'{"success": true, "result": [9007199254740993, 0.1]}'
    scene.router.get(ACCOUNTS_URL).respond(content=content, headers={"Date": DATE})
    assert get(scene).body["result"] == [9007199254740993, Decimal("0.1")]


@pytest.mark.parametrize(
    ("status", "code", "error", "advice"),
    [
        (401, 9106, TokenRejected, "Check that the token is correct, active and not expired"),
        (400, 9106, TokenRejected, "Check that the token is correct, active and not expired"),
        (401, 1000, TokenRejected, "Check that the token is correct, active and not expired"),
        (401, 4711, TokenRejected, "Check that the token is correct, active and not expired"),
        (401, 10000, Forbidden, "Grant the token the permission 'Account Settings Read'."),
        (403, 10000, Forbidden, "Grant the token the permission 'Account Settings Read'."),
        (403, 9109, Forbidden, "Grant the token the permission 'Account Settings Read'."),
        (403, 4711, Forbidden, "Grant the token the permission 'Account Settings Read'."),
        (404, 7003, NoRoute, "Check the account id."),
        (400, 7000, NoRoute, "Check the account id."),
        (403, 10042, NotEnabled, "said so (code 10042)."),
        (404, 4711, NotEnabled, "said so (code 4711)."),
        (400, 7400, Rejected, "said so (code 7400)."),
        (200, 7400, Rejected, "said so (code 7400)."),
    ],
)
def test_rest_errors_are_told_apart(
    scene: Scene, status: int, code: int, error: type[CloudflareError], advice: str
) -> None:
    """Each documented code and status becomes its kind of error, at once, with what to do."""
    route = scene.router.get(ACCOUNTS_URL).mock(return_value=refused(status, code, "said so"))
    with pytest.raises(CloudflareError) as caught:
        get(scene)
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"Listing the accounts: Cloudflare answered HTTP {status}, said so")
    assert advice in str(caught.value)
    assert route.call_count == 1
    assert scene.request_counts.counts() == {("rest", error.outcome): 1}


def test_a_server_error_is_asked_again(scene: Scene) -> None:
    """After two server errors the third attempt counts; between them lie short, growing waits."""
    answers = [httpx.Response(503, html="<h1>Error</h1>"), answer({"errors": []}, 502), listed(["there"])]
    scene.router.get(ACCOUNTS_URL).mock(side_effect=answers)
    assert get(scene).body["result"] == ["there"]
    assert len(scene.clock.slept) == 2
    assert scene.clock.slept[0] <= 1
    assert scene.clock.slept[1] <= 2
    assert scene.request_counts.counts() == {("rest", "unreachable"): 2, ("rest", "success"): 1}


def test_a_lasting_server_error_is_given_up(scene: Scene) -> None:
    """The fourth attempt is the last, and the error says what Cloudflare answered, apart from what to do."""
    route = scene.router.get(ACCOUNTS_URL).mock(return_value=refused(500, 7, "no"))
    with pytest.raises(Unreachable) as caught:
        get(scene)
    assert caught.value.detail == "Listing the accounts: Cloudflare answered HTTP 500."
    assert caught.value.remedy.startswith("Wait for the automatic retry")
    assert route.call_count == 4
    assert len(scene.clock.slept) == 3


@pytest.mark.parametrize("error", [httpx.ReadTimeout(""), httpx.ConnectTimeout(""), httpx.ConnectError("refused")])
def test_a_broken_connection_is_asked_again(scene: Scene, error: httpx.HTTPError) -> None:
    """No answer is tried four times, then the error names the API and what to check."""
    route = scene.router.get(ACCOUNTS_URL).mock(side_effect=error)
    with pytest.raises(Unreachable) as caught:
        get(scene)
    reason = str(error) or type(error).__name__
    assert str(caught.value) == (
        f"Listing the accounts: no answer from {API_URL} ({reason}). Check the network, the proxy and the API URL."
    )
    assert route.call_count == 4


def test_every_request_has_a_time_limit(scene: Scene) -> None:
    """A connection has ten seconds to come about, and an answer thirty."""
    route = scene.router.get(ACCOUNTS_URL).mock(return_value=listed([]))
    get(scene)
    limits = route.calls.last.request.extensions["timeout"]
    assert limits == {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0}


def test_a_short_retry_after_is_waited_for(scene: Scene) -> None:
    """Seven seconds that Cloudflare asks for are slept by the clock, and then the answer comes."""
    throttled = answer({"success": False, "errors": []}, 429, retry_after="7")
    scene.router.get(ACCOUNTS_URL).mock(side_effect=[throttled, listed(["there"])])
    assert get(scene).body["result"] == ["there"]
    assert scene.clock.slept == [7.0]
    assert scene.request_counts.counts() == {("rest", "throttled"): 1, ("rest", "success"): 1}


def test_a_short_retry_after_that_does_not_help_is_throttling(scene: Scene) -> None:
    """Four times the same short wait ends in an error that says how long to be silent."""
    route = scene.router.get(ACCOUNTS_URL).mock(return_value=answer({"errors": []}, 429, retry_after="9"))
    with pytest.raises(Throttled) as caught:
        get(scene)
    assert caught.value.retry_after == 9.0
    assert scene.clock.slept == [9.0, 9.0, 9.0]
    assert route.call_count == 4


def test_a_long_retry_after_silences_the_client(scene: Scene) -> None:
    """Nothing is sent until the time is over; then the API is asked again."""
    throttled = answer({"success": False, "errors": []}, 429, retry_after="120")
    route = scene.router.get(ACCOUNTS_URL).mock(side_effect=[throttled, listed(["there"])])
    with pytest.raises(Throttled, match="paused for 120 s") as caught:
        get(scene)
    assert caught.value.retry_after == 120.0
    scene.clock.advance(119)
    with pytest.raises(Throttled, match="not sent, because Cloudflare is throttling; paused for 1 s more"):
        get(scene)
    assert route.call_count == 1
    scene.clock.advance(1)
    assert get(scene).body["result"] == ["there"]
    assert scene.clock.slept == []


@pytest.mark.parametrize(
    "headers", [{}, *({"retry_after": text} for text in ("Mon, 20 Oct 2025 10:05:00 GMT", "inf", "nan", "-1", "1e400"))]
)
def test_throttling_without_seconds_lasts_five_minutes(scene: Scene, headers: dict[str, str]) -> None:
    """Where Cloudflare gives no number of seconds, the documented five minutes are waited."""
    scene.router.get(ACCOUNTS_URL).mock(return_value=answer({"success": False, "errors": []}, 429, **headers))
    with pytest.raises(Throttled) as caught:
        get(scene)
    assert caught.value.retry_after == 300.0


def test_silence_is_never_shortened(scene: Scene) -> None:
    """A shorter silence after a longer one changes nothing."""
    route = scene.router.post(GRAPHQL_URL).mock(return_value=answer({"data": {}}))
    scene.client.silence_account("a", 300, "Cloudflare answered: rate limiter budget depleted.")
    scene.client.silence_account("a", 10, "Cloudflare answered: rate limiter budget depleted.")
    scene.clock.advance(299)
    with pytest.raises(Throttled):
        query(scene)
    assert route.call_count == 0


@pytest.mark.parametrize(
    "message",
    [
        "in combination, your request queries too many nodes, zones and accounts",
        "query consumed excessive resources, please reduce the time range",
    ],
)
def test_a_document_that_is_too_large_is_no_throttling(scene: Scene, message: str) -> None:
    """HTTP 429 for one document refuses that document, and the next one is sent."""
    body = {"data": None, "errors": [{"message": message, "path": None}]}
    scene.router.post(GRAPHQL_URL).mock(side_effect=[answer(body, 429), answer({"data": {}, "errors": None})])
    with pytest.raises(Rejected):
        query(scene)
    assert query(scene).status == 200
    assert scene.request_counts.counts() == {("graphql", "refused"): 1, ("graphql", "success"): 1}


def test_graphql_errors_are_given_with_the_answer(scene: Scene) -> None:
    """HTTP 400 with GraphQL errors is an answer, for its errors say what is wrong with which part."""
    body = {"data": None, "errors": [{"message": "unknown field", "path": None}]}
    scene.router.post(GRAPHQL_URL).mock(return_value=answer(body, 400))
    reply = query(scene)
    assert (reply.status, reply.body) == (400, body)
    assert scene.request_counts.counts() == {("graphql", "errors"): 1}


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """Everything is logged to standard error, as with --log.level=debug."""
    configure_logging("debug", "logfmt")
    return capsys


@pytest.mark.parametrize(
    "scripted",
    [httpx.ConnectError("refused"), answer({"errors": []}, 500), refused(403, 10000, "no"), answer([], 429)],
)
def test_the_token_is_never_shown(
    scene: Scene, logged: pytest.CaptureFixture[str], scripted: httpx.Response | Exception
) -> None:
    """Neither reprs, nor an error with its traceback, nor the most talkative log hold the token."""
    scene.router.get(ACCOUNTS_URL).mock(side_effect=[scripted] * 4)
    with pytest.raises(CloudflareError) as caught:
        get(scene)
    logging.getLogger("exporter").error("failed", exc_info=caught.value)
    output = logged.readouterr().err
    assert "failed" in output
    shown = [output, repr(scene.client), repr(caught.value), *traceback.format_exception(caught.value)]
    assert repr(scene.client) == f"Client({API_URL})"
    assert not [text for text in shown if TOKEN in text]
