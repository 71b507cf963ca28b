"""Crash points: an exporter dies before or right after one of its ledger's writes.

The file changes only with commits, so these are all the states in which a crash can leave it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from exporter.catalog.dataset import Dataset
from exporter.ledger import ApplyResult, DayChange, DayPart, Ledger, Publication, Tariffs
from exporter.ledger.counters import CounterChange
from exporter.ledger.projects import ProjectRules
from exporter.ledger.store.change import LedgerChange
from exporter.model import Account, Answer, Inventory

Result = TypeVar("Result")


class Crash(BaseException):
    """The exporter is dead: no error boundary can stop this."""


def bury_crashed_tasks() -> None:
    """Let the running loop say nothing of tasks that ended with a crash: nobody is left to ask them why."""

    def tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Crash):
            loop.default_exception_handler(context)

    asyncio.get_running_loop().set_exception_handler(tell)


class CrashPoint(NamedTuple):
    """At which write, counted from 1, and whether that write is committed before the exporter dies."""

    write: int
    is_committed: bool


@dataclass
class Writes:
    """The writes of one state folder, by all exporters that used it: of each, which parts of the ledger it changed.

    At ``crash_point`` the exporter that writes dies.
    """

    crash_point: CrashPoint | None = None
    kinds: list[frozenset[str]] = field(default_factory=list)
    is_dead: bool = False

    def open_ledger(self, folder: Path | None, datasets: Iterable[Dataset], tariffs: Tariffs) -> Ledger:
        """Open a ledger whose writes count here."""
        ledger = MortalLedger.open(folder, datasets, tariffs)
        assert isinstance(ledger, MortalLedger)
        ledger.writes = self
        self.is_dead = False
        return ledger

    def crash_points(self) -> list[CrashPoint]:
        """Return every crash point of the writes so far: those that changed nothing have none."""
        numbers = [number for number, kind in enumerate(self.kinds, start=1) if kind]
        return [CrashPoint(number, is_committed) for number in numbers for is_committed in (False, True)]

    def first_of_each_kind(self) -> list[CrashPoint]:
        """Return the crash points of the first write that changes just these parts, for all that there are."""
        return [
            point for point in self.crash_points() if point.write == self.kinds.index(self.kinds[point.write - 1]) + 1
        ]


UNWRITTEN = frozenset({"settled"})
"""The parts of a change that the file does not have."""


def parts_of(change: LedgerChange) -> frozenset[str]:
    """Return what a change writes: its fields that are not empty, and those of its changes of books and of days."""
    found: set[str] = set()
    for part in fields(change):
        written = getattr(change, part.name)
        for value in written.values() if isinstance(written, Mapping) else [written]:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, CounterChange | DayChange):
                    found |= {
                        f"{part.name}: {inner.name}"
                        for inner in fields(one)
                        if getattr(one, inner.name) and inner.name not in UNWRITTEN
                    }
                elif one:
                    found.add(part.name)
    return frozenset(found)


class MortalLedger(Ledger):
    """A ledger that dies at its crash point, and neither writes nor publishes any more from then on."""

    writes: Writes | None = None
    _changed: frozenset[str] = frozenset()

    def enroll(self, accounts: Sequence[Account], alias: Mapping[str, str] = MappingProxyType({})) -> None:
        self._write(lambda: super(MortalLedger, self).enroll(accounts, alias))

    def apply_discovery(self, inventory: Inventory, rules: ProjectRules, scraped: int) -> None:
        self._write(lambda: super(MortalLedger, self).apply_discovery(inventory, rules, scraped))

    def apply(self, account_id: str, answers: Sequence[Answer], scraped: int) -> ApplyResult:
        return self._write(lambda: super(MortalLedger, self).apply(account_id, answers, scraped))

    def apply_days(self, account_id: str, answers: Sequence[tuple[DayPart, Answer]], scraped: int) -> list[DayChange]:
        return self._write(lambda: super(MortalLedger, self).apply_days(account_id, answers, scraped))

    def publication(
        self, now: datetime | None = None, list_life: timedelta | None = None, latest: datetime | None = None
    ) -> Publication:
        if self.writes is not None and self.writes.is_dead:
            raise Crash
        return super().publication(now, list_life, latest)

    def _commit(self, change: LedgerChange) -> None:
        super()._commit(change)
        self._changed = parts_of(change)

    def _write(self, work: Callable[[], Result]) -> Result:
        writes = self.writes
        assert writes is not None
        if writes.is_dead:
            raise Crash
        point = writes.crash_point
        is_last = point is not None and len(writes.kinds) + 1 == point.write
        writes.is_dead = is_last and point is not None and not point.is_committed
        if writes.is_dead:
            writes.kinds.append(frozenset())
            raise Crash
        self._changed = frozenset()
        result = work()
        writes.kinds.append(self._changed)
        writes.is_dead = is_last
        if is_last:
            raise Crash
        return result
