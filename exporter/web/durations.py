"""Durations of web configurations, in Go's notation: https://pkg.go.dev/time#ParseDuration"""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

_MICROSECONDS: Mapping[str, Decimal] = MappingProxyType(
    {
        "ns": Decimal("0.001"),
        "us": Decimal(1),
        "µs": Decimal(1),
        "μs": Decimal(1),
        "ms": Decimal(1_000),
        "s": Decimal(10**6),
        "m": Decimal(60 * 10**6),
        "h": Decimal(3_600 * 10**6),
        "d": Decimal(86_400 * 10**6),
        "w": Decimal(604_800 * 10**6),
        "y": Decimal(31_536_000 * 10**6),
    }
)
"""The units of a duration: Go's, and those of Prometheus beyond them."""

_LONGEST = 10 * _MICROSECONDS["y"]

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_UNIT = "|".join(sorted(_MICROSECONDS, key=len, reverse=True))
_DURATION_PART = re.compile(rf"({_NUMBER})({_UNIT})", re.ASCII)
_DURATION = re.compile(rf"(?P<sign>[-+]?)(?:(?P<number>{_NUMBER})|(?P<parts>(?:{_NUMBER}(?:{_UNIT}))+))", re.ASCII)


def parse_interval(text: Any) -> timedelta:
    """Parse a duration as Go does, such as ``1.5s``; 0 means none. Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("must be a duration such as 500ms, 1.5s or 1m30s, or 0 for no limit")
    if found["number"]:
        if Decimal(found["number"]):
            raise ValueError("needs a unit, as in 1s: exporter-toolkit would take a number as nanoseconds")
        return timedelta(0)
    parts = _DURATION_PART.findall(found["parts"])
    microseconds = sum(Decimal(number) * _MICROSECONDS[unit] for number, unit in parts)
    if found["sign"] == "-" and microseconds:
        raise ValueError("must not be negative; 0 means no limit")
    if microseconds > _LONGEST:
        raise ValueError("must be at most ten years")
    return timedelta(microseconds=math.ceil(microseconds))
