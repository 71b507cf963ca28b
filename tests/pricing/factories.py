"""What tests of prices share: small cards, days, properties that are the same in every run, and files of numbers."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from exporter.pricing.card import Price, Rate
from exporter.pricing.cycle import Cycle
from exporter.pricing.rating import Consumption

NOVEMBER = Cycle(date(2026, 11, 1), date(2026, 12, 1))
DAY = timedelta(days=1)


def always(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Settings of a property: the same examples in every run, on every machine."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=False,
    )


def november(day: int) -> date:
    """Return a day of November 2026."""
    return date(2026, 11, day)


def noon(day: int) -> datetime:
    """Return the middle of a day of November 2026."""
    return datetime(2026, 11, day, 12, tzinfo=UTC)


def rate(*prices: Price) -> Rate:
    """Return a rate with these prices."""
    return Rate("product", "Name", "units", "", prices)


def used(days: Mapping[int, int], unit: int = 1) -> Consumption:
    """Return what was used, by day of November 2026."""
    return Consumption({november(day): amount for day, amount in days.items()}, unit)


def daily_amounts(most: int = 5_000) -> st.SearchStrategy[dict[int, int]]:
    """Amounts by day of the month: of few days or of many, small and large."""
    return st.dictionaries(st.integers(1, 30), st.integers(0, most), max_size=12)


class _Numbers(yaml.SafeLoader):
    """Reads every number as a Decimal, from what is written."""


def _number(_: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(node.value.replace("_", ""))


_Numbers.add_constructor("tag:yaml.org,2002:int", _number)
_Numbers.add_constructor("tag:yaml.org,2002:float", _number)


def read_numbers(path: Path) -> Any:
    """Read a YAML file in which no number is ever a float."""
    return yaml.load(path.read_text(encoding="utf-8"), _Numbers)
