"""Scrapes as a test of Prometheus' own rule engine: ``promtool test rules`` decides what is recorded and what fires."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.alerting.scene import BEGIN, Scrape
from tests.alerting.shipped import RULES, judge, read_groups, shown

TARGET_LABELS = {
    "job": "cloudflare",
    "instance": "10.0.0.1:9199",
    "namespace": "monitoring",
    "pod": "exporter-0",
    "service": "exporter",
}

STEP_SECONDS = 5
"""The distance of the values of a series; between two scrapes they are empty."""

Labels = Mapping[str, str]


@dataclass
class RuleTest:
    """One test of rules on scraped values, evaluated every ``step`` minutes. Times are seconds of the scene."""

    scrapes: Sequence[Scrape]
    rules: Sequence[Path] = RULES
    step: int = 1
    _alerts: list[dict[str, Any]] = field(default_factory=list)
    _expressions: list[dict[str, Any]] = field(default_factory=list)

    def expect_alerts(self, second: int, name: str, alerts: Sequence[tuple[Labels, Labels]]) -> None:
        """Want exactly these alerts of a name to fire: labels and annotations of each."""
        wanted = [{"exp_labels": dict(labels), "exp_annotations": dict(notes)} for labels, notes in alerts]
        self._alerts.append({"eval_time": f"{second}s", "alertname": name, "exp_alerts": wanted})

    def expect_samples(self, second: int, expression: str, samples: Mapping[str, float]) -> None:
        """Want an expression to give exactly these samples, by series."""
        wanted = [{"labels": labels, "value": value} for labels, value in samples.items()]
        self._expressions.append({"expr": expression, "eval_time": f"{second}s", "exp_samples": wanted})

    def run(self, promtool: Path, folder: Path) -> None:
        """Let promtool decide; fails with what it says."""
        test = {
            "interval": f"{STEP_SECONDS}s",
            "input_series": list(_input_series(self.scrapes)),
            "alert_rule_test": self._alerts,
            "promql_expr_test": self._expressions,
        }
        said = judge(promtool, folder, read_groups(self.rules), test, seconds=60, step=f"{self.step}m")
        assert not said, shown(said)


def _input_series(scrapes: Sequence[Scrape]) -> list[dict[str, str]]:
    names = {series for scrape in scrapes for series in scrape.values or ()}
    values = {name: [_printed(name, (scrape.values or {}).get(name)) for scrape in scrapes] for name in sorted(names)}
    values["up"] = [str(int(scrape.values is not None)) for scrape in scrapes]
    steps = [scrape.second // STEP_SECONDS for scrape in scrapes]
    gaps = [later - earlier - 1 for earlier, later in zip([-1, *steps], steps, strict=False)]
    return [{"series": of_target(name), "values": _laid_out(values[name], gaps)} for name in values]


def _printed(name: str, value: str | None) -> str:
    """Return a value as promtool reads it. Its time begins at 0, so times are relative to the scene's start."""
    if value is None or not name.partition("{")[0].endswith("_timestamp_seconds"):
        return value or "stale"
    return str(float(value) - BEGIN.timestamp())


def of_target(series: str) -> str:
    """Return a series with the labels that Prometheus puts on what it scrapes."""
    name, _, labels = series.partition("{")
    target = ",".join(f'{label}="{value}"' for label, value in TARGET_LABELS.items())
    return f"{name}{{{target}{',' if labels else ''}{labels or '}'}"


def _laid_out(values: Sequence[str], gaps: Sequence[int]) -> str:
    return " ".join(f"_x{gap} {value}" for gap, value in zip(gaps, values, strict=True))
