"""Billing: an account's subscriptions, and its billable usage as daily rows with the cost that each adds.

Usage is counted in integer parts of a unit and money in Decimal, and both are sent with all digits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from exporter.simulator.daily import DailyUsage
from exporter.simulator.http import Refusal
from exporter.simulator.periods import Period, period_at
from exporter.simulator.prices import SERVICES, Service
from exporter.simulator.usage import Usage
from exporter.simulator.world import AccountModel, Subscription

_SUBSCRIPTIONS = "/subscriptions"
_INFO = "/billable-usage/info"
_DAY = timedelta(days=1)
_YEARS = range(1970, 9_000)
_MONTHS = {"monthly": 1, "yearly": 12}
_PROVIDER = "Cloudflare"
_CURRENCY = "USD"

_CONTEXT = Context(prec=60)
_LAST_DIGIT = Decimal("1E-12")


def is_billing(account: AccountModel, path: str) -> bool:
    """Return whether a path below the account's is one of this module."""
    return path in (_SUBSCRIPTIONS, _INFO, f"/{account.usage_path}")


class Billing:
    """Answers the paths of billing."""

    def __init__(self) -> None:
        self._daily: WeakKeyDictionary[Usage, DailyUsage] = WeakKeyDictionary()

    def result(
        self, path: str, account: AccountModel, usage: Usage, query: Mapping[str, str], now: datetime
    ) -> list[dict[str, Any]] | dict[str, Any]:
        """Return the result of a billing path, with Decimals for numbers. Raises Refusal.

        Usage is daily from the query's ``from`` to its ``to``, both inclusive, by default from the start of the current
        cycle until now; it is empty if no cycle begins on one of these days.
        """
        if path == _SUBSCRIPTIONS:
            return [_subscription(identifier, entry, now) for identifier, entry in _begun(account, now)]
        if path == _INFO:
            return _info(account, now)
        if not account.covered:
            raise Refusal(404, 10404, "Billable usage is not available for this account")
        first, last = _range(query, _cycle(account, now), now)
        if _cycle(account, _midnight(last)).start < _midnight(first):
            return []
        daily = self._daily.setdefault(usage, DailyUsage(usage))
        return _rows(_Bill(account, daily, now), _midnight(first), _midnight(last))


@dataclass(frozen=True)
class _Bill:
    """The account that is billed, and the time ``now`` until which its usage is visible."""

    account: AccountModel
    daily: DailyUsage
    now: datetime


@dataclass(frozen=True)
class _Day:
    """The usage of a service on a day, and in its cycle through that day, in parts of which ``scale`` make a unit.

    ``before`` is the usage of the cycle until the start of the day.
    """

    start: datetime
    period: Period
    scale: int
    used: int
    before: int


def _subscriptions(account: AccountModel) -> list[tuple[str, Subscription]]:
    """Return all subscriptions with ids made from their positions: two may be equal, such as the plans of two zones."""
    return [
        (sha256(f"{account.id}/subscription {number}".encode()).hexdigest()[:32], subscription)
        for number, subscription in enumerate(account.subscriptions)
    ]


def _begun(account: AccountModel, now: datetime) -> list[tuple[str, Subscription]]:
    return [(identifier, entry) for identifier, entry in _subscriptions(account) if entry.start <= now]


def _subscription(identifier: str, subscription: Subscription, now: datetime) -> dict[str, Any]:
    period = period_at(subscription.anchor, now, months=_MONTHS[subscription.frequency])
    return {
        "id": identifier,
        "state": subscription.state,
        "price": subscription.price,
        "currency": subscription.currency,
        "frequency": subscription.frequency,
        "current_period_start": _stamp(period.start),
        "current_period_end": _stamp(period.end),
        "rate_plan": {
            "id": subscription.rate_plan_id,
            "public_name": subscription.public_name,
            "currency": subscription.currency,
            "externally_managed": False,
            "is_contract": False,
            "scope": subscription.scope,
            "sets": [],
        },
    }


def _info(account: AccountModel, now: datetime) -> dict[str, Any]:
    begun = _begun(account, now) if account.covered else []
    return {
        "covered": account.covered,
        "subscriptions": [
            {
                "id": identifier,
                "start_timestamp": _stamp(entry.start),
                "billing_cycle_anchor_timestamp": _stamp(entry.anchor),
            }
            for identifier, entry in begun
            if entry.frequency == "monthly"
        ],
    }


def _decisive(account: AccountModel) -> tuple[str, Subscription] | tuple[None, None]:
    """Return the subscription whose periods are the account's billing cycles: the first monthly one."""
    monthly = (found for found in _subscriptions(account) if found[1].frequency == "monthly")
    return next(monthly, (None, None))


def _cycle(account: AccountModel, when: datetime) -> Period:
    _, decisive = _decisive(account)
    return period_at(account.created if decisive is None else decisive.anchor, when)


def _range(query: Mapping[str, str], cycle: Period, now: datetime) -> tuple[date, date]:
    """Return the queried days, both inclusive."""
    first = _asked_day(query, "from", cycle.start.date())
    last = _asked_day(query, "to", now.astimezone(UTC).date())
    if last < first:
        raise Refusal(400, 7400, "Invalid range: to is before from")
    return first, last


def _asked_day(query: Mapping[str, str], name: str, usual: date) -> date:
    given = query.get(name)
    if given is None:
        return usual
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    # Other forms of ISO 8601 are not accepted by Cloudflare.
    if day is None or day.isoformat() != given or day.year not in _YEARS:
        raise Refusal(400, 7400, f"Invalid {name}: must be YYYY-MM-DD")
    return day


def _rows(bill: _Bill, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """Return the rows of the days from ``first`` to ``last``, in order; an unfinished day has its visible part."""
    account = bill.account
    identifier, decisive = _decisive(account)
    begin = _cycle(account, first).start
    if decisive is not None:
        begin = max(begin, _midnight(decisive.start.astimezone(UTC).date()))
    identity = {
        "BillingAccountId": account.id,
        "BillingAccountName": account.name,
        "SubscriptionId": identifier,
    }
    found = [
        (day.start, number, _row(service, day, identity))
        for number, service in enumerate(SERVICES)
        for day in _days(bill, service, begin, last + _DAY)
        if day.start >= first
    ]
    return [row for _, _, row in sorted(found, key=lambda entry: entry[:2])]


def _days(bill: _Bill, service: Service, since: datetime, until: datetime) -> Iterator[_Day]:
    """Return the days on which a service was used, in order. Usage is counted anew in every cycle."""
    by_day: dict[int, int] = {}
    for feed in service.feeds:
        for minute, used in bill.daily.amounts(feed, since, until, bill.now, stored=service.stored).items():
            by_day[minute] = by_day.get(minute, 0) + used * feed.times
    period: Period | None = None
    month_days, before = bill.account.storage_month_days, 0
    for minute in sorted(minute for minute, used in by_day.items() if used):
        start = datetime.fromtimestamp(minute * 60, UTC)
        if period is None or start >= period.end:
            period, before = _cycle(bill.account, start), 0
        scale = service.scale
        if service.stored:
            scale *= period.days if month_days == "cycle" else month_days
        yield _Day(start, period, scale, by_day[minute], before)
        before += by_day[minute]


def _row(service: Service, day: _Day, identity: Mapping[str, Any]) -> dict[str, Any]:
    earlier, cost_before = _billed(service, day.before, day.scale)
    billable, cumulated_cost = _billed(service, day.before + day.used, day.scale)
    cost = cumulated_cost - cost_before
    cumulated = _units(billable, day.scale)
    return {
        "BillingAccountId": identity["BillingAccountId"],
        "BillingAccountName": identity["BillingAccountName"],
        "BillingCurrency": _CURRENCY,
        "BillingPeriodStart": _stamp(day.period.start),
        "ChargePeriodStart": _stamp(day.start),
        "ChargePeriodEnd": _stamp(day.start + _DAY),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": service.name,
        "ServiceName": service.name,
        "ServiceFamilyName": service.family,
        "ConsumedQuantity": _units(day.used, day.scale),
        "ConsumedUnit": service.unit,
        "PricingQuantity": cumulated - _units(earlier, day.scale),
        "PricingUnit": service.unit,
        "ContractedCost": cost,
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "CumulatedContractedCost": cumulated_cost,
        "CumulatedPricingQuantity": cumulated,
        "SubscriptionId": identity["SubscriptionId"],
        "ZoneId": None,
        "ZoneName": None,
        "HostProviderName": _PROVIDER,
        "InvoiceIssuerName": _PROVIDER,
        "ServiceProviderName": _PROVIDER,
    }


def _billed(service: Service, used: int, scale: int) -> tuple[int, Decimal]:
    """Return the usage of a cycle beyond the allowance, and the price of the blocks that it begins."""
    billable = max(used - service.included * scale, 0)
    blocks = -(-billable // (service.block * scale))
    return billable, blocks * service.price


def _units(parts: int, scale: int) -> Decimal:
    """Return units with twelve decimal places."""
    return _CONTEXT.quantize(_CONTEXT.divide(Decimal(parts), Decimal(scale)), _LAST_DIGIT)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
