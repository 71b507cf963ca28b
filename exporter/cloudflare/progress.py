"""What has been answered so far of a question whose pieces are asked in several documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.decode import HourRows, decode_names
from exporter.cloudflare.documents import Piece
from exporter.cloudflare.errors import CloudflareError
from exporter.cloudflare.replies import Part
from exporter.model import Answer, Question, merge_rows


@dataclass(slots=True)
class Progress:
    """The parts collected so far for one question; ``planned`` are the pieces that it was cut into at first."""

    dataset: Dataset
    question: Question
    planned: Sequence[Piece]
    rows: HourRows = field(default_factory=dict)
    newest: datetime | None = None
    dates: list[datetime] = field(default_factory=list)
    intervals: list[Decimal] = field(default_factory=list)
    sampled: set[datetime] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    parts: int = 0
    fault: CloudflareError | None = None

    def add(self, decoded: HourRows, part: Part, interval: Decimal) -> None:
        """Add the rows of an answer to a piece, sampled by ``interval``."""
        for hour, rows in decoded.items():
            merge_rows(self.rows.setdefault(hour, {}), rows)
        if not self.question.is_coarse:
            self.names |= decode_names(self.dataset, part.rows)
        self.intervals.append(interval)
        self.sampled.update(decoded if interval > 1 else ())
        self.dates.append(part.date)

    @property
    def is_asked(self) -> bool:
        """Whether anything was asked: a spare question may have found no place."""
        return self.parts > 0 or self.fault is not None

    def outcome(self) -> Answer | CloudflareError:
        """Return the answer, once all pieces have been asked, or the error that prevented it."""
        if self.fault:
            return self.fault
        interval = max(self.intervals, default=Decimal(1))
        newest = self.newest
        if newest is None and self.dataset.is_counted and not self.question.by_day:
            newest = max((unit for unit, rows in self.rows.items() if rows), default=None)
        return Answer(
            self.question,
            min(self.dates),
            self.rows,
            newest,
            interval,
            frozenset(self.sampled),
            self.planned[0].limits.retention,
            names=self.names,
        )
