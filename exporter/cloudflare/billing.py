"""Reads an account's subscriptions and, where Cloudflare offers it, its bill.

``GET /accounts/{id}/subscriptions``, ``…/billable-usage/info`` and ``…/billable-usage``, whose path has changed twice;
all need the permission Billing Read. An account may have none of them, so their absence is not an error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from exporter.billing import BilledDay, BillingFacts, Subscription
from exporter.cloudflare.client import Client
from exporter.cloudflare.errors import Forbidden, NoRoute, NotEnabled, Rejected
from exporter.cloudflare.time import CloudflareTime, moment_or_none
from exporter.model import Account

PERMISSION = "Billing Read"

USAGE_PATHS = ("/billable-usage", "/paygo-usage", "/billing/usage/paygo")
"""Paths of the bill, newest first."""

BEYOND = 10**18
"""No price and no quantity of a bill is as large; one that is counts as absent."""

MOST_PLACES = 30
"""No amount of a bill begins further behind the point: the exact fraction of one that does is endlessly long."""

AVAILABLE, ABSENT, FORBIDDEN = "available", "absent", "forbidden"


class BillingReader:
    """A reader of accounts' billing facts."""

    def __init__(self, client: Client, time: CloudflareTime) -> None:
        self._client = client
        self._time = time

    async def read(self, account: Account, known: BillingFacts) -> BillingFacts:
        """Return the current facts; those that could not be read keep their ``known`` values.

        Raises CloudflareError if the token is rejected or Cloudflare does not answer.
        """
        facts = replace(known, fetched_at=self._time.now())
        facts = await self._read_subscriptions(account, facts)
        return await self._read_bill(account, facts)

    async def _read_subscriptions(self, account: Account, facts: BillingFacts) -> BillingFacts:
        try:
            items = await self._get(account, "/subscriptions", "Listing the subscriptions")
        except (NoRoute, NotEnabled, Rejected):
            return facts
        except Forbidden:
            return replace(facts, is_forbidden=True)
        if items is None:
            items = []
        if not isinstance(items, list):
            return facts
        found = [each for each in map(_subscription, items) if each is not None]
        unread = len(items) - len(found)
        return replace(facts, is_forbidden=False, subscriptions=_distinct(found), unread_subscriptions=unread)

    async def _read_bill(self, account: Account, facts: BillingFacts) -> BillingFacts:
        try:
            info = await self._get(account, "/billable-usage/info", "Asking for the billing cycle")
        except (NoRoute, NotEnabled, Rejected):
            info = {}
        except Forbidden:
            return replace(facts, billed_state=FORBIDDEN)
        info = info if isinstance(info, Mapping) else {}
        anchor = _anchor(info)
        facts = facts if anchor is None else replace(facts, anchor_day=anchor)
        if info.get("covered") is False:
            return _without_bill(facts)
        return await self._read_usage(account, facts)

    async def _read_usage(self, account: Account, facts: BillingFacts) -> BillingFacts:
        """Read the days of the current billing cycle, trying first the path that worked last time."""
        for path in dict.fromkeys(filter(None, (facts.billed_path, *USAGE_PATHS))):
            try:
                rows = await self._get(account, path, "Asking for billed usage")
            except (NoRoute, NotEnabled, Rejected):
                continue
            except Forbidden:
                return replace(facts, billed_state=FORBIDDEN)
            if isinstance(rows, list):
                days = [each for each in map(_billed, rows) if each is not None]
                unread = len(rows) - len(days)
                billed = _added_up(days)
                return replace(facts, billed_state=AVAILABLE, billed_path=path, billed=billed, unread_rows=unread)
        return _without_bill(facts)

    async def _get(self, account: Account, path: str, doing: str) -> Any:
        what = f"{doing} of account {account.name} ({account.id})"
        reply = await self._client.get(f"/accounts/{account.id}{path}", {}, {}, what, PERMISSION)
        return reply.body.get("result")


def _distinct(subscriptions: Sequence[Subscription]) -> tuple[Subscription, ...]:
    """Return the subscriptions with each id once, the first that has it; those without one may be several."""
    known: dict[str | int, Subscription] = {}
    for number, each in enumerate(subscriptions):
        known.setdefault(each.id or number, each)
    return tuple(known.values())


def _subscription(item: Any) -> Subscription | None:
    """Return a subscription; None if it tells neither a name nor a plan."""
    plan = item.get("rate_plan") if isinstance(item, Mapping) else None
    plan = plan if isinstance(plan, Mapping) else {}
    plan_id = _text(plan, "id")
    name = _text(plan, "public_name") or plan_id
    if not name:
        return None
    return Subscription(
        id=_text(item, "id"),
        name=name,
        price=_amount(item.get("price")),
        currency=_text(item, "currency").upper() or "USD",
        frequency=_text(item, "frequency").lower() or "monthly",
        # What is listed without a state has not ended, as far as anybody says.
        state=_text(item, "state") or "Paid",
        period_start=moment_or_none(item.get("current_period_start")),
        period_end=moment_or_none(item.get("current_period_end")),
        plan_id=plan_id,
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    """Return a text, or a number as text; empty if there is none."""
    value = item.get(key)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _anchor(info: Mapping[str, Any]) -> int | None:
    """Return the day of the month on which billing cycles begin, from the oldest subscription."""
    listed = info.get("subscriptions")
    items = [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    anchors = sorted(filter(None, (moment_or_none(item.get("billing_cycle_anchor_timestamp")) for item in items)))
    return anchors[0].day if anchors else None


def _without_bill(facts: BillingFacts) -> BillingFacts:
    return replace(facts, billed_state=ABSENT, billed_path="", billed=(), unread_rows=0)


def _billed(row: Any) -> BilledDay | None:
    if not isinstance(row, Mapping):
        return None
    service, start = row.get("ServiceName"), moment_or_none(row.get("ChargePeriodStart"))
    if not isinstance(service, str) or start is None:
        return None
    return BilledDay(service, start.date(), _amount(row.get("ContractedCost")), _amount(row.get("ConsumedQuantity")))


def _added_up(days: Iterable[BilledDay]) -> tuple[BilledDay, ...]:
    """Return the sum of each line and day; the bill has one row per zone."""
    sums: dict[tuple[str, date], BilledDay] = {}
    for each in days:
        known = sums.get((each.service, each.day))
        sums[each.service, each.day] = each if known is None else _both(known, each)
    return tuple(sums.values())


def _both(one: BilledDay, other: BilledDay) -> BilledDay:
    return replace(one, cost=_sum(one.cost, other.cost), consumed=_sum(one.consumed, other.consumed))


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else one + other


def _amount(value: Any) -> Decimal | None:
    """Return an amount of a bill; None if it is absent, or has more decimal places than any."""
    number = _decimal(value)
    return number if number is None or number.adjusted() > -MOST_PLACES else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < BEYOND else None
