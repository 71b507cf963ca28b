"""A measured figure and its bound."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in a unit; ``bound`` is the largest allowed value, None for a figure without a limit."""

    name: str
    value: float
    unit: str
    bound: float | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the value is within the bound."""
        return self.bound is None or self.value <= self.bound

    def as_line(self) -> str:
        """Return the figure as a line of text."""
        bound = "" if self.bound is None else f" (at most {self.bound:,}{'' if self.is_ok else ': EXCEEDED'})"
        return f"{self.name}: {self.value:,} {self.unit}{bound}"


def as_document(figures: Iterable[Figure]) -> dict[str, dict[str, float | str | bool | None]]:
    """Return the figures for printing: name -> value, unit, bound, ok."""
    return {
        figure.name: {"value": figure.value, "unit": figure.unit, "bound": figure.bound, "ok": figure.is_ok}
        for figure in figures
    }


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of all do not exceed. Raise ValueError if there are none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(-int(-len(ordered) * share // 1) - 1, 0)]
