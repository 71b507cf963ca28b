"""What a source is: something that is read beside usage, at an interval of its own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from exporter.metrics.family import Family
from exporter.status import Problem

Reading = TypeVar("Reading")


class Source(Protocol[Reading]):
    """Something that is read beside usage; what ``poll`` returns is a reading, a frozen value.

    A source publishes gauges and info only. It never writes a usage counter; what it counts itself, and what has to
    survive a restart, belongs in the ledger's store.
    """

    @property
    def name(self) -> str:
        """The name in lower case with underscores: the value of the label ``source``."""
        ...

    @property
    def interval(self) -> timedelta:
        """The time between the beginnings of two polls; a reading is current for three of them."""
        ...

    async def poll(self) -> Reading:
        """Return what is true at this moment, without blocking the event loop.

        Raises ExporterError, with what failed and what to do, if that cannot be read: unknown is never fine. Whatever
        else it raises is an internal error. It is cancelled if it takes too long, and when the exporter ends.
        """
        ...

    def families(self, reading: Reading, now: datetime) -> Iterable[Family]:
        """Return the metrics of a reading. Pure, and called in a thread."""
        ...

    def problems(self, reading: Reading, now: datetime) -> Iterable[Problem]:
        """Return what a reading shows to be wrong. Pure, and called in a thread."""
        ...
