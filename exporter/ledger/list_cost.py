"""The list cost of usage, hour by hour, as one more dataset beside each dataset that has meters. Pure.

The hours of a book of list cost are those of its dataset's book, converted to dollars. So it has all properties of
counters (late usage, restarts, renames, births at zero); and since a settled hour keeps its price, no change of price
can make it fall.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import add, sub
from typing import NamedTuple, Protocol

from exporter.billing import USD, Tariff
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Metric, MetricPart
from exporter.catalog.timing import USUAL_COUNTER
from exporter.ledger.counters import CounterChange, Counters, CounterState
from exporter.ledger.daily_sums import ALL_ALONG, counted_meters, counting_meters
from exporter.ledger.folding import not_yet
from exporter.ledger.hours import OpenHour, Settlement
from exporter.ledger.totals import sum_rows
from exporter.model import (
    DISPATCH_PREFIX,
    HOUR,
    Amounts,
    Answer,
    Placement,
    Question,
    RowKey,
    Rows,
    floor_hour,
    floor_minute,
)

VARIANT = "list-cost"


class Tariffs(Protocol):
    """The source of tariffs."""

    def find(self, account_id: str, meter: str, day: date, *, is_dispatched: bool) -> Tariff | None:
        """Return the tariff of a meter on a day, for scripts of a dispatch namespace or others; None if it is free."""


def list_cost_of(dataset: Dataset) -> Dataset:
    """Return the dataset of a dataset's list cost."""
    return Dataset(
        name=dataset.name,
        variant=f"{dataset.variant}/{VARIANT}" if dataset.variant else VARIANT,
        version=1,
        kind=dataset.kind,
        id_dimension=dataset.id_dimension,
        fields=(Field("cost"),),
        labels=(Label("meter", "meter"),),
        metrics=(
            Metric("cloudflare_list_cost_usd_total", "", (MetricPart("cost"),), ("meter",), divisor=USD, zeros=()),
        ),
        timing=dataset.timing if dataset.is_counted else USUAL_COUNTER,
    )


def key_of(dataset: str) -> str:
    """Return the key of a dataset's list cost."""
    return f"{dataset}/{VARIANT}"


class ListCosts:
    """The conversion of answers to list cost; without tariffs there is none.

    With ``shows_assets`` off, further cost is published by project.
    """

    def __init__(self, tariffs: Tariffs | None) -> None:
        self._tariffs = tariffs
        self.shows_assets = True

    def place(self, placements: Mapping[str, Placement]) -> dict[str, Placement]:
        """Return the placements of the assets' cost, given those of their usage."""
        if self.shows_assets:
            return dict(placements)
        return {asset: Placement(placement.project, "") for asset, placement in placements.items()}

    def knows(self, dataset: Dataset) -> bool:
        """Return whether the cost of a dataset is counted."""
        return self._tariffs is not None and has_list_cost(dataset)

    def settle_usage(
        self, account_id: str, dataset: Dataset, usage: CounterChange, book: Counters, state: CounterState
    ) -> Settlement:
        """Return what an answer about usage, applied as ``usage``, does to the hours of its cost's ``book``.

        An hour of cost settles together with its usage: settled by itself, it would miss what the usage still gains.
        """
        oldest, first = state.open_from, dataset.grain.floor(state.open_from)
        joined = usage.state.joined
        settled = {hour: known.rows for hour, known in book.open.items() if hour not in usage.open}
        newly = {hour: rows for hour, rows in usage.settled.items() if hour >= first}
        rows = {hour: known.rows for hour, known in usage.open.items() if hour >= first}
        settled |= self._keep_left(account_id, dataset, book, self.price(account_id, dataset, newly, joined), joined)
        priced = self._keep_left(account_id, dataset, book, self.price(account_id, dataset, rows, joined), joined)
        still_open = {hour: OpenHour(costs, costs) for hour, costs in priced.items()}
        return Settlement(still_open, settled, max(oldest, usage.state.open_from), 0)

    def answer_about_stored(
        self, account_id: str, dataset: Dataset, answer: Answer, levels: Mapping[datetime, Rows], book: Counters | None
    ) -> Answer:
        """Return an answer about stored amounts in dollars, for the completed hours since counting began.

        ``levels`` are the stored amounts in each hour of the answer. A stored amount holds until the next hour with
        rows; hours before the answer's keep their earlier amounts.
        """
        until = min(answer.question.until, floor_minute(answer.date))
        if book is None or book.state is None:
            return Answer(_about_cost(answer.question, until, until), answer.date, {}, answer.newest)
        since = min(max(book.state.open_from, ceil_hour(book.state.start)), until)
        over = list(_hours(since, floor_hour(until)))
        known = {hour: there.rows for hour, there in book.open.items() if hour in over}
        told = self._keep_left(account_id, dataset, book, self.price(account_id, dataset, _filled(levels, over)))
        return Answer(_about_cost(answer.question, since, until), answer.date, known | told, answer.newest)

    def settle_left(
        self,
        account_id: str,
        dataset: Dataset,
        book: Counters,
        settlement: Settlement,
        joined: Mapping[str, datetime],
    ) -> Settlement:
        """Return a settlement in which the total cost of meters that left with an earlier release is settled, too.

        The last answers may have said less than those before. None says any more what was right, and what such a meter
        costs once it is back would first have to make up for the difference, for a total never falls.
        """
        speaking = self._billed(account_id, dataset, book.open or [settlement.open_from], joined)
        hours = {hour: known.rows for hour, known in settlement.open.items()} | settlement.settled
        again = sum_rows(hours[hour] for hour in book.open.keys() & hours.keys())
        left: dict[RowKey, Amounts] = {}
        for key, row in book.rows.items():
            (meter,) = key[1]
            (rest,) = map(sub, row.total, map(add, row.settled, again.get(key, (0,))))
            if rest > 0 and meter not in speaking:
                left[key] = (rest,)
        before = min((*hours, settlement.open_from)) - HOUR
        return replace(settlement, settled=settlement.settled | {before: left}) if left else settlement

    def _keep_left(
        self,
        account_id: str,
        dataset: Dataset,
        book: Counters,
        costs: dict[datetime, dict[RowKey, Amounts]],
        joined: Mapping[str, datetime] = ALL_ALONG,
    ) -> dict[datetime, dict[RowKey, Amounts]]:
        """Add to the costs of open hours what meters cost in them that have left: they settle with their hours.

        A meter that is back before that says itself what it costs in them.
        """
        for hour in book.open.keys() & costs.keys():
            before = book.open[hour].rows
            silent = before.keys() - costs[hour].keys()
            if silent:
                speaking = self._billed(account_id, dataset, [hour], joined)
                costs[hour] |= {key: before[key] for key in silent if not speaking.issuperset(key[1])}
        return costs

    def _billed(
        self, account_id: str, dataset: Dataset, hours: Iterable[datetime], joined: Mapping[str, datetime]
    ) -> set[str]:
        """Return the meters that may bill usage of a dataset in any of some hours."""
        found: set[str] = set()
        for day, missing in {(hour.date(), not_yet(joined, hour)) for hour in hours}:
            for meter in counted_meters(dataset, missing):
                tariff = self._tariffs and self._tariffs.find(account_id, meter.id, day, is_dispatched=True)
                found |= {meter.id, tariff.meter} if tariff else {meter.id}
        return found

    def price(
        self,
        account_id: str,
        dataset: Dataset,
        hours: Mapping[datetime, Rows],
        joined: Mapping[str, datetime] = ALL_ALONG,
    ) -> dict[datetime, dict[RowKey, Amounts]]:
        """Return the cost of the rows of some hours (or days), by asset and billed meter.

        ``joined`` are the words and fields that were not counted from the beginning.
        """
        known: dict[tuple[date, frozenset[str]], _Weights] = {}
        priced: dict[datetime, dict[RowKey, Amounts]] = {}
        for hour, rows in hours.items():
            day, missing, costs = hour.date(), not_yet(joined, hour), priced.setdefault(hour, {})
            weights = known.setdefault((day, missing), {})
            for (asset, words), amounts in rows.items():
                sort = words, asset.startswith(DISPATCH_PREFIX)
                if sort not in weights:
                    weights[sort] = self._weights(account_id, dataset, _Sort(words, day, sort[1], missing))
                for meter, position, price in weights[sort]:
                    if amounts[position] > 0:
                        key = (asset, (meter,))
                        costs[key] = (costs.get(key, (0,))[0] + price * amounts[position],)
        return priced

    def _weights(self, account_id: str, dataset: Dataset, sort: "_Sort") -> list[tuple[str, int, int]]:
        if self._tariffs is None:
            return []
        found = []
        for meter in counting_meters(dataset, sort.words, sort.missing):
            tariff = self._tariffs.find(account_id, meter.id, sort.day, is_dispatched=sort.is_dispatched)
            if tariff is not None and tariff.price:
                found.append((tariff.meter, dataset.field_index[meter.source], tariff.price * meter.weight))
        return found


def _about_cost(usage: Question, since: datetime, until: datetime) -> Question:
    """Return the question about the list cost of what a question asks."""
    return Question(usage.scope, key_of(usage.dataset), since, until)


class _Sort(NamedTuple):
    """The properties of a row that decide its price; ``missing`` are words and fields that were not counted yet."""

    words: tuple[str, ...]
    day: date
    is_dispatched: bool
    missing: frozenset[str]


_Weights = dict[tuple[tuple[str, ...], bool], list[tuple[str, int, int]]]
"""Billed meter, field and price of the rows of one time, by their words and whether they are dispatched."""


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    while since < until:
        yield since
        since += HOUR


def _filled(levels: Mapping[datetime, Rows], hours: Iterable[datetime]) -> dict[datetime, Rows]:
    """Return the stored amounts of some hours, from their own rows or those of earlier or later hours."""
    filled: dict[datetime, Rows] = {}
    for hour in hours:
        before = max((told for told in levels if told <= hour), default=None)
        if before is not None and hour <= max(levels):
            filled[hour] = levels[before]
    return filled


def ceil_hour(moment: datetime) -> datetime:
    """Return the end of the hour; the moment itself if it is on the hour."""
    return floor_hour(moment + HOUR - timedelta(microseconds=1))


def has_list_cost(dataset: Dataset) -> bool:
    """Return whether a dataset measures anything that could cost money."""
    return bool(dataset.meters) and dataset.timing.is_metered
