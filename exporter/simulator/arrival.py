"""How usage becomes visible over time: arrival curves. Only values."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Curve:
    """How much of a minute is visible when: steps of (seconds after the minute's end, thousandths visible by then).

    Both grow from step to step, and the last step has all 1,000 thousandths. Raises ValueError if they do not.
    """

    steps: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.steps or self.steps[-1][1] != 1_000:
            raise ValueError("the last step of an arrival curve has to make all 1000 thousandths visible")
        if self.steps[0][0] < 0 or self.steps[0][1] < 0:
            raise ValueError("an arrival curve can't begin before the end of the minute, or with less than nothing")
        for (earlier, fewer), (later, more) in pairwise(self.steps):
            if later <= earlier or more < fewer:
                raise ValueError(f"step ({later}, {more}) of an arrival curve has to follow ({earlier}, {fewer})")

    @property
    def delay(self) -> int:
        """Seconds after the end of a minute until all of it is visible."""
        return self.steps[-1][0]


USUAL_ARRIVAL = Curve(((60, 300), (180, 500), (600, 990), (1_500, 1_000)))
"""Analytics fill in over minutes: three tenths after one minute, half after three, nearly all after ten."""

LONG_INVOCATIONS = Curve(((60, 300), (180, 500), (600, 980), (7_200, 1_000)))
"""One event in fifty runs for two hours; it is filed under the minute in which it began, once it is over."""
