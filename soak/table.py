"""The expected and the actual usage, one line for each metric and each meter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exporter.catalog import DATASETS
from exporter.pricing import PLACES
from tests.exactness.harness import Rig

DIVISORS = {metric.name: metric.divisor for dataset in DATASETS.values() for metric in dataset.metrics}
DIVISORS["cloudflare_list_cost_usd_total"] = 10**PLACES


@dataclass(frozen=True)
class ComparedRow:
    """A metric or meter: sums over all its series, and the sum of their differences, in units of 1/``divisor``."""

    name: str
    expected: int
    got: int
    difference: int
    divisor: int = 1

    def cells(self) -> tuple[str, str, str, str]:
        """Return the texts of the line's columns."""
        return self.name, self._text(self.expected), self._text(self.got), self._text(self.difference)

    def _text(self, amount: int) -> str:
        return f"{Decimal(amount) / self.divisor:,f}"


def lines_of(rig: Rig, account_ids: Sequence[str], rested_at: datetime) -> list[ComparedRow]:
    """Return the lines of a finished run: increases of scraped counters, then daily sums, each against the oracle."""
    expected, got = rig.compared_increases(*account_ids)
    metrics: dict[str, list[tuple[int, int]]] = {}
    for kept in expected.keys() | got.keys():
        metrics.setdefault(kept[0], []).append((expected[kept], got[kept]))
    meters: dict[str, list[tuple[int, int]]] = {}
    for account_id in account_ids:
        known, truth = rig.daily_sums(rested_at, account_id)
        for key in known.keys() | truth.keys():
            meters.setdefault(key[2], []).append((truth.get(key, 0), known.get(key, 0)))
    return [
        *(_line(name, pairs, DIVISORS[name]) for name, pairs in sorted(metrics.items())),
        *(_line(f"daily sums of {meter}", pairs, 1) for meter, pairs in sorted(meters.items())),
    ]


def _line(name: str, pairs: Sequence[tuple[int, int]], divisor: int) -> ComparedRow:
    """Return the line of some series, from the expected and the actual amount of each."""
    return ComparedRow(
        name,
        sum(expected for expected, _ in pairs),
        sum(got for _, got in pairs),
        sum(abs(got - expected) for expected, got in pairs),
        divisor,
    )


def as_text(lines: Sequence[ComparedRow]) -> str:
    """Return the lines as a table."""
    rows = [("metric", "expected", "actual", "difference"), *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "".join(
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}\n" for row in rows
    )
