"""The REST API: tokens, accounts, zones, lists of assets, their resources, billing; envelopes and paging."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from exporter.simulator.billing import Billing, is_billing
from exporter.simulator.dataset import Listing, PageSize, Resource, timestamp
from exporter.simulator.http import HttpRequest, HttpResponse, Refusal, error_response, exact_response, json_response
from exporter.simulator.products import LISTINGS, RESOURCES
from exporter.simulator.state import State
from exporter.simulator.world import AccountModel, Asset, Bucket, TokenModel, Zone

_ACCOUNT_PATH = re.compile(r"/accounts/([^/]+)(/.*)?")
_ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")
_JURISDICTIONS = frozenset({"default", "eu", "us", "fedramp", "fedramp-high"})
_ACCOUNT_PAGES = PageSize(5, 50, 20)
_ZONES = "/zones"
_ZONE_PAGES = PageSize(5, 50, 20)
_PLAN_NAMES = {"free": "Free Website", "pro": "Pro Website", "business": "Business Website", "enterprise": "Enterprise"}


def account_of(path: str, query: Mapping[str, str]) -> str | None:
    """Return the account id in a path below /client/v4, or in the query of the list of zones."""
    if path == _ZONES:
        return query.get("account.id")
    match = _ACCOUNT_PATH.fullmatch(path)
    return match.group(1) if match else None


def product_of(path: str) -> str | None:
    """Return the product whose list or resource a path below /client/v4 is."""
    if path == _ZONES:
        return "zones"
    match = _ACCOUNT_PATH.fullmatch(path)
    rest = match.group(2) if match else None
    if rest is None:
        return None
    lists = (listing.product for listing in LISTINGS if listing.parent_in(rest) is not None)
    return next(lists, next((one.product for one in RESOURCES if one.asset_in(rest) is not None), None))


class RestApi:
    """Answers GET requests below /client/v4."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._bills = Billing()

    def answer(self, request: HttpRequest, path: str, token: TokenModel, now: datetime, *, short: bool) -> HttpResponse:
        """Return the answer to a token holder's request; with ``short`` lists lack their second half."""
        try:
            return self._answer(request, path, token, now, short)
        except Refusal as refusal:
            return error_response(refusal.status, refusal.code, refusal.message)

    def _answer(self, request: HttpRequest, path: str, token: TokenModel, now: datetime, short: bool) -> HttpResponse:
        if request.method != "GET":
            raise Refusal(405, 10405, "Method not allowed")
        if path == "/user/tokens/verify":
            return _verified(token, None)
        if path == "/accounts":
            return self._accounts(request, token, short)
        if path == _ZONES:
            return self._zones(request, token, now, short=short)
        match = _ACCOUNT_PATH.fullmatch(path)
        if match is None or not _ACCOUNT_ID.fullmatch(match.group(1)):
            raise Refusal(404, 7003, "No route for the URI")
        account = self._state.accounts.get(match.group(1))
        if account is None or not token.sees(account.id):
            raise Refusal(403, 9109, "Unauthorized to access requested resource")
        if match.group(2) is None:
            return json_response(200, {"success": True, "errors": [], "messages": [], "result": _account(account)})
        return self._below_account(request, match.group(2), account, token, now, short=short)

    def _below_account(
        self, request: HttpRequest, path: str, account: AccountModel, token: TokenModel, now: datetime, *, short: bool
    ) -> HttpResponse:
        if path == "/tokens/verify":
            return _verified(token, account.id)
        if is_billing(account, path):
            return self._billing(request, path, account, token, now, short=short)
        listing = next((listing for listing in LISTINGS if listing.parent_in(path) is not None), None)
        resource = next((one for one in RESOURCES if one.asset_in(path) is not None), None)
        found = listing or resource
        if found is None:
            raise Refusal(404, 7003, "No route for the URI")
        if not token.may(found.permission):
            raise Refusal(403, 10000, "Authentication error")
        if listing is not None:
            return self._listed(request, listing, account, now, parent=listing.parent_in(path) or "", short=short)
        assert resource is not None
        return _envelope(_result(resource, path, account, now), None)

    def _accounts(self, request: HttpRequest, token: TokenModel, short: bool) -> HttpResponse:
        if not token.may("accounts"):
            raise Refusal(403, 10000, "Authentication error")
        accounts = [_account(account) for account in self._state.accounts.values() if token.sees(account.id)]
        if short:
            accounts = accounts[: len(accounts) // 2]
        return _page(request, accounts, _ACCOUNT_PAGES)

    def _zones(self, request: HttpRequest, token: TokenModel, now: datetime, *, short: bool) -> HttpResponse:
        """Return the zones that the query's filters leave; those of an account that the token cannot see are none."""
        if not token.may("zones"):
            raise Refusal(403, 10000, "Authentication error")
        wanted, query = request.query.get("account.id"), request.query
        zones = [
            _zone(account, asset, now)
            for account in self._state.accounts.values()
            if token.sees(account.id) and wanted in (None, account.id)
            for asset in account.assets
            if isinstance(asset, Zone) and asset.exists_at(now)
            if query.get("status") in (None, asset.status) and query.get("name") in (None, asset.name_at(now))
        ]
        return _page(request, zones[: len(zones) // 2] if short else zones, _ZONE_PAGES)

    def _billing(
        self, request: HttpRequest, path: str, account: AccountModel, token: TokenModel, now: datetime, *, short: bool
    ) -> HttpResponse:
        if not token.may("billing"):
            raise Refusal(403, 10000, "Authentication error")
        result = self._bills.result(path, account, self._state.usage(account.id), request.query, now)
        if short and isinstance(result, list):
            result = result[: len(result) // 2]
        return exact_response(200, {"success": True, "errors": [], "messages": [], "result": result})

    def _listed(
        self,
        request: HttpRequest,
        listing: Listing,
        account: AccountModel,
        now: datetime,
        *,
        parent: str,
        short: bool,
    ) -> HttpResponse:
        if listing.product == "r2" and not account.r2_enabled:
            raise Refusal(403, 10042, "Please enable R2 through the Cloudflare Dashboard.")
        assets = [
            asset
            for asset in account.assets
            if asset.kind == listing.kind and asset.exists_at(now) and listing.shown(asset)
            if listing.parent is None or listing.parent(asset) == parent
        ]
        if listing.kind == "bucket":
            assets = _of_jurisdiction(request, account, assets)
        entries = [listing.entry(asset, now) for asset in assets]
        if short:
            entries = entries[: len(entries) // 2]
        if listing.page_size is None:
            return _envelope(entries, None)
        if listing.cursor:
            return _after_cursor(request, entries, listing.page_size, listing.nested or "items")
        return _page(request, entries, listing.page_size)


def _result(resource: Resource, path: str, account: AccountModel, now: datetime) -> dict[str, Any]:
    if not resource.kind:
        return resource.result(account, now)
    wanted = resource.asset_in(path)
    for asset in account.assets:
        if (asset.kind, asset.id) == (resource.kind, wanted) and asset.exists_at(now):
            return resource.result(asset, now)
    raise Refusal(404, resource.absent_code, "Not found")


def _verified(token: TokenModel, account_id: str | None) -> HttpResponse:
    if token.owner != account_id:
        raise Refusal(401, 1000, "Invalid API Token")
    messages = [{"code": 10000, "message": "This API Token is valid and active", "type": None}]
    result = {"id": "ed17574386854bf78a67040be0a770b0", "status": token.status}
    return json_response(200, {"result": result, "success": True, "errors": [], "messages": messages})


def _account(account: AccountModel) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "type": "standard",
        "created_on": timestamp(account.created),
        "settings": {"enforce_twofactor": False},
    }


def _zone(account: AccountModel, zone: Zone, now: datetime) -> dict[str, Any]:
    plan = {"name": _PLAN_NAMES[zone.plan], "legacy_id": zone.plan, "currency": "USD"}
    return {
        "id": zone.id,
        "name": zone.name_at(now),
        "status": zone.status,
        "paused": False,
        "type": "full",
        "account": {"id": account.id, "name": account.name},
        "plan": plan,
        "created_on": timestamp(zone.created),
        "modified_on": timestamp(zone.created),
        "activated_on": timestamp(zone.created),
        "development_mode": 0,
    }


def _of_jurisdiction(request: HttpRequest, account: AccountModel, assets: Sequence[Asset]) -> list[Asset]:
    wanted = request.headers.get("cf-r2-jurisdiction", "default")
    if wanted not in _JURISDICTIONS:
        raise Refusal(400, 10001, "Invalid jurisdiction")
    if wanted in account.forbidden_jurisdictions:
        raise Refusal(403, 9109, "Unauthorized to access requested resource")
    chosen = [asset for asset in assets if isinstance(asset, Bucket) and asset.jurisdiction == wanted]
    return sorted(chosen, key=lambda bucket: bucket.name)


def _envelope(result: Any, info: dict[str, Any] | None) -> HttpResponse:
    document = {"success": True, "errors": [], "messages": [], "result": result}
    return json_response(200, document if info is None else {**document, "result_info": info})


def _number(request: HttpRequest, name: str, size: PageSize) -> int:
    given = request.query.get(name, str(size.usual))
    if not given.isdigit() or not size.least <= int(given) <= size.most:
        raise Refusal(400, 7400, f"Invalid {name}: must be between {size.least} and {size.most}")
    return int(given)


def _page(request: HttpRequest, entries: Sequence[dict[str, Any]], size: PageSize) -> HttpResponse:
    per_page = _number(request, "per_page", size)
    page = _number(request, "page", PageSize(1, 1 << 31, 1))
    shown = entries[(page - 1) * per_page : page * per_page]
    info = {"page": page, "per_page": per_page, "count": len(shown), "total_count": len(entries)}
    return _envelope(shown, info)


def _after_cursor(request: HttpRequest, entries: Sequence[dict[str, Any]], size: PageSize, nested: str) -> HttpResponse:
    per_page = _number(request, "per_page", size)
    try:
        after = urlsafe_b64decode(request.query.get("cursor", "")).decode()
    except ValueError as error:
        raise Refusal(400, 7400, "Invalid cursor") from error
    rest = [entry for entry in entries if entry["name"] > after]
    shown = rest[:per_page]
    cursor = urlsafe_b64encode(shown[-1]["name"].encode()).decode() if len(rest) > per_page else ""
    return _envelope({nested: shown}, {"cursor": cursor, "per_page": str(per_page)})
