"""The filter of daily sums."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from exporter.model import DISPATCH_PREFIX


class DailyFilter(NamedTuple):
    """The assets, by id, and the meters whose daily sums are read; None: all.

    Rows of no asset (the account's own, scripts of a dispatch namespace) are always read: the caller decides where they
    belong.
    """

    assets: frozenset[str] | None = None
    meters: frozenset[str] | None = None

    def condition(self) -> tuple[str, tuple[str, ...]]:
        """Return the filter as part of an SQL condition, with the condition's values from the fourth on."""
        text, values = "", []
        if self.assets is not None:
            text += " AND (asset IN (SELECT value FROM json_each(?4)) OR asset = '' OR asset GLOB ?5)"
            values += [_listed(self.assets), f"{DISPATCH_PREFIX}*"]
        if self.meters is not None:
            text += f" AND meter IN (SELECT value FROM json_each(?{4 + len(values)}))"
            values.append(_listed(self.meters))
        return text, tuple(values)


def _listed(words: Iterable[str]) -> str:
    return json.dumps(sorted(words))


EVERYTHING = DailyFilter()
