"""The errors of requests to Cloudflare, and how responses are turned into them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from exporter.model import ExporterError

BUDGET_HOLD_SECONDS = 300.0
"""Exceeding a rate limit blocks all API calls of the user for five minutes."""


SAID = "Cloudflare answered: "
"""The words after which a detail repeats what Cloudflare said."""


class CloudflareError(ExporterError):
    """A request to Cloudflare failed. ``outcome`` is its value in metrics, ``advice`` its usual remedy.

    It ``is_final`` if the same request will not succeed soon.
    """

    outcome: ClassVar[str] = "failed"
    is_final: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail, remedy or self.advice)


class Unreachable(CloudflareError):
    """No usable answer: no connection, a server error, not JSON. A retry may succeed."""

    outcome = "unreachable"
    advice = "Wait for the automatic retry; if it persists, check Cloudflare's status page."


class Throttled(CloudflareError):
    """A rate limit or budget is exceeded; no request may be sent for ``retry_after`` seconds."""

    outcome = "throttled"
    advice = "Wait; if it recurs, reduce the requests of this Cloudflare user's other tools, or lower budget_share."

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class OverBudget(Throttled):
    """The exporter withheld a request to stay within its own budget."""

    outcome = "withheld"
    advice = "Wait; if it persists, reduce the requests of this Cloudflare user's other tools, or raise poll.refresh."


class TokenRejected(CloudflareError):
    """The token itself is wrong, expired or revoked."""

    outcome = "unauthorized"
    advice = "Check that the token is correct, active and not expired, or give the exporter a valid one."


class Forbidden(CloudflareError):
    """The token or the plan does not include this."""

    outcome = "forbidden"
    is_final = True


class NoRoute(Forbidden):
    """The path or the account does not exist."""


class NotEnabled(CloudflareError):
    """The account does not use the product."""

    outcome = "not_enabled"


class Rejected(CloudflareError):
    """Cloudflare rejects the request itself; repeating it will not help."""

    outcome = "refused"
    is_final = True
    advice = "Update the exporter; if the newest version is refused too, report it."


class TooLarge(Rejected):
    """A document is too large to be answered at once; its halves may not be."""


class PageFull(CloudflareError):
    """The rows exceed a page however the question is split."""

    outcome = "page_full"
    advice = "Report it; this dataset's counters do not advance until it is fixed."


ANALYTICS_PERMISSION = "Account Analytics Read"
ANALYTICS_ADVICE = (
    f"Grant the token the permission '{ANALYTICS_PERMISSION}'; if it has that, the plan lacks this dataset."
)
ZONE_ADVICE = (
    "Grant the token the permission 'Analytics Read' for all zones; if it has that, the zone's plan lacks this dataset."
)
NOT_ENABLED_CODES = frozenset({10042})
NO_ROUTE_CODES = frozenset({7000, 7003})
BAD_TOKEN_CODES = frozenset({1000, 9106})
NO_PERMISSION_CODES = frozenset({9109, 10000})

LOCATION_ADVICE = (
    "Add this machine's address to the token's Client IP Address Filtering, or give the exporter a token without it."
)
FORMAT_ADVICE = "Give the exporter a whole API token: neither a Global API Key nor a part of a token is one."
TOKEN_WORDS = {
    "from location": LOCATION_ADVICE,
    "authorization header": FORMAT_ADVICE,
    "x-auth-key header": FORMAT_ADVICE,
    "access token": TokenRejected.advice,
    "api token": TokenRejected.advice,
}
"""What Cloudflare says of a token that it refuses for every purpose, whatever the code, with the advice.

9109 is "Invalid access token", "Cannot use the access token from location: …", but also a missing permission; 6003 is
"Invalid request headers", caused by 6111, "Invalid format for Authorization header".
"""

TOO_LARGE_WORDS = (
    "in combination, your request queries too many",
    "query consumed excessive resources",
    "too many zones",
)
PASSING_WORDS = ("internal server error", "unable to execute", "too many queries in progress")
NO_ACCESS_WORDS = ("not authorized", "does not have", "unauthorized to access", "permission")
PART_WORDS = ("access to the", "access to this", "path", "field", "node", "dataset")
DEEPEST_CHAIN = 5
"""How many causes of an error are shown at most."""


def rest_error(status: int, body: Any, what: str, permission: str) -> CloudflareError:
    """Return the error for an unsuccessful REST response."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    errors = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    codes = {error.get("code") for error in errors if isinstance(error.get("code"), int)}
    said = "; ".join(map(say, errors)) or "no reason given"
    answer = f"{what}: Cloudflare answered HTTP {status}, {said}."
    advice = _token_advice(said)
    if advice or codes & BAD_TOKEN_CODES or (status == 401 and not codes & NO_PERMISSION_CODES):
        return TokenRejected(answer, advice)
    if codes & NOT_ENABLED_CODES:
        return NotEnabled(answer)
    if codes & NO_ROUTE_CODES:
        return NoRoute(answer, "Check the account id.")
    if status in {401, 403} or codes & NO_PERMISSION_CODES:
        return Forbidden(answer, f"Grant the token the permission '{permission}'.")
    if status == 404:
        return NotEnabled(answer)
    return Rejected(answer)


def graphql_error(
    errors: Sequence[Mapping[str, Any]], what: str, advice: str = ANALYTICS_ADVICE, status: int = 200
) -> CloudflareError:
    """Return the error for the GraphQL errors of one path; by code if there is one, else by message, else by status.

    ``advice`` is the remedy if it is not allowed.
    """
    codes = {_code(error) for error in errors}
    said = "; ".join(map(say, errors))
    answer, lowered = f"{what}: {SAID}{said}.", said.lower()
    token_advice = _token_advice(said)
    is_forbidden = "authz" in codes or any(words in lowered for words in NO_ACCESS_WORDS)
    if "budget" in codes or "rate limiter budget depleted" in lowered:
        return Throttled(f"{answer} The exporter pauses for five minutes.", BUDGET_HOLD_SECONDS)
    is_of_token = status == 401 or any(words in lowered for words in ("unauthorized", "authentication"))
    if token_advice or (is_of_token and not is_forbidden):
        return TokenRejected(answer, token_advice)
    if is_forbidden:
        return Forbidden(answer, advice)
    if any(words in lowered for words in PASSING_WORDS):
        return Unreachable(answer)
    if is_too_large(lowered):
        return TooLarge(answer)
    return Forbidden(answer, advice) if status == 403 else Rejected(answer)


def say(error: Mapping[str, Any]) -> str:
    """Return Cloudflare's words about an error, with codes, and those about its causes (``error_chain``)."""
    said: list[str] = []
    waiting: list[Any] = [error]
    while waiting and len(said) <= DEEPEST_CHAIN:
        cause = waiting.pop(0)
        if isinstance(cause, Mapping):
            code = cause.get("code")
            said.append(f"{cause.get('message', '')}{'' if code is None else f' (code {code})'}")
            chain = cause.get("error_chain")
            waiting += chain if isinstance(chain, list) else []
    return ": ".join(said)


def speaks_of_part(message: str) -> bool:
    """Return whether a refusal is about something in a document, which the plan lacks, not about the whole account."""
    return any(words in message.lower() for words in PART_WORDS)


def is_too_large(message: str) -> bool:
    """Return whether a message is about the size of the document, not the rate of requests."""
    return any(words in message.lower() for words in TOO_LARGE_WORDS)


def _token_advice(said: str) -> str:
    """Return what to do about a token that is refused for every purpose; empty if that is not what was said."""
    lowered = said.lower()
    if "permission" in lowered:
        return ""
    return next((advice for words, advice in TOKEN_WORDS.items() if words in lowered), "")


def _code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, Mapping) else ""
