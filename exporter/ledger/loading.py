"""The books of a stored ledger: those whose rows the catalog still describes are loaded, the others end."""

from collections.abc import Mapping
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.ledger.carrying import (
    carry_gauges,
    carry_over,
    find_continuation,
    find_gauge_continuation,
    find_joined,
    find_move,
)
from exporter.ledger.closed_days import ClosedDays
from exporter.ledger.counters import Counters, meter_open_hours
from exporter.ledger.daily_sums import NOTHING_METERED, Metered
from exporter.ledger.gauges import Gauges
from exporter.ledger.plans import Plans
from exporter.ledger.series import SeriesPlan
from exporter.ledger.signature import read_signature
from exporter.ledger.store.change import Carried, Retirement
from exporter.ledger.store.loader import Loader
from exporter.model import BookKey


class StoredBooks(NamedTuple):
    """The books of all accounts: counters of usage, counters of list cost, and gauges."""

    usage: dict[BookKey, Counters]
    list_costs: dict[BookKey, Counters]
    gauges: dict[BookKey, Gauges]


class LoadedBooks(NamedTuple):
    """The stored books under the catalog's signatures, and those of them that were stored with others."""

    books: StoredBooks
    carried: dict[BookKey, Carried]
    carried_gauges: dict[BookKey, Gauges]


def load_books(loader: Loader, plans: Plans, commit_number: int) -> LoadedBooks:
    """Return every book whose rows the catalog describes, under the signature of the catalog.

    Births that are still held count as first seen in ``commit_number``.
    """
    signatures = {key: signature for key, (signature, _) in loader.load_signatures().items()}
    carried: dict[BookKey, Carried] = {}
    usage = _load_counters(loader, plans.datasets, signatures, commit_number, carried)
    list_costs = _load_counters(loader, plans.list_costs, signatures, commit_number, carried)
    gauges: dict[BookKey, Gauges] = {}
    carried_gauges: dict[BookKey, Gauges] = {}
    for key, (signature, state, rows) in loader.load_gauges().items():
        plan = plans.datasets.get(key.dataset)
        move = find_gauge_continuation(read_signature(signature), plan.dataset) if plan else None
        if plan is None or move is None:
            continue
        gauges[key] = Gauges(plan, state, rows)
        if plan.signature != signature:
            carry_gauges(gauges[key], move)
            carried_gauges[key] = gauges[key]
    return LoadedBooks(StoredBooks(usage, list_costs, gauges), carried, carried_gauges)


def retire_changed(loader: Loader, plans: Plans, days: ClosedDays) -> dict[BookKey, Retirement]:
    """Return the remains of the counters whose rows are no longer those of the catalog.

    The amounts of their open hours go to the daily sums, if the rows can still be read.
    """
    retired: dict[BookKey, Retirement] = {}
    for key, (signature, start) in loader.load_signatures().items():
        plan = plans.find(key.dataset)
        if plan is None or find_continuation(read_signature(signature), plan.dataset) is None:
            sums = meter_stored_hours(loader, key, plan.dataset, signature) if plan else NOTHING_METERED
            retired[key] = days.retire(key, start, sums)
    return retired


def meter_stored_hours(loader: Loader, key: BookKey, dataset: Dataset, signature: str) -> Metered:
    """Return the amounts of the open hours of a stored book, by meter; empty if they can't be read."""
    move = find_move(read_signature(signature), dataset)
    if move is None:
        return NOTHING_METERED
    hours = move.hours(loader.load_open_hours(key, dataset.grain))
    return meter_open_hours(dataset, hours, find_joined(dataset, loader.load_state(key, 0), move))


def _load_counters(
    loader: Loader,
    plans: Mapping[str, SeriesPlan],
    signatures: Mapping[BookKey, str],
    commit_number: int,
    carried: dict[BookKey, Carried],
) -> dict[BookKey, Counters]:
    """Return the books of some plans, and add those that were stored with other signatures to ``carried``."""
    books: dict[BookKey, Counters] = {}
    for key, signature in signatures.items():
        plan, stored = plans.get(key.dataset), read_signature(signature)
        move = find_continuation(stored, plan.dataset) if plan else None
        if plan is None or move is None:
            continue
        books[key] = loader.load_book(key, plan, commit_number)
        if plan.signature != signature:
            carry_over(books[key], stored, move)
            carried[key] = Carried(
                books[key], {day: move.rows(rows) for day, rows in loader.load_all_kept(key).items()}
            )
        books[key].find_waiting()
    return books
