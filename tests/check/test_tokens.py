"""Tokens: whose they are, until when they hold, what they see, and who may read their files."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.check import Level, Topic
from exporter.simulator import Fault, Kind, TokenModel
from tests.check.scene import ACCOUNT_ID, ALL, OTHER_ID, TOKEN, Scene, account, findings, the, troubles, world
from tests.clock import START

DATE = "Mon, 20 Oct 2025 09:41:07 GMT"


class Verifying(httpx.AsyncBaseTransport):
    """Answers the verification of a user's token itself, and passes everything else on."""

    def __init__(self, transport: httpx.AsyncBaseTransport, result: Any) -> None:
        self._transport = transport
        self._body = {"success": True, "errors": [], "messages": [], "result": result}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/user/tokens/verify"):
            return httpx.Response(200, content=json.dumps(self._body), headers={"Date": DATE})
        return await self._transport.handle_async_request(request)


def verified_with(scene: Scene, **result: Any) -> Scene:
    """The scene with another answer to the verification of its token."""
    scene.transport = Verifying(scene.transport, {"id": "1", **result})
    return scene


def in_days(days: int) -> str:
    """A time as Cloudflare writes it, so many days from now."""
    return f"{START + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def test_a_users_token(tmp_path: Path) -> None:
    """A token of a user is verified as that, and its account is named."""
    finding = the(Scene(tmp_path).check(), Topic.TOKENS, "token 1")
    assert finding.level is Level.OK
    assert finding.message == f"A user's token, active without expiry. It can see 1 account: Example ({ACCOUNT_ID})."


def test_an_accounts_own_token(tmp_path: Path) -> None:
    """A token that an account owns is verified with the account, and the link leads to the account's form."""
    token = TokenModel(token=TOKEN, owner=ACCOUNT_ID, accounts=frozenset({ACCOUNT_ID}))
    report = Scene(tmp_path, world(tokens=(token,))).check()
    finding = the(report, Topic.TOKENS, "token 1")
    assert finding.level is Level.OK
    assert finding.message.startswith(f"Account {ACCOUNT_ID}'s own token, active without expiry.")
    assert report.link.startswith("https://dash.cloudflare.com/?to=/:account/api-tokens&permissionGroupKeys=")
    assert report.exit_code == 0


def test_an_accounts_own_token_that_may_not_list_accounts(tmp_path: Path) -> None:
    """It is verified with the account that is named for it."""
    token = TokenModel(token=TOKEN, owner=ACCOUNT_ID, permissions=ALL - {"accounts"})
    scene = Scene(tmp_path, world(tokens=(token,)), cloudflare={"tokens": [{"token": TOKEN, "accounts": [ACCOUNT_ID]}]})
    report = scene.check()
    assert the(report, Topic.TOKENS, "token 1").message.startswith(f"Account {ACCOUNT_ID}'s own token, active")
    assert troubles(report) == [("warning", "permissions", "Account Settings Read")]
    assert report.exit_code == 0


def test_a_token_that_cloudflare_takes_without_verifying_it(tmp_path: Path) -> None:
    """If neither place verifies a token that lists accounts, that is a warning: nothing is known of its expiry."""
    token = TokenModel(token=TOKEN, owner=OTHER_ID)
    report = Scene(tmp_path, world(tokens=(token,))).check()
    finding = the(report, Topic.TOKENS, "token 1")
    assert finding.level is Level.WARNING
    assert "verifies it neither as a user's token nor as an account's" in finding.message
    assert "look up its expiry in the dashboard" in finding.remedy
    assert findings(report, Topic.DATASETS, Level.OK)
    assert report.exit_code == 0


@pytest.mark.parametrize(("status", "remedy"), [("disabled", "Enable it in the dashboard, or"), ("expired", "Create")])
def test_a_token_that_is_out_of_use(tmp_path: Path, status: str, remedy: str) -> None:
    """A disabled or expired token is one error, and nothing else is asked with it."""
    scene = Scene(tmp_path, world(tokens=(TokenModel(token=TOKEN, status=status),)))
    report = scene.check()
    assert troubles(report) == [("error", "tokens", "token 1")]
    finding = the(report, Topic.TOKENS, "token 1")
    assert finding.message == f"A user's token, {status}: Cloudflare refuses it."
    assert finding.remedy.startswith(remedy)
    assert report.wants_link
    assert report.exit_code == 1
    assert sum(scene.simulator.requests.values()) == 1


def test_a_token_that_cloudflare_does_not_know(tmp_path: Path) -> None:
    """A revoked or mistyped token is one error that says what to do."""
    report = Scene(tmp_path, world(tokens=(TokenModel(token="another"),))).check()
    assert troubles(report) == [("error", "tokens", "token 1")]
    finding = the(report, Topic.TOKENS, "token 1")
    assert "Cloudflare does not know it" in finding.message
    assert finding.remedy == "Check that it was copied completely. Create a new one with the token link."
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("days", "level", "message"),
    [
        (31, Level.OK, "A user's token, active until 2025-11-20."),
        (30, Level.OK, "A user's token, active until 2025-11-19."),
        (29, Level.WARNING, "A user's token, active, but it expires on 2025-11-18, in 29 days."),
        (1, Level.WARNING, "A user's token, active, but it expires on 2025-10-21, in 1 day."),
    ],
)
def test_a_token_that_expires(tmp_path: Path, days: int, level: Level, message: str) -> None:
    """Within thirty days the end of a token is a warning, by Cloudflare's time."""
    scene = verified_with(Scene(tmp_path), status="active", expires_on=in_days(days))
    scene.clock.step_wall(timedelta(days=400))
    report = scene.check()
    finding = the(report, Topic.TOKENS, "token 1")
    assert finding.level is level
    assert finding.message == f"{message} It can see 1 account: Example ({ACCOUNT_ID})."
    assert report.exit_code == 0


def test_a_token_that_is_not_valid_yet(tmp_path: Path) -> None:
    """A token that begins later does not work now."""
    report = verified_with(Scene(tmp_path), status="active", not_before=in_days(2)).check()
    finding = the(report, Topic.TOKENS, "token 1")
    assert (finding.level, finding.message) == (Level.ERROR, "A user's token, valid only from 2025-10-22.")


@pytest.mark.parametrize("result", [None, "active", {"id": "1"}, {"status": None}])
def test_a_verification_that_says_nothing(tmp_path: Path, result: Any) -> None:
    """An answer of another shape is no verification, and is told as such."""
    scene = Scene(tmp_path)
    scene.transport = Verifying(scene.transport, result)
    report = scene.check()
    assert "the response lacks the token's status" in the(report, Topic.TOKENS, "Cloudflare").message
    assert report.exit_code == 1


def test_a_named_account_that_the_token_does_not_list(tmp_path: Path) -> None:
    """A mistyped account id is told with the token, and its account with one error, not with one for each list."""
    tokens = {"tokens": [{"token": TOKEN, "accounts": [ACCOUNT_ID, "c" * 32]}]}
    report = Scene(tmp_path, cloudflare=tokens).check()
    assert troubles(report) == [("warning", "tokens", "token 1"), ("error", "permissions", "every permission")]
    (closed,) = findings(report, Topic.PERMISSIONS, Level.ERROR)
    assert closed.account is not None and closed.account.id == "c" * 32
    assert closed.remedy.startswith("Check the account id. If it is correct, add 'Account Analytics Read', 'Workers ")
    assert len(findings(report, Topic.DATASETS, Level.OK)) == 12


def test_tokens_are_each_checked_and_share_accounts(tmp_path: Path) -> None:
    """Each token has its findings; an account that two tokens see is tried with the first, as it is later asked."""
    models = (
        TokenModel(token="first", accounts=frozenset({ACCOUNT_ID})),
        TokenModel(token="second"),
        TokenModel(token="third", status="expired"),
    )
    scene = Scene(
        tmp_path,
        world(account(), account(OTHER_ID, "Other"), tokens=models),
        cloudflare={"tokens": [{"token": model.token} for model in models]},
    )
    report = scene.check()
    assert [(f.subject, f.level.value) for f in findings(report, Topic.TOKENS)] == [
        ("token 1", "ok"),
        ("token 2", "ok"),
        ("token 3", "error"),
    ]
    tried = {(f.token, f.account.name) for f in findings(report, Topic.DATASETS) if f.account}
    assert tried == {("token 1", "Example"), ("token 2", "Other")}


@pytest.mark.parametrize(("mode", "is_open"), [(0o644, True), (0o604, True), (0o640, False), (0o600, False)])
def test_a_token_file_that_everybody_can_read(tmp_path: Path, mode: int, is_open: bool) -> None:
    """Only a file that is closed to other users is passed over in silence."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    path.chmod(mode)
    report = Scene(tmp_path, cloudflare={"tokens": [{"token_file": str(path)}]}).check()
    said = [finding for finding in findings(report, Topic.TOKENS, Level.WARNING) if "every user" in finding.message]
    assert [finding.remedy for finding in said] == ([f"chmod o-r {path}"] if is_open else [])
    assert report.exit_code == 0


def test_a_token_that_is_throttled(tmp_path: Path) -> None:
    """A user whose limit is used up is told so, and to wait."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.THROTTLE, seconds=300))
    report = scene.check()
    finding = the(report, Topic.TOKENS, "token 1")
    assert finding.level is Level.ERROR
    assert finding.message == "not tried: Cloudflare is throttling this user."
    assert scene.simulator.requests == {"rest": 1}


def test_a_token_that_nothing_is_left_for(tmp_path: Path) -> None:
    """If others have used up the limit, nothing can be said of the token, and that is no success."""
    scene = Scene(tmp_path)
    said = {"Date": DATE, "Ratelimit": '"default";r=10;t=200', "Ratelimit-Policy": '"default";q=1200;w=300'}
    body = {"success": False, "errors": [{"code": 1000, "message": "Invalid API Token"}]}
    scene.transport = httpx.MockTransport(lambda _request: httpx.Response(401, json=body, headers=said))
    tokens = {"tokens": [{"token": "first"}, {"token": "second"}]}
    scene.config = Scene(tmp_path, cloudflare=tokens).config
    report = scene.check()
    assert [(f.subject, f.level, f.message) for f in findings(report, Topic.TOKENS)][1] == (
        "token 2",
        Level.ERROR,
        "not tried: this check has used up its share of Cloudflare's request limits.",
    )
    assert report.exit_code == 1


class Silent(httpx.AsyncBaseTransport):
    """Takes requests and never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


def test_cloudflare_refuses_connections(tmp_path: Path) -> None:
    """If nobody answers, that is one error with its reason; what needs no Cloudflare is checked all the same."""
    scene = Scene(tmp_path, cloudflare={"tokens": [{"token": "first"}, {"token": "second"}]})

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    scene.transport = httpx.MockTransport(refuse)
    report = scene.check()
    assert troubles(report) == [("error", "tokens", "Cloudflare")]
    finding = the(report, Topic.TOKENS, "Cloudflare")
    assert finding.message == (
        "Verifying token 1: no answer from https://cloudflare.test/client/v4 (Connection refused). Nothing else "
        "could be tried."
    )
    assert finding.remedy == "Check the network, the proxy and the API URL."
    assert findings(report, Topic.CONFIGURATION) and findings(report, Topic.STATE_FOLDER)
    assert report.exit_code == 1
    assert not report.wants_link


def test_cloudflare_never_answers(tmp_path: Path) -> None:
    """A connection that hangs ends the check when its patience does."""
    scene = Scene(tmp_path)
    scene.transport = Silent()
    report = scene.check(patience=timedelta(seconds=0.05))
    assert troubles(report) == [("error", "tokens", "Cloudflare")]
    assert "no complete answer from https://cloudflare.test/client/v4 within 0.05 s." in (
        the(report, Topic.TOKENS, "Cloudflare").message
    )


def test_cloudflare_stops_answering(tmp_path: Path) -> None:
    """When account after account stays silent, the rest is not tried."""
    accounts = tuple(account(f"{number:032x}", f"account-{number}") for number in range(1, 31))
    scene = Scene(tmp_path, world(*accounts))
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, path="/accounts/*"))
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, api="graphql"))
    report = scene.check()
    (rest,) = [finding for finding in report.findings if finding.subject == "accounts"]
    assert rest.level is Level.ERROR
    assert rest.message.endswith("accounts not tried because Cloudflare stopped answering.")
    tried = {finding.account for finding in findings(report, Topic.PERMISSIONS) if finding.account}
    assert len(tried) < 10
    assert rest.message.startswith(f"{30 - len(tried)} ")
