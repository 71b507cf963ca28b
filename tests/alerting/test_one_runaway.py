"""A project that runs away is one critical alert, however many thresholds it passes."""

from pathlib import Path

import pytest

from stack.tools import Tools
from tests.alerting.cases.runaways import DATASET, DAYS, LATELY, hourly
from tests.alerting.cases.stage import DAY, MINUTE, Scene, Way, rising
from tests.alerting.shipped import judge, only, shown

PER_HOUR, MULTIPLIED, PER_DAY = (f"CloudflareListCost{word}" for word in ("PerHourHigh", "Multiplied", "PerDayHigh"))

RUNAWAY = Scene(
    "A thousand times the usual.",
    PER_HOUR,
    "critical",
    {Way.ABOVE: hourly(rising(0.11, 110, LATELY))},
    datasets=DATASET,
    length=DAYS,
    step=5 * MINUTE,
    norm=DAY,
)

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(
    ("alerts", "fires"),
    [
        ((PER_HOUR, MULTIPLIED, PER_DAY), {PER_HOUR}),
        ((MULTIPLIED, PER_DAY), {MULTIPLIED}),
        ((PER_DAY,), {PER_DAY}),
    ],
    ids=["the most urgent", "the next", "the last"],
)
def test_the_most_urgent_tells(alerts: tuple[str, ...], fires: set[str], tools: Tools, tmp_path: Path) -> None:
    """Each would fire by itself, and only the first does."""
    firing = 'count by (alertname) (ALERTS{alertstate="firing"})'
    test = {
        "interval": f"{RUNAWAY.step}s",
        "input_series": list(RUNAWAY.input_series()),
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{RUNAWAY.length}s",
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(fires)],
            }
        ],
    }
    said = judge(tools.promtool, tmp_path, only(alerts), test, seconds=150, step=f"{RUNAWAY.evaluation_step}s")
    assert not said, shown(said)
