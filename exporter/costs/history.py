"""Costs of any cycle and account, from the running ledger or from its file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Protocol

from exporter.billing import BillingFacts
from exporter.costs.calculator import BillingSource, CostCalculator, UsageSource
from exporter.ledger import Entry, RosterKey, place_cost
from exporter.model import DAY, DISPATCH_PREFIX, Account, DailyKey, ExporterError
from exporter.nearest import did_you_mean
from exporter.pricing import AccountCosts, BilledAccount, CostRules, RateCard
from exporter.pricing.list_price import list_price
from exporter.pricing.money import ZERO, add
from exporter.pricing.tariffs import billed_meter
from exporter.pricing.terms import DOCUMENTED_MONTH_DAYS

CURRENT = "current"
PREVIOUS = "previous"

EARLIEST = date(1970, 1, 1)
"""The first day that a period may contain, long before anything was counted."""


class QueryError(ExporterError):
    """The query is invalid, or asks for something that does not exist."""


def unknown(what: str, name: str, known: Iterable[str]) -> QueryError:
    """Return the error for an unknown name; ``what`` is account or project."""
    names = tuple(known)
    return QueryError(f"Unknown {what} {name}.{did_you_mean(name, names)} Known {what}s: {', '.join(names) or 'none'}.")


def chosen_accounts(
    wanted: Iterable[str], labels: Mapping[str, str], names: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the ids of the wanted accounts, given by id, label or name; all if ``wanted`` is empty.

    ``labels`` and ``names`` are by id. Raises QueryError if an account is unknown.
    """
    called = {key: {key, label, (names or {}).get(key, label)} for key, label in labels.items()}
    asked = tuple(wanted)
    for name in asked:
        if not any(name in these for these in called.values()):
            raise unknown("account", name, labels.values())
    return tuple(key for key, these in called.items() if not asked or not these.isdisjoint(asked))


class UsageHistory(UsageSource, BillingSource, Protocol):
    """The source of past usage: the running ledger, or its file."""

    def roster(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Return every asset of an account."""

    def until(self, account_id: str) -> datetime | None:
        """Return the time until which the account's usage is known."""


class AssetMeter(NamedTuple):
    """The key of a usage figure: its meter, asset and project."""

    project: str
    product: str
    kind: str
    asset: str
    meter: str
    is_stored: bool


class ListPrice(NamedTuple):
    """A quantity in the rate's unit, and its dollars at list price."""

    quantity: Fraction
    usd: Decimal


class CostHistory:
    """The costs of accounts, cycle by cycle."""

    def __init__(
        self,
        source: UsageHistory,
        calculator: CostCalculator,
        admits: Callable[[Account], bool] = lambda account: True,
    ) -> None:
        self._source = source
        self._admits = admits
        self._calculator = calculator
        self._labels = source.labels()

    @property
    def rules(self) -> CostRules:
        """The user's rules for costs."""
        return self._calculator.rules

    @property
    def card(self) -> RateCard:
        """The rate card, with list prices."""
        return self._calculator.card

    def facts(self, account_id: str) -> BillingFacts:
        """Return the billing facts of an account."""
        return self._calculator.facts(account_id)

    def accounts(self, wanted: Iterable[str] = ()) -> list[BilledAccount]:
        """Return the ``wanted`` accounts, by id, label or name, that have any usage; all such if ``wanted`` is empty.

        Raises QueryError if an account is unknown.
        """
        known = {
            account.id: account.name
            for account in self._source.accounts()
            if self._admits(account) and self._source.until(account.id)
        }
        labels = {key: self._labels[key] for key in known}
        return [BilledAccount(key, labels[key]) for key in chosen_accounts(wanted, labels, known)]

    def costs(self, account: BilledAccount, period: str = CURRENT) -> AccountCosts:
        """Return the costs of an account in a period (see ``day_of``). Raises QueryError."""
        until = self._source.until(account.id)
        if until is None:
            raise QueryError(f"No usage of account {account.label} is known yet.")
        on = day_of(period, self._calculator.terms(account.id).cycle_of(until.date()).start, until.date())
        return self._calculator.compute(self._source, account, self._source.roster(account.id), until, on)

    def list_prices(self, account: BilledAccount, since: date, until: date) -> dict[AssetMeter, ListPrice]:
        """Return the usage on the days [since, until), with its cost at the list prices of those days."""
        roster, card = self._source.roster(account.id), self._calculator.card_of(account.id)
        found: dict[AssetMeter, ListPrice] = {}
        for (day, asset, counted), amount in self._sums(account.id, since, until):
            is_dispatched = asset.startswith(DISPATCH_PREFIX)
            how, meter = card.metering.get(counted), billed_meter(card, counted, is_dispatched=is_dispatched)
            if how is None or meter not in card.meters or (how.is_stored and not asset and not how.is_of_account):
                continue
            place = place_cost(how.kind, asset, roster)
            usage = AssetMeter(place.project, card.meters[meter].product, how.kind, place.asset, meter, how.is_stored)
            days = DOCUMENTED_MONTH_DAYS if how.is_stored else 1
            known = found.get(usage, ListPrice(Fraction(0), ZERO))
            quantity = known.quantity + Fraction(amount, how.scale * days)
            found[usage] = ListPrice(quantity, add((known.usd, list_price(card, meter, how, {day: amount}))))
        return found

    def _sums(self, account_id: str, since: date, until: date) -> Iterator[tuple[DailyKey, int]]:
        yield from self._source.settled_sums(account_id, since, until, self._calculator.metered)
        for key, amount in self._source.open_sums(account_id).items():
            if since <= key[0] < until:
                yield key, amount


def day_of(period: str, cycle_start: date, today: date) -> date:
    """Return a day in the cycle that ``period`` names: current, previous, or any of its days. Raises QueryError."""
    if period == CURRENT:
        return today
    if period == PREVIOUS:
        return cycle_start - DAY
    try:
        day = date.fromisoformat(period)
    except ValueError:
        raise QueryError(
            f"'{period}' is not a valid period: use current, previous, or a day in the period (2026-11-30)."
        ) from None
    if day > today:
        raise QueryError(f"{period} is in the future.")
    if day < EARLIEST:
        raise QueryError(f"{period} is before {EARLIEST}, the first day that a period may contain.")
    return day


def is_period(text: str) -> bool:
    """Return whether a text names a period rather than a project."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return text in {CURRENT, PREVIOUS}
    return True
