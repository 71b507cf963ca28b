"""Formats for numbers, dollars, moments and durations on the page. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from exporter.costs.formatting import dollars as dollars_and_cents

Value = TypeVar("Value")

CENT = Decimal("0.01")


def or_dash(value: Value | None, write: Callable[[Value], str]) -> str:
    """Return the formatted value, or a dash if it is unknown."""
    return "-" if value is None else write(value)


def count(number: int) -> str:
    """Return a number with thousands separators."""
    return f"{number:,}"


def dollars(amount: Decimal) -> str:
    """Return dollars and cents; amounts below a cent show as ``<$0.01``."""
    return "<$0.01" if 0 < amount < CENT else dollars_and_cents(amount)


def minute(moment: datetime | None) -> str:
    """Return a moment to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def second(moment: datetime) -> str:
    """Return a moment to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units, e.g. ``2 h 10 min``."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "less than 1 min"
    days, hours, rest = minutes // 1_440, minutes // 60 % 24, minutes % 60
    units = [(days, "d"), (hours, "h"), (rest, "min")]
    first = next(index for index, (number, _) in enumerate(units) if number)
    return " ".join(f"{number} {unit}" for number, unit in units[first : first + 2] if number)
