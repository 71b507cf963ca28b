"""What a list says of an asset besides who it is, as product files declare it: numbers, states, words. Data only.

A ``path`` leads to a value of the item, key by key, with dots between them: ``plan.name``.
"""

from dataclasses import dataclass
from decimal import Decimal

UNKNOWN_STATE = "unknown"
"""The state that holds where the list says none, or one that the catalog does not know."""


@dataclass(frozen=True, slots=True)
class FigurePart:
    """One number that feeds a figure; ``word`` is its value of the figure's split label, if there is one."""

    path: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """Numbers of the items, as a gauge of their assets.

    The exposed value is ``number * unit``: ``unit`` is one of the list's units in the metric's (0.001 for
    milliseconds); it is kept in millionths.
    ``split`` names one more label, whose value is the ``word`` of each part. A number that an item lacks has no series.
    """

    name: str
    help: str
    parts: tuple[FigurePart, ...]
    split: str = ""
    unit: Decimal = Decimal(1)

    @property
    def source(self) -> str:
        """Return the paths of its numbers."""
        return ", ".join(part.path for part in self.parts)


@dataclass(frozen=True, slots=True)
class State:
    """A word of the items, as a gauge: a series for each of ``states`` and for ``unknown``, 1 for the one that holds.

    ``states`` are Cloudflare's words (``true`` and ``false`` of a boolean), ``label`` the label that has them.
    """

    name: str
    help: str
    path: str
    states: tuple[str, ...]
    label: str = "state"

    @property
    def source(self) -> str:
        """Return the path of its word."""
        return self.path

    @property
    def all_states(self) -> tuple[str, ...]:
        """Return the states that there is a series for."""
        return (*self.states, UNKNOWN_STATE)


@dataclass(frozen=True, slots=True)
class Detail:
    """A word of the items that hardly ever changes, as a label of their info metric; empty where an item lacks it."""

    label: str
    path: str
