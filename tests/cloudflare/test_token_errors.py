"""Errors about the token itself, whatever their code and whichever API gives them."""

import asyncio
from typing import Any

import httpx
import pytest

from exporter.cloudflare import CloudflareError, Forbidden, Rejected, TokenRejected
from exporter.cloudflare.errors import FORMAT_ADVICE, LOCATION_ADVICE, say
from tests.cloudflare.conftest import API_URL, Scene, answer, refused
from tests.cloudflare.table import Table
from tests.cloudflare.test_analytics import D1, KV, R2, ask, connect, kinds


def chained(code: int, message: str, *causes: tuple[int, str]) -> dict[str, Any]:
    """Return an error with what caused it."""
    return {"code": code, "message": message, "error_chain": [{"code": c, "message": text} for c, text in causes]}


def envelope(status: int, error: dict[str, Any]) -> httpx.Response:
    """Return a refusal in the REST API's envelope."""
    return answer({"success": False, "errors": [error], "messages": [], "result": None}, status)


OF_TOKEN = {
    "no token at all": (
        400,
        chained(6003, "Invalid request headers", (6111, "Invalid format for Authorization header")),
        "Invalid request headers (code 6003): Invalid format for Authorization header (code 6111)",
        FORMAT_ADVICE,
    ),
    "a key": (
        400,
        chained(6003, "Invalid request headers", (6103, "Invalid format for X-Auth-Key header")),
        "Invalid format for X-Auth-Key header (code 6103)",
        FORMAT_ADVICE,
    ),
    "another address": (
        403,
        chained(9109, "Cannot use the access token from location: 192.0.2.7"),
        "Cannot use the access token from location: 192.0.2.7 (code 9109)",
        LOCATION_ADVICE,
    ),
    "revoked or expired": (403, chained(9109, "Invalid access token"), "Invalid access token", TokenRejected.advice),
    "unknown": (401, chained(1000, "Invalid API Token"), "Invalid API Token", TokenRejected.advice),
    "another code": (403, chained(4711, "The access token is disabled"), "is disabled", TokenRejected.advice),
    "missing": (400, chained(9106, "Missing headers"), "Missing headers (code 9106)", TokenRejected.advice),
}


@pytest.mark.parametrize(("status", "error", "said", "advice"), OF_TOKEN.values(), ids=OF_TOKEN)
def test_what_is_said_of_the_token_is_told_alike_by_both_apis(
    scene: Scene, status: int, error: dict[str, Any], said: str, advice: str
) -> None:
    """Reason, Cloudflare's own words with their causes, and advice; no GraphQL document is divided over it."""
    scene.router.get(f"{API_URL}/accounts").mock(return_value=envelope(status, error))
    with pytest.raises(CloudflareError) as caught:
        asyncio.run(scene.client.get("/accounts", {}, {}, "Listing the accounts", "Account Settings Read"))
    table = Table()
    table.fail(lambda aliases: envelope(status, error))
    outcomes = ask(connect(scene, table), KV, D1, R2)
    assert kinds(outcomes) == dict.fromkeys((KV, D1, R2), TokenRejected)
    assert len(table.asked) == 1
    for made in (caught.value, *outcomes.values()):
        assert isinstance(made, TokenRejected)
        assert said in made.detail
        assert made.remedy == advice


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (403, chained(9109, "Unauthorized to access requested resource"), Forbidden),
        (403, chained(10000, "Authentication error"), Forbidden),
        (403, chained(4711, "The API token lacks the permission for this"), Forbidden),
        (400, chained(6007, "Malformed JSON in request body"), Rejected),
    ],
)
def test_what_is_said_of_permissions_is_not_about_the_token(
    scene: Scene, status: int, error: dict[str, Any], kind: type[CloudflareError]
) -> None:
    """The rest of what it may read goes on."""
    scene.router.get(f"{API_URL}/accounts").mock(return_value=envelope(status, error))
    with pytest.raises(CloudflareError) as caught:
        asyncio.run(scene.client.get("/accounts", {}, {}, "Listing the accounts", "Account Settings Read"))
    assert type(caught.value) is kind


@pytest.mark.parametrize("chain", [None, "6111", [None], [7], [{}], {"code": 1}])
def test_a_chain_of_another_shape_is_left_out(chain: object) -> None:
    """What Cloudflare says besides is still told."""
    assert say({"code": 6003, "message": "Invalid", "error_chain": chain}).startswith("Invalid (code 6003)")


def test_a_chain_that_does_not_end_is_cut() -> None:
    """An error stays a sentence."""
    error: dict[str, Any] = {"code": 1, "message": "deep"}
    for _ in range(100):
        error = {"code": 1, "message": "deep", "error_chain": [error]}
    assert say(error).count("deep") == 6


def test_errors_of_another_shape_are_no_reason(scene: Scene) -> None:
    """A code that is a list, or an error that is a word, is not looked up."""
    body = {"success": False, "errors": [{"code": [6003], "message": None}, "word", None], "result": None}
    scene.router.get(f"{API_URL}/accounts").mock(side_effect=[answer(body, 400), refused(403, 9109, "")])
    with pytest.raises(Rejected):
        asyncio.run(scene.client.get("/accounts", {}, {}, "Listing the accounts", "Account Settings Read"))
