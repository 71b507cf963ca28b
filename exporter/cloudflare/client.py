"""The HTTP client: authentication, timeouts, retries that honour Retry-After, and silence while throttled."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from exporter import __version__
from exporter.clock import Clock
from exporter.cloudflare.bodies import (
    decode_body,
    describe_shape,
    find_cost,
    is_envelope,
    is_of_cloudflare,
    refuses_limit_type,
    says_too_large,
)
from exporter.cloudflare.budget import SHARED, RequestBudget
from exporter.cloudflare.errors import (
    ANALYTICS_PERMISSION,
    BUDGET_HOLD_SECONDS,
    SAID,
    CloudflareError,
    Throttled,
    TooLarge,
    Unreachable,
    rest_error,
)
from exporter.cloudflare.json_text import LEVELS
from exporter.cloudflare.time import CloudflareTime, parse_date
from exporter.logs import keys

log = logging.getLogger(__name__)

ATTEMPTS = 4
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LONGEST_WAIT_SECONDS = 10.0
"""A Retry-After up to this is waited out at once; a longer one silences the client instead."""

LONGEST_RETRY_SECONDS = 86_400.0
"""A Retry-After above this is not meant: Cloudflare blocks for minutes."""

LARGE_BYTES = 100_000
"""A larger body is decoded in a thread, so that scrapes are served meanwhile."""

NETWORK_ADVICE = "Check the network, the proxy and the API URL."

Variable = str | Sequence[str] | Sequence[int]
Variables = Mapping[str, Variable]
"""The values of a GraphQL document's variables."""

ACCOUNT_BASED = {"X-Rate-Limit-Type": "account-based"}
"""Opts in to limits per account: https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/"""


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
    """A fault that a retry may cure, after ``wait`` seconds if Cloudflare requested a delay, or ``at_once``."""

    def __init__(self, error: CloudflareError, wait: float = 0.0, *, at_once: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.at_once = at_once


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
        self._silent_until: dict[tuple[str, str], float] = {}
        self._backoff = wait_random_exponential(multiplier=1, max=8)

    def __repr__(self) -> str:
        return f"Client({self._api_url})"

    @property
    def clock(self) -> Clock:
        """Return the clock by which it waits."""
        return self._clock

    def use(self, token: str) -> None:
        """Use another token from now on."""
        self._headers = self._headers | {"Authorization": f"Bearer {token}"}

    async def get(
        self,
        path: str,
        params: Mapping[str, str | int],
        headers: Mapping[str, str],
        what: str,
        permission: str,
        *,
        attempts: int = ATTEMPTS,
    ) -> Reply:
        """Return a successful REST response; errors mention ``what`` and ``permission``."""
        request = self._http.build_request(
            "GET", self._api_url + path, params=dict(params), headers=self._headers | dict(headers), timeout=TIMEOUT
        )
        reply = await self._send("rest", request, what, attempts=attempts)
        if not httpx.codes.is_success(reply.status) or not reply.body["success"]:
            error = rest_error(reply.status, reply.body, what, permission)
            self._request_counts.add("rest", error.outcome)
            raise error
        self._request_counts.add("rest", "success")
        return reply

    async def query(self, text: str, variables: Variables, what: str, account_id: str) -> Reply:
        """Return a GraphQL response, which may hold ``errors`` beside ``data``, or be HTTP 4xx with ``errors`` only.

        It is about one account, whose pool of requests it uses if there is one. Raises CloudflareError where Cloudflare
        did not get as far as GraphQL.
        """
        pool = self._budget.pool(account_id)
        request = self._http.build_request(
            "POST",
            self._api_url + "/graphql",
            json={"query": text, "variables": dict(variables)},
            headers=self._headers | (ACCOUNT_BASED if pool else {}),
            timeout=TIMEOUT,
        )
        reply = await self._send("graphql", request, what, pool)
        if is_envelope(reply.body):
            # Cloudflare's gateway refuses a token before GraphQL sees it, with the REST API's envelope.
            error = rest_error(reply.status, reply.body, what, ANALYTICS_PERMISSION)
            self._request_counts.add("graphql", error.outcome)
            raise error
        if pool and refuses_limit_type(reply.body):
            self._limit_by_user("it refuses the header that asks for it")
            return await self.query(text, variables, what, account_id)
        self._request_counts.add("graphql", "errors" if reply.body.get("errors") else "success")
        self._budget.observe_cost("graphql", *find_cost(reply.body), pool)
        return reply

    def silence_account(self, account_id: str, seconds: float, detail: str) -> None:
        """Send no GraphQL request about an account for ``seconds``, since Cloudflare said ``detail``.

        Unless the account itself is limited, none is sent about any: then Cloudflare limits the user.
        """
        self._silence("graphql", seconds, self._limited(self._budget.pool(account_id), detail.rpartition(SAID)[2]))

    def _limited(self, pool: str, said: str) -> str:
        """Return the pool that is exceeded, by what Cloudflare said: it names the account if that is limited."""
        if pool and pool not in said:
            self._limit_by_user("it limits the requests of the user all the same")
            return SHARED
        return pool

    def _limit_by_user(self, reason: str) -> None:
        if self._budget.is_by_account:
            log.warning("Cloudflare does not limit requests by account (cloudflare.rate_limit): %s", reason)
        self._budget.limit_by_account(False)

    def _silence(self, api: str, seconds: float, pool: str) -> None:
        until = self._clock.monotonic() + seconds
        self._silent_until[api, pool] = max(until, self._silent_until.get((api, pool), until))

    async def _send(
        self, api: str, request: httpx.Request, what: str, pool: str = SHARED, attempts: int = ATTEMPTS
    ) -> Reply:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_Passing),
            sleep=self._clock.sleep,
            before_sleep=lambda state: log.debug(
                "retrying %s", what, extra=keys(api=api, attempt=state.attempt_number)
            ),
            reraise=True,
        )
        try:
            return await retrying(self._attempt, api, request, what, pool)
        except _Passing as passing:
            raise passing.error from None

    def _wait(self, state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        if isinstance(fault, _Passing) and fault.at_once:
            return 0.0
        asked = fault.wait if isinstance(fault, _Passing) else 0.0
        return max(asked, self._backoff(state))

    async def _attempt(self, api: str, request: httpx.Request, what: str, pool: str) -> Reply:
        silence = max(self._silent_until.get((api, each), 0.0) for each in (pool, SHARED)) - self._clock.monotonic()
        if silence > 0:
            raise Throttled(
                f"{what}: not sent, because Cloudflare is throttling; paused for {silence:.0f} s more.", silence
            )
        self._budget.spend(api, what, pool)
        log.debug("asking: %s", what, extra=keys(api=api))
        try:
            response, chunks, arrived = await self._receive(request)
        except httpx.HTTPError as error:
            self._request_counts.add(api, Unreachable.outcome)
            reason = str(error) or type(error).__name__
            fault = Unreachable(f"{what}: no answer from {self._api_url} ({reason}).", NETWORK_ADVICE)
            raise _Passing(fault) from error
        if pool and self._budget.is_counted_by_user(response.headers, pool):
            self._limit_by_user("its own count includes other accounts")
        self._budget.observe(api, response.headers, self._budget.pool(pool) if pool else pool)
        is_large = sum(map(len, chunks)) > LARGE_BYTES
        levels = LEVELS[api] if is_large else 0
        body = await asyncio.to_thread(decode_body, chunks, levels) if is_large else decode_body(chunks, levels)
        status, date = response.status_code, self._find_date(response)
        is_own = is_of_cloudflare(api, status, body)
        is_believed = is_own and date is not None and self._time.observe(date, arrived)
        if status == 429:
            raise self._refused_load(api, response, body, what, pool)
        if not is_own or status >= 500 or date is None or not is_believed:
            self._request_counts.add(api, Unreachable.outcome)
            raise self._unusable(status, body, date, arrived, what, is_own=is_own)
        return Reply(status, body, date)

    async def _receive(self, request: httpx.Request) -> tuple[httpx.Response, list[bytes], float]:
        """Return a response, its body, which the response itself does not keep, and when it began to arrive.

        Raises httpx.HTTPError.
        """
        response = await self._http.send(request, stream=True)
        arrived = self._clock.monotonic()
        try:
            return response, [chunk async for chunk in response.aiter_bytes()], arrived
        finally:
            await response.aclose()

    def _find_date(self, response: httpx.Response) -> datetime | None:
        try:
            return parse_date(response.headers["Date"])
        except (KeyError, ValueError):
            return None

    def _unusable(
        self, status: int, body: Any, date: datetime | None, arrived: float, what: str, *, is_own: bool
    ) -> _Passing:
        """Return the fault of an answer that is not Cloudflare's, is a server error, or has no date to believe."""
        answered = f"{what}: Cloudflare answered HTTP {status}"
        if status >= 500:
            return _Passing(Unreachable(f"{answered}{'' if is_own else describe_shape(body)}."))
        if not is_own:
            text = f"{what}: HTTP {status}{describe_shape(body)} came in place of Cloudflare's answer."
            return _Passing(Unreachable(text, NETWORK_ADVICE))
        if date is None:
            return _Passing(Unreachable(f"{answered} without a valid Date.", NETWORK_ADVICE))
        lead = self._time.lead(date, arrived)
        direction = "ahead of" if lead > timedelta(0) else "behind"
        text = f"{answered}, dated {date:%Y-%m-%d %H:%M:%S}: {abs(lead)} {direction} its time, which no other confirms."
        return _Passing(Unreachable(text, NETWORK_ADVICE), at_once=True)

    def _refused_load(self, api: str, response: httpx.Response, body: Any, what: str, pool: str) -> Exception:
        """Return the fault of an answer 429: too many requests, or one that is too large."""
        if not says_too_large(body):
            return self._throttled(api, response, what, self._limited(pool, str(body)))
        self._request_counts.add(api, TooLarge.outcome)
        return TooLarge(f"{what}: Cloudflare refused the document as too large.")

    def _throttled(self, api: str, response: httpx.Response, what: str, pool: str) -> Exception:
        self._request_counts.add(api, Throttled.outcome)
        seconds = _retry_after(response.headers)
        fault = Throttled(f"{what}: Cloudflare is throttling this user; paused for {seconds:.0f} s.", seconds)
        if seconds <= LONGEST_WAIT_SECONDS:
            return _Passing(fault, seconds)
        self._silence(api, seconds, pool)
        return fault


def _retry_after(headers: httpx.Headers) -> float:
    """Return the seconds that Cloudflare asks to wait; the documented pause if it gives none that can be meant."""
    try:
        seconds = float(headers["Retry-After"])
    except (KeyError, ValueError):
        return BUDGET_HOLD_SECONDS
    return seconds if 0 <= seconds <= LONGEST_RETRY_SECONDS else BUDGET_HOLD_SECONDS
