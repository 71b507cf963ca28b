"""Arrival curves: how usage becomes visible over time. Only values."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Curve:
    """The visible part of a minute over time: steps of (seconds after the minute's end, thousandths visible by then).

    Both grow from step to step, and the last step has all 1,000 thousandths. Raises ValueError otherwise.
    """

    steps: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.steps or self.steps[-1][1] != 1_000:
            raise ValueError("the last step of an arrival curve must make all 1000 thousandths visible")
        if self.steps[0][0] < 0 or self.steps[0][1] < 0:
            raise ValueError("an arrival curve cannot begin before the end of the minute or with a negative part")
        for (earlier, fewer), (later, more) in pairwise(self.steps):
            if later <= earlier or more < fewer:
                raise ValueError(f"step ({later}, {more}) of an arrival curve must follow ({earlier}, {fewer})")

    @property
    def delay(self) -> int:
        """Return the seconds after the end of a minute until all of it is visible."""
        return self.steps[-1][0]


USUAL_ARRIVAL = Curve(((60, 300), (180, 500), (600, 990), (1_500, 1_000)))
"""Analytics fill in over minutes: three tenths after one minute, half after three, nearly all after ten."""

LONG_INVOCATIONS = Curve(((60, 300), (180, 500), (600, 980), (7_200, 1_000)))
"""One event in fifty runs for two hours; it is recorded in the minute in which it began, once it has ended."""
