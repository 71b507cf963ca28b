"""The books of a stored ledger: those whose rows the catalog still describes are loaded, the others end."""

from collections.abc import Mapping
from typing import NamedTuple

from exporter.ledger.carrying import carry_over
from exporter.ledger.closed_days import ClosedDays
from exporter.ledger.counters import Counters, meter_open_hours
from exporter.ledger.gauges import Gauges
from exporter.ledger.plans import Plans
from exporter.ledger.series import SeriesPlan
from exporter.ledger.store.loader import Loader
from exporter.ledger.store.writer import Retirement
from exporter.model import BookKey


class StoredBooks(NamedTuple):
    """The books of all accounts: counters of usage, counters of list cost, and gauges."""

    usage: dict[BookKey, Counters]
    list_costs: dict[BookKey, Counters]
    gauges: dict[BookKey, Gauges]


class LoadedBooks(NamedTuple):
    """The stored books under the catalog's metrics, and those of them that were stored with others."""

    books: StoredBooks
    carried: dict[BookKey, Counters]
    carried_gauges: dict[BookKey, Gauges]


def load_books(loader: Loader, plans: Plans, commit_number: int) -> LoadedBooks:
    """Return every book with the rows that the catalog describes, under the metrics of the catalog.

    Births that are still held count as first seen in ``commit_number``.
    """
    signatures = {key: signature for key, (signature, _) in loader.load_signatures().items()}
    usage = _load_counters(loader, plans.datasets, signatures, commit_number)
    list_costs = _load_counters(loader, plans.list_costs, signatures, commit_number)
    gauges = {
        key: (signature, Gauges(plans.datasets[key[1]], state, rows))
        for key, (signature, state, rows) in loader.load_gauges().items()
        if key[1] in plans.datasets and plans.datasets[key[1]].dataset.continues(signature)
    }
    return LoadedBooks(
        StoredBooks(usage, list_costs, {key: book for key, (_, book) in gauges.items()}),
        {key: book for key, book in (usage | list_costs).items() if book.dataset.signature != signatures[key]},
        {key: book for key, (signature, book) in gauges.items() if book.dataset.signature != signature},
    )


def retire_changed(loader: Loader, plans: Plans, days: ClosedDays) -> dict[BookKey, Retirement]:
    """Return the remains of the counters whose rows are no longer those of the catalog.

    The amounts of their open hours go to the daily sums, if the rows still mean the same.
    """
    retired: dict[BookKey, Retirement] = {}
    for key, (signature, start) in loader.load_signatures().items():
        plan = plans.find(key[1])
        if plan is not None and plan.dataset.continues(signature):
            continue
        is_readable = plan is not None and plan.dataset.can_read(signature)
        sums = meter_open_hours(plan.dataset, loader.load_open_hours(key)) if plan and is_readable else {}
        retired[key] = days.retire(key, start, sums)
    return retired


def _load_counters(
    loader: Loader, plans: Mapping[str, SeriesPlan], signatures: Mapping[BookKey, str], commit_number: int
) -> dict[BookKey, Counters]:
    books: dict[BookKey, Counters] = {}
    for key, signature in signatures.items():
        plan = plans.get(key[1])
        if plan is None or not plan.dataset.continues(signature):
            continue
        books[key] = loader.load_book(key, plan, commit_number)
        if plan.dataset.signature != signature:
            carry_over(books[key], signature)
        books[key].find_waiting()
    return books
