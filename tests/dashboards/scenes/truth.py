"""What is true of the time that was played: what grew, what fires, what it costs."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tests.dashboards.scenes.account import Played
from tests.dashboards.scenes.grafana import selectors
from tests.dashboards.scenes.moments import ruled
from tests.dashboards.scenes.prometheus import Labels, Samples
from tests.dashboards.scenes.timeline import FIRING

_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')

COUNTER = re.compile(r"\w+_total$")


@dataclass(frozen=True)
class Truth:
    """What was played, and all that was scraped of it."""

    played: Played
    scraped: Sequence[tuple[Labels, Samples]]

    @cached_property
    def _by_name(self) -> Mapping[str, list[tuple[Labels, Samples]]]:
        found: defaultdict[str, list[tuple[Labels, Samples]]] = defaultdict(list)
        for labels, samples in self.scraped:
            found[labels["__name__"]].append((labels, samples))
        return found

    def grown(self, selector: str, at: datetime, length: timedelta) -> float:
        """Return by how much the series of a selector have grown between their first and last scrape of a time."""
        grown = 0.0
        for labels, samples in self._by_name[selector.partition("{")[0]]:
            values = [value for when, value in samples if at - length <= when <= at and value is not None]
            if values and matches(selector, labels):
                grown += values[-1] - min(values)
        return grown

    def looked(self, job: str, at: datetime, length: timedelta) -> tuple[datetime, datetime]:
        """Return the first and the last scrape of a job within a time."""
        (found,) = (samples for labels, samples in self._by_name["up"] if labels["job"] == job)
        times = [when for when, value in found if at - length <= when <= at and value]
        return times[0], times[-1]


def matches(selector: str, labels: Labels) -> bool:
    """Whether the labels of a series are those that a selector wants."""
    return all(_is_matched(how, labels.get(label, ""), value) for label, how, value in _MATCHER.findall(selector))


def _is_matched(how: str, found: str, value: str) -> bool:
    wanted = value.replace("\\\\", "\\")
    is_same = bool(re.fullmatch(wanted, found)) if how.endswith("~") else wanted == found
    return is_same != how.startswith("!")


def counters(expression: str) -> list[str]:
    """Return the selectors of counters that an expression looks back on, in their order, each once."""
    found = (selector for selector, length in selectors(expression) if length)
    return list(dict.fromkeys(selector for selector in found if COUNTER.match(selector.partition("{")[0])))


def firing(at: datetime) -> list[Mapping[str, str]] | None:
    """Return the labels of the alerts that fire, without the one that always does; None if no rule is evaluated."""
    if not any(since < at <= until + timedelta(minutes=5) for since, until in ruled()):
        return None
    return [labels for _, labels, since, until in FIRING if labels and since < at < until]


def live(expression: str) -> Iterator[str]:
    """Yield questions that give something if a selector of an expression has data."""
    for selector, length in selectors(expression):
        looked_back = f"last_over_time({selector}{length.partition(':')[0].rstrip(']')}])"
        yield f"count({looked_back if length else selector})"
