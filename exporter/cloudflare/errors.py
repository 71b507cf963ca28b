"""What can go wrong when asking Cloudflare, and how its answers are read for it.

Codes and messages: https://developers.cloudflare.com/analytics/graphql-api/errors/ and the API's error envelope.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from exporter.model import ExporterError

BUDGET_HOLD_SECONDS = 300.0
"""Exceeding a rate limit blocks all API calls of the user for five minutes."""


class CloudflareError(ExporterError):
    """Cloudflare did not give what was asked. ``outcome`` is its word in metrics, ``advice`` its usual remedy.

    It ``is_final`` if asking the same again soon will not help.
    """

    outcome: ClassVar[str] = "failed"
    is_final: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail, remedy or self.advice)


class Unreachable(CloudflareError):
    """No usable answer: no connection, a server error, not JSON. Asking again may help."""

    outcome = "unreachable"
    advice = "Wait, it is asked again by itself; if it lasts, look at Cloudflare's status page."


class Throttled(CloudflareError):
    """A rate limit or budget is exceeded; ``retry_after`` says for how many seconds to be silent."""

    outcome = "throttled"
    advice = "Wait; if it comes back, let other tools of this Cloudflare user ask less, or lower budget_share."

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class OverBudget(Throttled):
    """The exporter itself did not send a request, to keep to its budget."""

    outcome = "withheld"
    advice = "Wait; if it lasts, let other tools of this Cloudflare user ask less, or raise poll.refresh."


class TokenRejected(CloudflareError):
    """The token itself is wrong, expired or revoked."""

    outcome = "unauthorized"
    advice = "Check that the token is right, active and not expired, and give the exporter a valid one."


class Forbidden(CloudflareError):
    """The token or the plan does not include this."""

    outcome = "forbidden"
    is_final = True


class NoRoute(Forbidden):
    """There is no such path, or no such account."""


class NotEnabled(CloudflareError):
    """The account does not use the product."""

    outcome = "not_enabled"


class Rejected(CloudflareError):
    """Cloudflare rejects what was asked as it stands; asking the same again will not help."""

    outcome = "refused"
    is_final = True
    advice = "Update the exporter; if its newest version is refused too, report that."


class TooLarge(Rejected):
    """A document asks for too much at once; halves of it may not."""


class PageFull(CloudflareError):
    """The rows do not fit into a page however the question is split."""

    outcome = "page_full"
    advice = "Report it; the counters of this dataset stand still until then."


ANALYTICS_ADVICE = "Give the token the permission 'Account Analytics Read'; if it has that, the plan lacks this."
NOT_ENABLED_CODES = frozenset({10042})
NO_ROUTE_CODES = frozenset({7000, 7003})
BAD_TOKEN_CODES = frozenset({1000, 9106})
TOO_LARGE_WORDS = ("in combination, your request queries too many", "query consumed excessive resources")
PASSING_WORDS = ("internal server error", "unable to execute", "too many queries in progress")
NO_PERMISSION_CODES = frozenset({9109, 10000})


def rest_error(status: int, body: Any, what: str, permission: str) -> CloudflareError:
    """Return the error of a REST answer that is not a success."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    errors = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    codes = {error.get("code") for error in errors}
    said = "; ".join(f"{error.get('message')} (code {error.get('code')})" for error in errors) or "no reason given"
    answer = f"{what}: Cloudflare answered HTTP {status}, {said}."
    if codes & BAD_TOKEN_CODES or (status == 401 and not codes & NO_PERMISSION_CODES):
        return TokenRejected(answer)
    if codes & NOT_ENABLED_CODES:
        return NotEnabled(answer)
    if codes & NO_ROUTE_CODES:
        return NoRoute(answer, "Check the account id.")
    if status in {401, 403} or codes & NO_PERMISSION_CODES:
        return Forbidden(answer, f"Give the token the permission '{permission}'.")
    if status == 404:
        return NotEnabled(answer)
    return Rejected(answer)


def graphql_error(errors: Sequence[Mapping[str, Any]], what: str) -> CloudflareError:
    """Return the error that GraphQL errors of one path amount to; by code where there is one, else by message."""
    messages = [str(error.get("message", "")) for error in errors]
    codes = {_code(error) for error in errors}
    answer = f"{what}: Cloudflare answered: {'; '.join(messages)}."
    lowered = " ".join(messages).lower()
    if "budget" in codes or "rate limiter budget depleted" in lowered:
        return Throttled(f"{answer} The exporter is silent for five minutes.", BUDGET_HOLD_SECONDS)
    if "unauthorized" in lowered or "authentication" in lowered:
        return TokenRejected(answer)
    if "authz" in codes or any(words in lowered for words in ("not authorized", "does not have")):
        return Forbidden(answer, ANALYTICS_ADVICE)
    if any(words in lowered for words in PASSING_WORDS):
        return Unreachable(answer)
    return TooLarge(answer) if is_too_large(lowered) else Rejected(answer)


def is_too_large(message: str) -> bool:
    """Return whether a message says that the document, not the rate, is too large."""
    return any(words in message.lower() for words in TOO_LARGE_WORDS)


def _code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, Mapping) else ""
