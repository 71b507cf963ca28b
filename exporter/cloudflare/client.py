"""The HTTP client: authentication, timeouts, retries that honour Retry-After, and silence while throttled."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from exporter import __version__
from exporter.clock import Clock
from exporter.cloudflare.budget import RequestBudget
from exporter.cloudflare.errors import (
    BUDGET_HOLD_SECONDS,
    CloudflareError,
    Throttled,
    TooLarge,
    Unreachable,
    is_too_large,
    rest_error,
)
from exporter.cloudflare.json_text import LEVELS, decode_json
from exporter.cloudflare.time import CloudflareTime, parse_date
from exporter.logs import keys

log = logging.getLogger(__name__)

ATTEMPTS = 4
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LONGEST_WAIT_SECONDS = 10.0
"""A Retry-After up to this is waited out at once; a longer one silences the client instead."""

LARGE_BYTES = 100_000
"""A larger body is decoded in a thread, so that scrapes are served meanwhile."""

NETWORK_ADVICE = "Check the network, the proxy and the API URL."

Variables = Mapping[str, str | Sequence[str]]
"""The values of a GraphQL document's variables."""

ACCOUNT_BASED = {"X-Rate-Limit-Type": "account-based"}
"""Opts in to limits per account: https://developers.cloudflare.com/analytics/graphql-api/limits/"""


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded response: floats are Decimal; ``date`` is its ``Date`` header."""

    status: int
    body: Any
    date: datetime


class RequestCounts:
    """A counter of requests by API (``graphql``, ``rest``) and outcome."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, api: str, outcome: str) -> None:
        """Count one request."""
        self._counts[api, outcome] += 1

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the counts so far."""
        return dict(self._counts)


class _Passing(Exception):
    """A fault that a retry may cure; ``wait`` is the delay that Cloudflare requested, in seconds."""

    def __init__(self, error: CloudflareError, wait: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class Client:
    """A client of Cloudflare's API with one token. Raises CloudflareError; never shows the token."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        api_url: str,
        token: str,
        *,
        clock: Clock,
        time: CloudflareTime,
        request_counts: RequestCounts,
        budget: RequestBudget,
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": f"cloudflare-exporter/{__version__}"}
        self._clock = clock
        self._time = time
        self._request_counts = request_counts
        self._budget = budget
        self._graphql_headers: dict[str, str] = {}
        self._silent_until: dict[str, float] = {}
        self._backoff = wait_random_exponential(multiplier=1, max=8)

    def __repr__(self) -> str:
        return f"Client({self._api_url})"

    def use(self, token: str) -> None:
        """Use another token from now on."""
        self._headers = self._headers | {"Authorization": f"Bearer {token}"}

    async def get(
        self, path: str, params: Mapping[str, str | int], headers: Mapping[str, str], what: str, permission: str
    ) -> Reply:
        """Return a successful REST response; errors mention ``what`` and ``permission``."""
        request = self._http.build_request(
            "GET", self._api_url + path, params=dict(params), headers=self._headers | dict(headers), timeout=TIMEOUT
        )
        reply = await self._send("rest", request, what)
        body = reply.body
        if not httpx.codes.is_success(reply.status) or not isinstance(body, Mapping) or body.get("success") is not True:
            error = rest_error(reply.status, body, what, permission)
            self._request_counts.add("rest", error.outcome)
            raise error
        self._request_counts.add("rest", "success")
        return reply

    async def query(self, text: str, variables: Variables, what: str) -> Reply:
        """Return a GraphQL response, which may hold ``errors`` beside ``data``, or be HTTP 4xx with ``errors`` only."""
        request = self._http.build_request(
            "POST",
            self._api_url + "/graphql",
            json={"query": text, "variables": dict(variables)},
            headers=self._headers | self._graphql_headers,
            timeout=TIMEOUT,
        )
        reply = await self._send("graphql", request, what)
        if not isinstance(reply.body, Mapping):
            self._request_counts.add("graphql", Unreachable.outcome)
            raise Unreachable(f"{what}: Cloudflare answered HTTP {reply.status} without a GraphQL document.")
        self._request_counts.add("graphql", "errors" if reply.body.get("errors") else "success")
        self._budget.observe_cost("graphql", *_cost(reply.body))
        return reply

    def count_by_account(self, is_wanted: bool) -> None:
        """Have Cloudflare limit GraphQL requests per account, not per user, if one token serves several accounts."""
        self._graphql_headers = dict(ACCOUNT_BASED) if is_wanted else {}

    def silence(self, api: str, seconds: float) -> None:
        """Send nothing to an API for ``seconds``."""
        until = self._clock.monotonic() + seconds
        self._silent_until[api] = max(until, self._silent_until.get(api, until))

    async def _send(self, api: str, request: httpx.Request, what: str) -> Reply:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            retry=retry_if_exception_type(_Passing),
            sleep=self._clock.sleep,
            before_sleep=lambda state: log.debug(
                "retrying %s", what, extra=keys(api=api, attempt=state.attempt_number)
            ),
            reraise=True,
        )
        try:
            return await retrying(self._attempt, api, request, what)
        except _Passing as passing:
            raise passing.error from None

    def _wait(self, state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.wait if isinstance(fault, _Passing) else 0.0
        return max(asked, self._backoff(state))

    async def _attempt(self, api: str, request: httpx.Request, what: str) -> Reply:
        silence = self._silent_until.get(api, 0.0) - self._clock.monotonic()
        if silence > 0:
            raise Throttled(
                f"{what}: not sent, because Cloudflare is throttling; paused for {silence:.0f} s more.", silence
            )
        self._budget.spend(api, what)
        log.debug("asking: %s", what, extra=keys(api=api))
        try:
            response, chunks = await self._receive(request)
        except httpx.HTTPError as error:
            self._request_counts.add(api, Unreachable.outcome)
            reason = str(error) or type(error).__name__
            fault = Unreachable(f"{what}: no answer from {self._api_url} ({reason}).", NETWORK_ADVICE)
            raise _Passing(fault) from error
        self._budget.observe(api, response.headers)
        date = self._observe(response)
        is_large = sum(map(len, chunks)) > LARGE_BYTES
        levels = LEVELS[api] if is_large else 0
        body = await asyncio.to_thread(_decode, chunks, levels) if is_large else _decode(chunks, levels)
        if response.status_code == 429 and not _is_too_large(body):
            raise self._throttled(api, response, what)
        if response.status_code == 429:
            self._request_counts.add(api, TooLarge.outcome)
            raise TooLarge(f"{what}: Cloudflare refused the document as too large.")
        if response.status_code >= 500 or body is None or date is None:
            self._request_counts.add(api, Unreachable.outcome)
            shape = "" if body is not None else " without valid JSON"
            raise _Passing(Unreachable(f"{what}: Cloudflare answered HTTP {response.status_code}{shape}."))
        return Reply(response.status_code, body, date)

    async def _receive(self, request: httpx.Request) -> tuple[httpx.Response, list[bytes]]:
        """Return a response and its body, which the response itself does not keep. Raises httpx.HTTPError."""
        response = await self._http.send(request, stream=True)
        try:
            return response, [chunk async for chunk in response.aiter_bytes()]
        finally:
            await response.aclose()

    def _observe(self, response: httpx.Response) -> datetime | None:
        try:
            date = parse_date(response.headers["Date"])
        except (KeyError, ValueError):
            return None
        self._time.observe(date)
        return date

    def _throttled(self, api: str, response: httpx.Response, what: str) -> Exception:
        self._request_counts.add(api, Throttled.outcome)
        try:
            seconds = float(response.headers.get("Retry-After", BUDGET_HOLD_SECONDS))
        except ValueError:
            seconds = BUDGET_HOLD_SECONDS
        fault = Throttled(f"{what}: Cloudflare is throttling this user; paused for {seconds:.0f} s.", seconds)
        if seconds <= LONGEST_WAIT_SECONDS:
            return _Passing(fault, seconds)
        self.silence(api, seconds)
        return fault


def _decode(chunks: list[bytes], levels: int) -> Any:
    """Return the decoded body, or None if it is not JSON; consumes the chunks, to keep only one copy in memory."""
    try:
        text = b"".join(chunks).decode()
        chunks.clear()
        return decode_json(text, levels)
    except ValueError:
        return None


def _cost(body: Mapping[str, Any]) -> tuple[int, int]:
    """Return the cost and the remaining budget given in an answer, or zeros."""
    data = body.get("data")
    data = data if isinstance(data, Mapping) else {}
    viewer = data.get("viewer")
    cost, left = data.get("cost"), viewer.get("budget") if isinstance(viewer, Mapping) else None
    return (cost, left) if isinstance(cost, int) and isinstance(left, int) else (0, 0)


def _is_too_large(body: Any) -> bool:
    errors = body.get("errors") if isinstance(body, Mapping) else None
    return isinstance(errors, list) and any(is_too_large(str(error)) for error in errors)
