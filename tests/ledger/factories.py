"""What the ledger's tests are made of: a small dataset, answers, discoveries, and a ledger that is told them."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from exporter.billing import Tariff
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart
from exporter.config.selection import Selection
from exporter.ledger import ApplyResult, DayChange, DayPart, Ledger, Tariffs
from exporter.ledger import audit_schedule as days
from exporter.ledger.counters import CounterState
from exporter.ledger.store.database import FILE_NAME
from exporter.model import (
    MINUTE,
    Account,
    Answer,
    Asset,
    DailyKey,
    Inventory,
    Listing,
    ListingFailure,
    Question,
    RowKey,
    Rows,
    Scope,
    floor_hour,
    floor_minute,
)

DAY = datetime(2025, 10, 20, tzinfo=UTC)
MONDAY = date(2025, 10, 20)
ACCOUNT = Account("a" * 32, "Example")
SCOPE = Scope(ACCOUNT.id)
KIND = "worker"
PARENTS = {"do_namespace": KIND}

CALLS = Dataset(
    name="calls",
    version=1,
    kind=KIND,
    id_dimension="tag",
    labels=(Label("status", "status"),),
    fields=(Field("requests"),),
    metrics=(
        Metric(
            "cloudflare_calls_total", "Calls.", (MetricPart("requests"),), labels=("status",), zeros=(("success",),)
        ),
    ),
    meters=(
        Meter("calls", "requests", unless={"status": frozenset({"unbilled"})}),
        Meter("calls_unbilled", "requests", where={"status": frozenset({"unbilled"})}),
    ),
)

Usage = Mapping[Any, int]
"""Amounts of one hour, by asset id (of status ``success``) or by asset id and status."""


def at(clock: str) -> datetime:
    """Return a moment of the one day that all tests play on, e.g. ``10:30``; ``34:00`` is ten the next day."""
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def rows(usage: Usage) -> Rows:
    """Return the rows of one hour."""
    return {row_key(which): (amount,) for which, amount in usage.items()}


def row_key(which: str | tuple[str, str]) -> RowKey:
    """Return the key of a row."""
    return (which, ("success",)) if isinstance(which, str) else (which[0], (which[1],))


def answer(
    since: datetime,
    clock: str,
    usage: Mapping[str, Usage],
    *,
    dataset: str = CALLS.name,
    until: datetime | None = None,
) -> Answer:
    """Return what Cloudflare said at a moment about [since, that minute); ``usage`` by hour (``"10"``).

    Its newest data are of the last minute, so no pipeline stands still.
    """
    date = at(clock)
    question = Question(SCOPE, dataset, since, until or floor_minute(date))
    hours = {at(f"{hour}:00"): rows(amounts) for hour, amounts in usage.items() if amounts}
    return Answer(question, date, hours, question.until - MINUTE)


def day_answer(
    day: date, clock: str, usage: Usage, *, dataset: str = CALLS.name, are_estimates: bool = False
) -> Answer:
    """Return what Cloudflare said at a moment about a day, or the part of it that was asked for."""
    start = days.start_of(day)
    question = Question(SCOPE, dataset, start, start + timedelta(days=1), by_day=True)
    hours = {start: rows(usage)} if usage else {}
    return Answer(question, at(clock), hours, sampled=frozenset(hours) if are_estimates else frozenset())


def worker(asset_id: str, name: str, **rest: object) -> Asset:
    """Return a Worker as a discovery lists it."""
    return Asset(KIND, asset_id, name, **rest)  # type: ignore[arg-type]


def inventory(clock: str, assets: Sequence[Asset], kinds: Sequence[str] = (KIND,)) -> Inventory:
    """Return a complete discovery of some kinds."""
    listings: dict[str, Listing | ListingFailure] = {
        kind: Listing(kind, tuple(asset for asset in assets if asset.kind == kind)) for kind in kinds
    }
    return Inventory(ACCOUNT, at(clock), listings, PARENTS)


def failed(clock: str, *, final: bool = False) -> Inventory:
    """Return a discovery that could not list the Workers."""
    return Inventory(ACCOUNT, at(clock), {KIND: ListingFailure(KIND, "no answer", final)})


class FlatTariff:
    """Every meter costs the same."""

    def find(self, account_id: str, meter: str, day: date, *, is_dispatched: bool) -> Tariff | None:
        """Return the tariff of a meter: 7 a unit."""
        return Tariff(meter, 7)


class Scene:
    """A ledger of one account and what it is told; Cloudflare's clock goes by the times given."""

    def __init__(
        self, folder: Path | None = None, datasets: Sequence[Dataset] = (CALLS,), tariffs: Tariffs | None = None
    ) -> None:
        self._folder = folder
        self._scraped = 0
        self._tariffs = tariffs
        self.selection = Selection()
        self.ledger = Ledger.open(folder, datasets, tariffs)
        self.ledger.enroll([ACCOUNT])

    def reopen(self, datasets: Sequence[Dataset] = (CALLS,)) -> None:
        """Close the ledger and open it again from its folder."""
        self.ledger.close()
        self._scraped = 0
        self.ledger = Ledger.open(self._folder, datasets, self._tariffs)

    def list(self, clock: str, *assets: Asset) -> None:
        """Apply a discovery that lists these Workers."""
        self.ledger.apply_discovery(inventory(clock, assets), self.selection, self._scraped)

    def say(self, clock: str, usage: Mapping[str, Usage], since: datetime | None = None) -> ApplyResult:
        """Apply what was used, by hour (``"10"``), in the answer to the question that it would ask now."""
        asked_from = since or self.ledger.open_from(SCOPE, CALLS.name) or floor_hour(at(clock))
        return self.ledger.apply(ACCOUNT.id, [answer(asked_from, clock, usage)], self._scraped)

    def audit(self, clock: str, usage: Usage, *, day: date = MONDAY, are_estimates: bool = False) -> DayChange:
        """Apply what was used on a day since counting began, in the answer to its audit."""
        said = day_answer(day, clock, usage, are_estimates=are_estimates)
        (change,) = self.ledger.apply_days(ACCOUNT.id, [(DayPart(day, days.Portion.COUNTED), said)], self._scraped)
        return change

    def fill(self, clock: str, usage: Usage, *, day: date = MONDAY) -> DayChange:
        """Apply what was used on a day before counting began."""
        said = day_answer(day, clock, usage)
        (change,) = self.ledger.apply_days(ACCOUNT.id, [(DayPart(day, days.Portion.BEFORE), said)], self._scraped)
        return change

    def scrape(self) -> None:
        """Answer a scrape with what is published now."""
        self._scraped = self.ledger.commit_number

    def say_and_scrape(self, clock: str, usage: Mapping[str, Usage]) -> None:
        """Apply what was used, and answer a scrape."""
        self.say(clock, usage)
        self.scrape()

    def series(self) -> dict[tuple[str, str, str], int]:
        """Return what is published, by project, asset and status."""
        return {
            (placement.project, placement.asset, key.values[0]): amount
            for book in self.ledger.publication().books
            for placement, key, amount in book.series
        }

    def published_until(self) -> datetime:
        """Return up to when the published values are said to go."""
        return self.state().published_until

    def state(self) -> CounterState:
        """Return where the book stands."""
        (book,) = self.ledger.publication().books
        assert book.state is not None
        return book.state

    def totals(self) -> dict[tuple[str, str], int]:
        """Return the totals by asset id and status."""
        found = self.ledger.totals(SCOPE, CALLS.name)
        return {(asset, labels[0]): total[0] for (asset, labels), total in found.items()}

    def daily(self) -> dict[DailyKey, int]:
        """Return the daily sums."""
        return self.ledger.daily_sums(ACCOUNT.id)


def used(folder: Path) -> Scene:
    """Return a ledger on disk that has counted for an hour and a half: 9 settled in the first hour, 4 open since."""
    scene = Scene(folder)
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("11:00", {"10": {"w1": 9}})
    scene.say_and_scrape("11:30", {"10": {"w1": 9}, "11": {"w1": 4}})
    return scene


@contextmanager
def other_program(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the ledger's file beside the exporter."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        yield connection
