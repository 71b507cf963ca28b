"""What rules record, as Prometheus would have evaluated them: what others rest on comes first."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.alerting.shipped import read_groups, rests_on
from tests.dashboards.scenes.moments import MINUTE, RULE_DELAY, every, ruled
from tests.dashboards.scenes.prometheus import Labels, Prometheus, Samples

Rule = Mapping[str, Any]

INTERVALS = {"1m": MINUTE, "5m": 5 * MINUTE}
"""How often groups of rules are evaluated."""


def record(prometheus: Prometheus, expressions: Iterable[str]) -> None:
    """Record what some expressions rest on."""
    wanted = rests_on(expressions)
    rules = [
        (rule, INTERVALS[group.get("interval", "1m")])
        for group in read_groups()
        for rule in group["rules"]
        if rule.get("record") in wanted
    ]
    while rules:
        unknown = {rule["record"] for rule, _ in rules}
        ready = [(rule, step) for rule, step in rules if not rests_on([rule["expr"]]) & unknown]
        assert ready, f"records rest on each other: {sorted(unknown)}"
        prometheus.write(series for rule, step in ready for series in _recorded(prometheus, rule, step))
        rules = [each for each in rules if each not in ready]


def _recorded(prometheus: Prometheus, rule: Rule, step: timedelta) -> Iterator[tuple[Labels, Samples]]:
    found: dict[tuple[tuple[str, str], ...], list[tuple[datetime, float | None]]] = {}
    for since, until in ruled():
        moments = list(every(step, since + RULE_DELAY, until + RULE_DELAY))
        for labels, values in prometheus.between(rule["expr"], moments[0], moments[-1], step):
            series = {**labels, "__name__": rule["record"], **rule.get("labels", {})}
            samples = found.setdefault(tuple(sorted(series.items())), [])
            samples += _marked(values, moments)
    for key, samples in found.items():
        yield dict(key), samples


def _marked(values: Mapping[datetime, float], moments: list[datetime]) -> Iterator[tuple[datetime, float | None]]:
    """Yield values, and where one is missing for the first time that the series is gone."""
    was_there = False
    for at in moments:
        if at in values:
            yield at, values[at]
        elif was_there:
            yield at, None
        was_there = at in values
