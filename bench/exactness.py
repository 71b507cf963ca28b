"""Simulate a day of failures, late data and restarts, then compare every counter with the oracle."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from bench.figure import Figure
from exporter.catalog import DATASETS
from exporter.model import Scope
from exporter.simulator import Fault, Kind
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world

REFRESHES = 24 * 60
RESTARTS = 10
LATENESS = timedelta(minutes=25)

# One request in five fails (502, broken connection, truncated body), and one answer in five lacks a dataset, which no
# retry cures.
FAULTS = (
    Fault(kind=Kind.HTTP_STATUS, status=502, html=True, probability=0.1),
    Fault(kind=Kind.DISCONNECT, probability=0.05),
    Fault(kind=Kind.TRUNCATED_BODY, probability=0.05),
    Fault(kind=Kind.ALIAS_ERROR, dataset="workersInvocationsAdaptive", probability=0.2),
    Fault(kind=Kind.ALIAS_ERROR, dataset="durableObjectsPeriodicGroups", probability=0.2),
)


async def measure_exactness(folder: Path, refreshes: int = REFRESHES, restarts: int = RESTARTS) -> list[Figure]:
    """Return the number of counters and how many of them differ. Every second restart is a kill."""
    rig = Rig(small_world(1, LATENESS), folder)
    rig.simulator.faults.add(*FAULTS)
    every = refreshes // (restarts + 1)
    restarted = 0
    for number in range(1, refreshes + 1):
        await rig.refresh()
        rig.scrape()
        if number % every == 0 and restarted < restarts:
            restarted += 1
            await (rig.kill() if restarted % 2 else rig.restart())
        rig.clock.advance(timedelta(minutes=1))
    await rig.come_to_rest()
    counters, differing = _compare(rig)
    await rig.exporter.close()
    return [
        Figure("counters_after_a_bad_day", counters, "counters"),
        Figure("counters_unequal_to_the_oracle", differing, "counters", 0),
    ]


def _compare(rig: Rig) -> tuple[int, int]:
    """Return the number of totals and how many differ, or at least 1 if the published increases differ."""
    counters = differing = 0
    now = rig.clock.cloudflare.now()
    for dataset in DATASETS.values():
        if not dataset.is_counted:
            continue
        truth = rig.oracle(dataset, rig.start_of(dataset.key), now)
        totals = rig.exporter.ledger.totals(Scope(ACCOUNT_ID), dataset.key)
        known = {key: total for key, total in totals.items() if any(total)}
        counters += len(truth) * len(dataset.fields)
        for key in truth.keys() | known.keys():
            nothing = (0,) * len(dataset.fields)
            pairs = zip(truth.get(key, nothing), known.get(key, nothing), strict=True)
            differing += Counter(one != other for one, other in pairs)[True]
    try:
        rig.check()
    except AssertionError:
        differing = max(differing, 1)
    return counters, differing
