"""What the installed releases count of what is used: which fields, words, metrics and meters, and since when."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import NamedTuple, TypeVar

from exporter.catalog import DATASETS, PRODUCTS
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Meter, Metric
from exporter.catalog.product import Product
from exporter.ledger import Ledger
from exporter.ledger.counters import CounterState
from exporter.model import Amounts, DailyKey, RowKey, Scope
from exporter.simulator import Simulator
from tests.exactness.oracle import DAY, add_increases, add_list_cost, added, cost_series, truth_of
from tests.exactness.watcher import Kept

ALWAYS = date.min

Truth = dict[RowKey, Amounts]

Book = tuple[str, str]
"""An account and a dataset, by its key."""


class Ended(NamedTuple):
    """What an exporter that is about to be stopped has come to: its books, settled daily sums, and increases so far."""

    at: datetime
    states: Mapping[Book, CounterState]
    settled: Mapping[str, Mapping[DailyKey, int]]
    increases: Counter[Kept]

    @classmethod
    def of(cls, ledger: Ledger, increases: Counter[Kept], at: datetime) -> "Ended":
        """Return what an exporter has come to."""
        states = {(book.account_id, book.dataset.key): book.state for book in ledger.publication().books if book.state}
        settled: dict[str, Counter[DailyKey]] = {}
        for account in ledger.accounts():
            sums = settled.setdefault(account.id, Counter())
            for key, amount in ledger.settled_sums(account.id, date.min, date.max):
                sums[key] += amount
        return cls(at, states, settled, Counter(increases))


@dataclass(frozen=True)
class Counted:
    """What is counted of a dataset since it came.

    By account, its books have begun at ``starts``, and fields and words that came later are counted from a midnight on.
    Metrics go by what rows had come to when they came (``begun``). Of each meter there is the number of the change it
    came with, and the first day that has all of it. Before ``asked_until`` one that reads only what was read already
    is counted as far as hours were still open.
    """

    dataset: Dataset
    starts: Mapping[str, datetime] = field(default_factory=dict)
    joined: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    begun: Counter[Kept] = field(default_factory=Counter)
    came: Mapping[str, int] = field(default_factory=dict)
    whole_from: Mapping[str, date] = field(default_factory=dict)
    asked_until: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)

    @property
    def is_asked(self) -> bool:
        """Whether anything is made of it."""
        return bool(self.dataset.metrics or self.dataset.meters)

    def under(self, dataset: Dataset, change: int, ended: Ended, ledger: Ledger) -> "Counted":
        """Return the same as another release counts it, which has just opened the ledger."""
        states = {account: state for (account, key), state in ended.states.items() if key == dataset.key}
        fresh = names_of(dataset) - names_of(self.dataset)
        joined = {
            account: _only(self.joined.get(account, {}), names_of(dataset))
            | dict.fromkeys(fresh, midnight_from(state.until))
            for account, state in states.items()
        }
        stay = shapes_of(self.dataset.metrics) & shapes_of(dataset.metrics)
        begun = Counter({kept: amount for kept, amount in self.begun.items() if kept[0] in {name for name, *_ in stay}})
        new = replace(dataset, metrics=tuple(each for each in dataset.metrics if _shape(each) not in stay))
        for account in ledger.accounts():
            add_increases(begun, new, ledger.totals(Scope(account.id), dataset.key))
        ids = {meter.id for meter in dataset.meters}
        at_once = {meter.id for meter in dataset.meters if fresh.isdisjoint(read_by(meter, dataset))} - self.came.keys()
        asked_until = {
            account: _only(self.asked_until.get(account, {}), ids) | dict.fromkeys(at_once, state.until)
            for account, state in states.items()
        }
        return Counted(
            dataset,
            {account: state.start for account, state in states.items()},
            joined,
            begun,
            dict.fromkeys(ids, change) | _only(self.came, ids),
            dict.fromkeys(dataset.counted_ids, ended.at.date() + DAY) | _only(self.whole_from, dataset.counted_ids),
            asked_until,
        )

    def segments(self, simulator: Simulator, account: str, until: datetime, start: datetime) -> Iterator["Segment"]:
        """Yield what was used in each stretch of time in which the same was counted of it."""
        joined = self.joined.get(account, {})
        bounds = sorted({start, until, *(since for since in joined.values() if start < since < until)})
        for since, end in pairwise(bounds):
            missing = {name for name, midnight in joined.items() if midnight > since}
            yield Segment(self.dataset, missing, truth_of(simulator, account, self.dataset, since, end))

    def truth(self, simulator: Simulator, account: str, until: datetime, start: datetime) -> Truth:
        """Return what rows have to come to."""
        rows: Truth = {}
        for segment in self.segments(simulator, account, until, start):
            for key, amounts in segment.rows().items():
                rows[key] = added(rows.get(key), amounts)
        return {key: amounts for key, amounts in rows.items() if any(amounts)}


class Segment(NamedTuple):
    """What was used of a dataset while some of its fields and words were ``missing``."""

    dataset: Dataset
    missing: set[str]
    used: Truth

    def rows(self) -> Truth:
        """Return the rows as they were counted."""
        rows: Truth = {}
        for (asset, words), amounts in self.used.items():
            seen = tuple(
                "" if name in self.missing else word for name, word in zip(self.dataset.words, words, strict=True)
            )
            kept = tuple(
                0 if entry.name in self.missing else amount
                for entry, amount in zip(self.dataset.fields, amounts, strict=True)
            )
            rows[asset, seen] = added(rows.get((asset, seen)), kept)
        return rows

    def metered(self) -> Dataset:
        """Return the dataset with the meters that were counted."""
        return replace(
            self.dataset,
            meters=tuple(each for each in self.dataset.meters if self.missing.isdisjoint(read_by(each, self.dataset))),
        )


class Left(NamedTuple):
    """What the list cost of a meter had come to when it left, with which change that was."""

    amount: int
    change: int


@dataclass
class Counting:
    """What is counted now, and what is left of what was counted before.

    A dataset that leaves takes its counters along, and begins anew when it comes back; then the days before are filled
    in. A meter that leaves leaves its list cost behind (``left``) and the daily sums that had settled (``settled``).
    """

    change: int = 0
    counted: dict[str, Counted] = field(default_factory=dict)
    left: dict[Kept, Left] = field(default_factory=dict)
    settled: dict[str, dict[DailyKey, int]] = field(default_factory=dict)
    once: dict[str, Mapping[str, date]] = field(default_factory=dict)
    first_starts: dict[Book, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, products: Iterable[Product] = PRODUCTS) -> "Counting":
        """Return what the first release counts."""
        return cls(counted={dataset.key: _first(dataset, {}, ALWAYS, 0) for dataset in _usage(products)})

    def follow(self, products: Iterable[Product], ended: Ended, ledger: Ledger) -> set[str]:
        """Take over another release, which has just opened the ledger; return the metrics that start over, or end."""
        self.change += 1
        before, datasets = self.counted, {dataset.key: dataset for dataset in _usage(products)}
        for book, state in ended.states.items():
            if book[1] in before:
                self.first_starts.setdefault(book, state.start)
        self.counted = {
            key: before[key].under(dataset, self.change, ended, ledger)
            if key in before
            else _first(dataset, self.once.get(key), ended.at.date() + DAY, self.change)
            for key, dataset in datasets.items()
        }
        self.once |= {key: each.whole_from for key, each in before.items() if key not in datasets}
        self._leave(before, ended)
        was, now = (
            {(key, *shape) for key, each in there.items() for shape in shapes_of(each.dataset.metrics)}
            for there in (before, self.counted)
        )
        return {name for _, name, *_ in was ^ now}

    def _leave(self, before: Mapping[str, Counted], ended: Ended) -> None:
        gone = {(key, meter) for key, each in before.items() for meter in each.came.keys() - self._came(key).keys()}
        at_once = {
            (key, meter)
            for key, each in self.counted.items()
            for there in each.asked_until.values()
            for meter in there
            if each.came[meter] == self.change
        }
        for key, meter in gone | at_once:
            for kept in cost_series(DATASETS[key], meter):
                self.left[kept] = Left(ended.increases[kept], self.change)
        meters = {
            counted
            for key, each in before.items()
            for counted in each.whole_from
            if key not in self.counted or counted not in self.counted[key].whole_from
        }
        for account, sums in ended.settled.items():
            self.settled.setdefault(account, {}).update({each: sums[each] for each in sums if each[2] in meters})

    def increases(
        self, simulator: Simulator, accounts: Iterable[str], until: datetime, starts: Mapping[Book, datetime]
    ) -> tuple[Counter[Kept], Counter[Kept]]:
        """Return by how much series have to grow, at least and at most; these are the same unless a meter has left."""
        day, increases, costs_since = until.date(), Counter[Kept](), Counter[Kept]()
        for account in accounts:
            for key, each in self.counted.items():
                if not each.is_asked:
                    continue
                for segment in each.segments(simulator, account, until, starts[account, key]):
                    rows, metered = segment.rows(), segment.metered()
                    add_increases(increases, each.dataset, rows)
                    add_list_cost(increases, metered, rows, day)
                for since, dataset in self._came_back(account, each, starts[account, key]):
                    for segment in replace(each, dataset=dataset).segments(simulator, account, until, since):
                        add_list_cost(costs_since, segment.metered(), segment.rows(), day)
        for each in self.counted.values():
            increases.subtract(each.begun)
        least, most = Counter(increases), increases
        ever = self._ever_used(simulator, accounts, until, starts) if self.left else {}
        for kept, left in self.left.items():
            least[kept], most[kept] = left.amount + costs_since[kept], ever[kept]
        return least, most

    def _came_back(self, account: str, counted: Counted, start: datetime) -> Iterator[tuple[datetime, Dataset]]:
        """Yield the meters of a dataset that came since their list cost was left behind, with what counts at least."""
        for meter in counted.dataset.meters:
            series = cost_series(counted.dataset, meter.id)
            if any(kept in self.left and counted.came[meter.id] >= self.left[kept].change for kept in series):
                since = counted.asked_until.get(account, {}).get(meter.id, start)
                yield max(start, since), replace(counted.dataset, meters=(meter,))

    def _ever_used(
        self, simulator: Simulator, accounts: Iterable[str], until: datetime, starts: Mapping[Book, datetime]
    ) -> Counter[Kept]:
        """Return the list cost of everything since counting first began."""
        costs: Counter[Kept] = Counter()
        for book, start in {**starts, **self.first_starts}.items():
            if book[0] in accounts:
                dataset = DATASETS[book[1]]
                add_list_cost(costs, dataset, truth_of(simulator, book[0], dataset, start, until), until.date())
        return costs

    def least_sums(self, account: str, truth: Mapping[DailyKey, int]) -> dict[DailyKey, int]:
        """Return what the daily sums have to be at least: the truth on days that have all of a meter."""
        whole_from: dict[str, date] = {}
        for key, dataset in DATASETS.items():
            there = self.counted[key].whole_from if key in self.counted else {}
            for meter in dataset.counted_ids if dataset.is_counted else ():
                since = there.get(meter, date.max)
                whole_from[meter] = max(since, whole_from.get(meter, ALWAYS))
        settled = self.settled.get(account, {})
        return {
            each: amount if each[0] >= whole_from[each[2]] else settled.get(each, 0) for each, amount in truth.items()
        }

    def _came(self, key: str) -> Mapping[str, int]:
        return self.counted[key].came if key in self.counted else {}


def _usage(products: Iterable[Product]) -> Iterator[Dataset]:
    return (dataset for product in products for dataset in product.datasets if dataset.is_counted)


def _first(dataset: Dataset, once: Mapping[str, date] | None, otherwise: date, change: int) -> Counted:
    """Return a dataset of which nothing is counted yet: days before are filled in, except those that are final."""
    ids = [meter.id for meter in dataset.meters]
    whole_from = {each: ALWAYS if once is None else once.get(each, otherwise) for each in dataset.counted_ids}
    return Counted(dataset, came=dict.fromkeys(ids, change), whole_from=whole_from)


def names_of(dataset: Dataset) -> set[str]:
    """Return the names of a dataset's words and fields."""
    return {*dataset.words, *(entry.name for entry in dataset.fields)}


def read_by(meter: Meter, dataset: Dataset) -> set[str]:
    """Return the names of the words and the field that a meter reads."""
    labels = {*meter.where, *meter.unless}
    return {meter.source, *(label.dimension for label in dataset.labels if label.name in labels)}


Shape = tuple[str, tuple[str, ...], str]


def _shape(metric: Metric) -> Shape:
    """Return what makes a metric the same in another release."""
    return metric.name, metric.labels, metric.split


def shapes_of(metrics: Iterable[Metric]) -> set[Shape]:
    """Return the shapes of metrics."""
    return set(map(_shape, metrics))


def midnight_from(moment: datetime) -> datetime:
    """Return the first midnight that is not before a moment."""
    midnight = datetime.combine(moment.date(), time(), UTC)
    return midnight if midnight == moment else midnight + DAY


Value = TypeVar("Value")


def _only(known: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in known.items() if name in names}
