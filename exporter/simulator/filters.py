"""Filters of GraphQL datasets: from ``{datetimeMinute_geq: …, scriptName_in: […], OR: […]}`` to bounds and tests."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from exporter.simulator.scalars import seconds
from exporter.simulator.usage import Values

TIME_STEPS: Mapping[str, int] = MappingProxyType(
    {
        "datetime": 1,
        "datetimeMinute": 1,
        "datetimeFiveMinutes": 5,
        "datetimeFifteenMinutes": 15,
        "datetimeHalfOfHour": 30,
        "datetimeHour": 60,
        "datetimeSixHours": 360,
        "date": 1_440,
    }
)
"""The time dimensions, with the number of minutes that each truncates to."""

BEGINNING = -(1 << 40)
END = 1 << 40


def _is_like(value: Any, pattern: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("%"))
    return re.fullmatch(".*".join(parts), str(value), re.DOTALL) is not None


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "": operator.eq,
        "neq": operator.ne,
        "gt": operator.gt,
        "geq": operator.ge,
        "lt": operator.lt,
        "leq": operator.le,
        "in": lambda value, operand: value in operand,
        "notin": lambda value, operand: value not in operand,
        "like": _is_like,
        "notlike": lambda value, operand: not _is_like(value, operand),
    }
)

Test = Callable[[Values], bool]
MinuteTest = Callable[[Values, int], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """The rows that a filter admits: those in the minutes from ``lo`` up to ``hi`` that pass every test."""

    lo: int = BEGINNING
    hi: int = END
    tests: tuple[Test, ...] = ()
    minute_tests: tuple[MinuteTest, ...] = ()

    @property
    def is_timed(self) -> bool:
        """Return whether the condition depends on the time of a row."""
        return self.lo != BEGINNING or self.hi != END or bool(self.minute_tests)

    def accepts(self, values: Values) -> bool:
        """Return whether dimension values pass, regardless of the time."""
        return all(test(values) for test in self.tests)

    def accepts_minute(self, values: Values, minute: int) -> bool:
        """Return whether dimension values pass at a minute."""
        return (
            self.lo <= minute < self.hi and self.accepts(values) and all(t(values, minute) for t in self.minute_tests)
        )


def read_filter(given: Mapping[str, Any], dimensions: Sequence[str]) -> Condition:
    """Return the condition of a filter on a dataset with these dimensions."""
    condition = Condition()
    for name, operand in given.items():
        if operand is None:
            continue
        if name == "AND":
            for part in operand:
                condition = _both(condition, read_filter(part, dimensions))
        elif name == "OR":
            condition = _both(condition, _any([read_filter(part, dimensions) for part in operand]))
        else:
            condition = _both(condition, _single(name, operand, dimensions))
    return condition


def of_zone(condition: Condition, zone_id: str) -> Condition:
    """Return the condition for the rows of one zone only, whose id is their first value."""
    return _both(Condition(tests=(lambda values: values[0] == zone_id,)), condition)


def _both(one: Condition, other: Condition) -> Condition:
    return Condition(
        max(one.lo, other.lo),
        min(one.hi, other.hi),
        one.tests + other.tests,
        one.minute_tests + other.minute_tests,
    )


def _any(parts: Sequence[Condition]) -> Condition:
    if not any(part.is_timed for part in parts):
        return Condition(tests=(lambda values: any(part.accepts(values) for part in parts),))
    return Condition(
        lo=min(part.lo for part in parts),
        hi=max(part.hi for part in parts),
        minute_tests=(lambda values, minute: any(part.accepts_minute(values, minute) for part in parts),),
    )


def _single(name: str, operand: Any, dimensions: Sequence[str]) -> Condition:
    field, _, comparison = name.partition("_")
    if field in TIME_STEPS:
        return _time(TIME_STEPS[field], comparison, operand)
    index = dimensions.index(field)
    compare = _COMPARISONS[comparison]
    return Condition(tests=(lambda values: compare(values[index], operand),))


def _time(step: int, comparison: str, operand: Any) -> Condition:
    if comparison in {"in", "notin", "neq"}:
        return _listed(step, comparison, [seconds(entry) for entry in _as_list(operand)])
    moment, unit = seconds(operand), step * 60
    at_or_after = -(-moment // unit) * step
    after = (moment // unit + 1) * step
    bounds = {
        "": (at_or_after, after),
        "geq": (at_or_after, END),
        "gt": (after, END),
        "lt": (BEGINNING, at_or_after),
        "leq": (BEGINNING, after),
    }
    return Condition(*bounds[comparison])


def _as_list(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


def _listed(step: int, comparison: str, moments: Sequence[int]) -> Condition:
    is_wanted = comparison == "in"

    def test(_values: Values, minute: int) -> bool:
        return ((minute - minute % step) * 60 in moments) == is_wanted

    if is_wanted and moments:
        return Condition(min(moments) // 60, max(moments) // 60 + step, minute_tests=(test,))
    return Condition(minute_tests=(test,))
