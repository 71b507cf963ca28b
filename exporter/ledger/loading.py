"""The books of a stored ledger: those that the catalog still describes are loaded, the others end."""

from collections.abc import Mapping
from typing import NamedTuple

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


def load_books(loader: Loader, plans: Plans, commit_number: int) -> StoredBooks:
    """Return every book whose stored signature matches the catalog.

    Births that are still held count as first seen in ``commit_number``.
    """
    return StoredBooks(
        _load_counters(loader, plans.datasets, commit_number),
        _load_counters(loader, plans.list_costs, commit_number),
        _load_gauges(loader, plans.datasets),
    )


def retire_changed(loader: Loader, plans: Plans, days: ClosedDays) -> dict[BookKey, Retirement]:
    """Return the remains of the counters whose stored signature no longer matches the catalog.

    The amounts of their open hours go to the daily sums, if the rows still mean the same.
    """
    retired: dict[BookKey, Retirement] = {}
    for key, (signature, start) in loader.load_signatures().items():
        plan = plans.find(key[1])
        if plan is not None and plan.dataset.signature == signature:
            continue
        is_readable = plan is not None and plan.dataset.can_read(signature)
        sums = meter_open_hours(plan.dataset, loader.load_open_hours(key)) if plan and is_readable else {}
        retired[key] = days.retire(key, start, sums)
    return retired


def _load_counters(loader: Loader, plans: Mapping[str, SeriesPlan], commit_number: int) -> dict[BookKey, Counters]:
    return {
        key: loader.load_book(key, plans[key[1]], commit_number)
        for key, (signature, _) in loader.load_signatures().items()
        if key[1] in plans and plans[key[1]].dataset.signature == signature
    }


def _load_gauges(loader: Loader, plans: Mapping[str, SeriesPlan]) -> dict[BookKey, Gauges]:
    kept = loader.load_gauges({key: plan.dataset.signature for key, plan in plans.items()})
    return {key: Gauges(plans[key[1]], state, rows) for key, (state, rows) in kept.items()}
