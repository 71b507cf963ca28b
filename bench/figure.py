"""One measured figure and the bound it has to keep."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in a unit; ``bound`` is the largest that is allowed, None for a figure that only informs."""

    name: str
    value: float
    unit: str
    bound: float | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the bound is kept."""
        return self.bound is None or self.value <= self.bound


def as_document(figures: Iterable[Figure]) -> dict[str, dict[str, float | str | bool | None]]:
    """Return the figures as they are printed: name -> value, unit, bound, ok."""
    return {
        figure.name: {"value": figure.value, "unit": figure.unit, "bound": figure.bound, "ok": figure.is_ok}
        for figure in figures
    }


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of all do not exceed. Raises ValueError if there is none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(-int(-len(ordered) * share // 1) - 1, 0)]
