"""Everything below /client/v4 as a function from request to answer: authentication, limits, faults, REST, GraphQL."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime

from exporter.simulator.clock import Clock
from exporter.simulator.documents import Documents, Refused
from exporter.simulator.faults import BUDGET_DEPLETED, Fault, Faults, Kind, Target, first
from exporter.simulator.graphql import GraphQLApi, refusal_body
from exporter.simulator.http import HttpRequest, HttpResponse, error_response
from exporter.simulator.limits import Allowance, Budgets
from exporter.simulator.products import DATASETS
from exporter.simulator.requests import Request
from exporter.simulator.rest import RestApi, account_of, product_of
from exporter.simulator.state import State
from exporter.simulator.world import AccountLimits, TokenModel

BASE_PATH = "/client/v4"

LIMIT_TYPE = "x-rate-limit-type"

_HTML = b"<html><head><title>Error</title></head><body><center><h1>Error</h1></center></body></html>"


@dataclass(frozen=True)
class Answer:
    """An answer that is sent after ``delay_seconds``; its response is None if the connection breaks instead."""

    response: HttpResponse | None
    delay_seconds: float = 0


class CloudflareApi:
    """The simulated API. ``requests`` counts the requests by ``rest`` and ``graphql``."""

    def __init__(self, state: State, clock: Clock, faults: Faults, documents: Documents) -> None:
        self._state = state
        self._clock = clock
        self._faults = faults
        self._rest = RestApi(state)
        self._graphql = GraphQLApi(state, documents)
        self._budgets = Budgets()
        self._date: tuple[int, str] = (-1, "")
        self.requests: Counter[str] = Counter()

    def answer(self, request: HttpRequest) -> Answer:
        """Answer a request as Cloudflare would, or as the faults require."""
        now = self._clock.now()
        path = request.path.removeprefix(BASE_PATH).rstrip("/")
        api = "graphql" if path == "/graphql" else "rest"
        self.requests[api] += 1
        secret = request.bearer()
        token = None if secret is None else self._state.token(secret)
        principal = "nobody" if token is None else token.principal
        if api == "graphql":
            parsed = self._read(request, token or _NOBODY, now)
            allowance = self._spend_graphql(request, parsed, principal, now)
            answer = self._answer_graphql(parsed, token, now, allowance)
        else:
            allowance = self._budgets.spend(principal, api, self._state.world.limits.rest, now)
            answer = self._answer_rest(request, path, token, now, allowance)
        if answer.response is None:
            return answer
        headers = {**answer.response.headers, **self._headers(allowance, now)}
        return replace(answer, response=replace(answer.response, headers=headers))

    def _headers(self, allowance: Allowance, now: datetime) -> dict[str, str]:
        second = int(now.timestamp())
        if self._date[0] != second:
            self._date = (second, format_datetime(now.replace(microsecond=0), usegmt=True))
        if allowance.quota is None:
            return {"date": self._date[1]}
        return {
            "date": self._date[1],
            "ratelimit": f'"default";r={allowance.remaining};t={allowance.reset_seconds}',
            "ratelimit-policy": f'"default";q={allowance.quota};w=300',
        }

    def _answer_rest(
        self, request: HttpRequest, path: str, token: TokenModel | None, now: datetime, allowance: Allowance
    ) -> Answer:
        account = account_of(path, request.query)
        accounts = frozenset(() if account is None else (account,))
        target = Target(api="rest", path=path, accounts=accounts, product=product_of(path))
        faults = self._faults.hitting(target, now, self.requests.total())
        whole = _whole_answer(faults)
        if whole is not None:
            return whole
        token = self._state.in_force(token, now, faults)
        refused = _refused_token(request, token)
        if refused is None and allowance.blocked_seconds:
            refused = _throttled(allowance.blocked_seconds)
        if refused is not None or token is None:
            return _delayed(refused, faults)
        short = first(faults, Kind.SHORT_LIST) is not None
        return _delayed(_odd(self._rest.answer(request, path, token, now, short=short), faults), faults)

    def _spend_graphql(
        self, request: HttpRequest, parsed: Request | Refused, principal: str, now: datetime
    ) -> Allowance:
        """Count a document, where that is asked for and offered once for each account and zone that it names."""
        limits = self._state.world.limits
        is_by_account = request.headers.get(LIMIT_TYPE) == "account-based" and not isinstance(parsed, Refused)
        if not is_by_account or isinstance(parsed, Refused) or limits.by_account is not AccountLimits.HEEDED:
            return self._budgets.spend(principal, "graphql", limits.graphql, now)
        owners = [f"Account {key}" for key in parsed.account_ids()] + [f"Zone {key}" for key in parsed.zone_ids()]
        spent = [self._budgets.spend(owner, "graphql", limits.graphql, now) for owner in owners]
        tightest = min(
            zip(spent, owners, strict=True),
            key=lambda each: (not each[0].blocked_seconds, each[0].remaining),
            default=None,
        )
        if tightest is None:
            return self._budgets.spend(principal, "graphql", limits.graphql, now)
        return replace(tightest[0], owner=tightest[1])

    def _answer_graphql(
        self, parsed: Request | Refused, token: TokenModel | None, now: datetime, allowance: Allowance
    ) -> Answer:
        asked = None if isinstance(parsed, Refused) else parsed
        target = Target(
            api="graphql",
            path="/graphql",
            accounts=frozenset(() if asked is None else asked.account_ids()),
            zones=frozenset(() if asked is None else asked.zone_ids()),
            datasets=_products(() if asked is None else (question.selected.name for question in asked.asked())),
            settings=_products(() if asked is None else asked.settings()),
        )
        faults = self._faults.hitting(target, now, self.requests.total())
        whole = _whole_answer(faults)
        if whole is not None:
            return whole
        token = self._state.in_force(token, now, faults)
        try:
            if token is None or token.status != "active":
                raise Refused("Unauthorized", status=401)
            if allowance.blocked_seconds and allowance.owner:
                raise Refused(f"{allowance.owner} has exceeded its rate limit", status=200, code="budget")
            if allowance.blocked_seconds:
                refusal = Refused(BUDGET_DEPLETED, status=429, code="budget")
                return _delayed(_refusal(refusal, now, allowance.blocked_seconds), faults)
            if isinstance(parsed, Refused):
                raise parsed
            parsed.token, parsed.number, parsed.faults = token, self.requests.total(), faults
            parsed.budget = allowance.remaining
            body = self._graphql.answer(parsed)
        except Refused as refusal:
            return _delayed(_refusal(refusal, now), faults)
        status = 403 if body.startswith('{"data": null') else 200
        return _delayed(HttpResponse(status, body.encode()), faults)

    def _read(self, request: HttpRequest, token: TokenModel, now: datetime) -> Request | Refused:
        if request.method != "POST":
            return Refused("query contains error: only POST is supported")
        is_refused = self._state.world.limits.by_account is AccountLimits.REFUSED
        if is_refused and LIMIT_TYPE in request.headers:
            return Refused("unsupported rate limit type")
        try:
            return self._graphql.read(request.json(), token, now)
        except Refused as refusal:
            return refusal
        except (ValueError, AttributeError):
            return Refused("query contains error: the body is not a JSON object")


_NOBODY = TokenModel(token="", accounts=frozenset(), permissions=frozenset())


def _refused_token(request: HttpRequest, token: TokenModel | None) -> HttpResponse | None:
    """Return the refusal of a missing, unknown or expired token."""
    if token is None:
        if request.bearer() is not None and request.path.endswith("/tokens/verify"):
            return error_response(401, 1000, "Invalid API Token")
        return error_response(401, 9106, "Authentication failed")
    is_verified = request.path.endswith("/tokens/verify")
    if token.status == "revoked" and is_verified:
        return error_response(401, 1000, "Invalid API Token")
    if token.status != "active" and not is_verified:
        return error_response(401, 10000, "Authentication error")
    return None


def _products(datasets: Iterable[str]) -> Mapping[str, str]:
    """Return the datasets with their products."""
    return {name: DATASETS[name].product for name in datasets}


def _whole_answer(faults: Sequence[Fault]) -> Answer | None:
    """Return the answer of a fault that replaces Cloudflare's completely, or None."""
    fault = first(faults, Kind.HTTP_STATUS, Kind.THROTTLE, Kind.DISCONNECT)
    if fault is None:
        return None
    if fault.kind is Kind.DISCONNECT:
        return _delayed(None, faults)
    if fault.kind is Kind.THROTTLE:
        return _delayed(_throttled(int(fault.seconds) if fault.retry_after else None), faults)
    if fault.html:
        return _delayed(HttpResponse(fault.status, _HTML, {"content-type": "text/html; charset=UTF-8"}), faults)
    code = {401: 10000, 403: 9109}.get(fault.status, fault.status)
    return _delayed(error_response(fault.status, code, fault.message), faults)


def _throttled(retry_seconds: int | None) -> HttpResponse:
    response = error_response(429, 429, "Rate limited. Please wait and consider throttling your request speed")
    return _to_retry(response, retry_seconds)


def _refusal(refusal: Refused, now: datetime, retry_seconds: int | None = None) -> HttpResponse:
    return _to_retry(HttpResponse(refusal.status, refusal_body(refusal, now).encode()), retry_seconds)


def _to_retry(response: HttpResponse, seconds: int | None) -> HttpResponse:
    """Return the response with its Retry-After time, if there is one."""
    if seconds is None:
        return response
    return replace(response, headers={**response.headers, "retry-after": str(seconds)})


def _odd(response: HttpResponse, faults: Sequence[Fault]) -> HttpResponse:
    """Return a response, with another result if a fault requires that."""
    fault = first(faults, Kind.ODD_RESULT)
    if fault is None or response.status != 200:
        return response
    envelope = {"success": True, "errors": [], "messages": []}
    return replace(response, body=f'{json.dumps(envelope)[:-1]}, "result": {fault.message}}}'.encode())


def _delayed(response: HttpResponse | None, faults: Sequence[Fault]) -> Answer:
    """Return the answer, delayed or truncated as the faults require."""
    slow = first(faults, Kind.SLOW)
    if response is not None and first(faults, Kind.TRUNCATED_BODY) is not None:
        response = replace(response, body=response.body[: len(response.body) // 2])
    return Answer(response, 0 if slow is None else slow.seconds)
