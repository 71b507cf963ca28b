"""Thresholds of single accounts, projects and assets: rules take them for theirs, and the default for all others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.alerts.table import ACCOUNT, ADJUSTABLE
from exporter.catalog import KINDS
from stack.tools import Tools
from tests.alerting.cases.stage import HOUR, MINUTE, Gauge, Scene, Signal, Way
from tests.alerting.shipped import judge, only, shown
from tests.alerting.test_cases import SCENES

LONG_BUT_TRIED = frozenset({"CloudflareD1RowsReadSpike"})
"""Of the spikes, whose rules differ in names only, one is tried."""

LABELS = {name: kind.label for name, kind in KINDS.items()}

BELOW_IS_BAD = frozenset({"CloudflareWorkerSuccessRatioLow", "CloudflareWorkerTrafficVanished"})

pytestmark = pytest.mark.timeout(120)


def scenes() -> Iterator[Scene]:
    for scene in SCENES:
        is_short = scene.length <= 9 * HOUR or scene.alert in LONG_BUT_TRIED
        if scene.alert in ADJUSTABLE and Way.ABOVE in scene.ways and is_short:
            yield scene


def threshold(scene: Scene, way: Way, value: float) -> Signal:
    """Return a threshold as the exporter publishes it for the subject of a scene."""
    alert = ADJUSTABLE[scene.alert]
    labels = {"alert": scene.alert, "severity": scene.severity, "kind": alert.subject, "project": "", "asset": ""}
    if alert.subject != ACCOUNT:
        (project,) = {signal.labels["project"] for signal in scene.ways[way] if "project" in signal.labels}
        labels["project"] = project
    if alert.subject in LABELS:
        name = LABELS[alert.subject]
        (labels["asset"],) = {signal.labels[name] for signal in scene.ways[way] if name in signal.labels}
    return Gauge("cloudflare_alert_threshold", value, labels)


def with_exceptions(scene: Scene) -> Scene:
    """Return the scene in which what was above its threshold is allowed, and what was below it is not."""
    allowed, forbidden = (1e-9, 1e12) if scene.alert in BELOW_IS_BAD else (1e12, 1e-9)
    ways: dict[Way, Sequence[Signal]] = {
        Way.ABOVE: [*scene.ways[Way.ABOVE], threshold(scene, Way.ABOVE, allowed)],
        Way.BELOW: [*scene.ways[Way.BELOW], threshold(scene, Way.BELOW, forbidden)],
    }
    return replace(scene, ways=ways)


@pytest.mark.parametrize("scene", tuple(scenes()), ids=lambda scene: f"{scene.alert}-{scene.severity}-{scene.name}")
def test_an_exception_counts_for_its_subject(scene: Scene, tools: Tools, tmp_path: Path) -> None:
    """What is allowed more is silent, and what is allowed less fires."""
    if scene.alert == "CloudflareUnlistedAssets":
        # Nothing is less than none.
        scene = replace(scene, ways=scene.ways | {Way.BELOW: [Gauge("cloudflare_exporter_unlisted_assets", 0.5)]})
    tried = with_exceptions(scene)
    firing = f'ALERTS{{alertname="{scene.alert}",severity="{scene.severity}",alertstate="firing"}}'
    test = {
        "interval": f"{tried.step}s",
        "input_series": list(tried.input_series()),
        "promql_expr_test": [
            {
                "expr": f"count by (account) ({firing})",
                "eval_time": f"{tried.length}s",
                "exp_samples": [{"labels": f'{{account="{Way.BELOW.value}"}}', "value": 1}],
            }
        ],
    }
    # What fires is looked at once, when all has been as it is for hours.
    step = max(tried.evaluation_step, 5 * MINUTE)
    said = judge(tools.promtool, tmp_path, only({scene.alert}), test, seconds=100, step=f"{step}s")
    assert not said, shown(said)
