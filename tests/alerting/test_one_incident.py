"""Of the alerts of one incident the worst fires first and last, so that Alertmanager has one to tell."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.alertmanager.inhibitions import OF_A_WORKER
from exporter.alerts.table.failing import FAILING
from stack.tools import Tools
from tests.alerting.cases.failing import SUBJECTS
from tests.alerting.cases.stage import HOUR, MINUTE, Counter, Scene, Signal, Way
from tests.alerting.shipped import SHIPPED, judge, only, shown

BEGINS, ENDS, LENGTH = 4 * HOUR, 7 * HOUR + 30 * MINUTE, 9 * HOUR

OUTAGES, OTHERS = (1.0, 0.6, 0.26), (0.2, 0.1, 0.06)
"""What fails of the invocations of Workers while the incident lasts; they are called by it."""

pytestmark = pytest.mark.timeout(180)


def incident(share: float) -> Iterator[Signal]:
    """Return a Worker whose invocations all end well but for the incident."""
    (workers,) = (each for each in SUBJECTS if each.product == "workers")
    for each in workers.failing(share):
        assert isinstance(each, Counter) and isinstance(each.rate, float)
        usual = 10.0 if each.labels["status"] == "success" else 0.0

        def course(second: int, lately: float = each.rate, usual: float = usual) -> float:
            return lately if BEGINS <= second < ENDS else usual

        yield replace(each, rate=course, labels={**each.labels, "script_name": str(share)})


def unsuppressed(place: int) -> str:
    """Return the query for alerts of a Worker at a place of the order that no worse one suppresses."""
    worse = " or ".join(firing(*each) for each in OF_A_WORKER[:place])
    return f"{firing(*OF_A_WORKER[place])} unless on (script_name) ({worse})" if worse else firing(*OF_A_WORKER[place])


def of(shares: Iterable[float]) -> str:
    return f'ALERTS{{script_name=~"{"|".join(map(str, shares))}"}}'


def firing(name: str, severity: str) -> str:
    return f'ALERTS{{alertname="{name}",severity="{severity}",alertstate="firing"}}'


def test_a_failing_worker_has_one_alert_to_tell(tools: Tools, tmp_path: Path) -> None:
    """At no minute, from the first to the last, is a lesser one without a worse one; only what worsens is told anew.

    An outage is one from the start. What fails less is a warning that becomes a fast burn once an hour knows it.
    """
    workers = [signal for share in (*OUTAGES, *OTHERS) for signal in incident(share)]
    scene = Scene("", "", "", {Way.ABOVE: workers}, datasets=("workersInvocationsAdaptive",), length=LENGTH)
    tests: list[dict[str, object]] = []
    for second in range(BEGINS, LENGTH + 1, MINUTE):
        untold = [f"({unsuppressed(place)}) and on (script_name) {of(OUTAGES)}" for place in range(1, len(OF_A_WORKER))]
        untold += [unsuppressed(place) for place in range(3, len(OF_A_WORKER))]
        if second > ENDS:
            untold.append(f"({unsuppressed(2)}) and on (script_name) {firing(*OF_A_WORKER[1])} offset 10m")
        tests += [{"eval_time": f"{second}s", "expr": each, "exp_samples": []} for each in untold]
    for place, shares in ((0, OUTAGES), (1, (*OUTAGES, 0.2, 0.1)), (2, (*OUTAGES, *OTHERS)), (3, (*OUTAGES, 0.2, 0.1))):
        fired = f"count by (script_name) ({firing(*OF_A_WORKER[place])})"
        wanted = [{"labels": f'{{script_name="{share}"}}', "value": 1} for share in shares]
        tests.append({"eval_time": f"{ENDS}s", "expr": fired, "exp_samples": wanted})
    test = {"interval": "60s", "input_series": list(scene.input_series()), "promql_expr_test": tests}
    said = judge(tools.promtool, tmp_path, only({name for name, _ in OF_A_WORKER}), test, seconds=150)
    assert not said, shown(said)


def test_what_suppresses_waits_no_longer_and_is_kept_no_shorter() -> None:
    """The rules of each pair say so."""
    rules = {(rule["alert"], rule["labels"]["severity"]): rule for rule in SHIPPED if "alert" in rule}
    orders = [OF_A_WORKER, *(((each.outage.name, "critical"), (each.ratio.name, "warning")) for each in FAILING)]
    for worse, lesser in (pair for order in orders for pair in pairwise(order)):
        assert minutes(rules[worse], "for") <= minutes(rules[lesser], "for"), (worse, lesser)
        assert minutes(rules[worse], "keep_firing_for") >= minutes(rules[lesser], "keep_firing_for"), (worse, lesser)


def minutes(rule: dict[str, str], key: str) -> int:
    return int(rule.get(key, "0m").removesuffix("m"))
