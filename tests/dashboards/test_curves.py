"""Curves can be read: each legend says how much, the week before lies beside now, and quantiles lie together."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards.colors import DISTINCT
from dashboards.grafana import HIDDEN, WEEK_BEFORE
from dashboards.names import PROJECT_LEVEL
from dashboards.queries import TO_DATE, by_project
from stack.tools import Tools
from tests.dashboards.reading import DASHBOARDS, Json, expand, panels

CURVES = [panel for page in DASHBOARDS.values() for panel in panels(page) if panel["type"] == "timeseries"]
LINES_AND_HEAD = 90
"""The height in pixels of a legend's head and two of its lines, of which Grafana gives it about a third."""

every_panel = pytest.mark.parametrize("panel", CURVES, ids=lambda panel: panel["title"])


def overrides(panel: Json, name: str) -> Json:
    """Return the overridden properties of a series."""
    return {
        entry["id"]: entry["value"]
        for rule in panel["fieldConfig"]["overrides"]
        for entry in rule["properties"]
        if rule["matcher"]["options"] == name
    }


@every_panel
def test_each_legend_is_a_table(panel: Json) -> None:
    """With the last, mean and largest value of each series, sorted by one of them; it has room below the curves."""
    legend = panel["options"]["legend"]
    assert (legend["displayMode"], legend["showLegend"]) == ("table", True)
    assert legend["calcs"] == ["lastNotNull", "mean", "max"]
    assert (legend["sortBy"], legend["sortDesc"]) == ("Mean", True)
    if legend["placement"] == "bottom":
        assert 30 * panel["gridPos"]["h"] * 0.35 >= LINES_AND_HEAD - 10


@every_panel
def test_missing_values_are_not_drawn(panel: Json) -> None:
    """A curve ends where nothing is known: no zero takes its place, and no line leads over a gap."""
    assert panel["fieldConfig"]["defaults"]["custom"].get("spanNulls", False) is False
    assert all("vector(" not in target["expr"] for target in panel["targets"])


@every_panel
def test_the_week_before_is_a_faint_line(panel: Json) -> None:
    """It is the sum of a record, which is cheap to read again; it is thin, dashed and lies in no stack."""
    before = [target["expr"] for target in panel["targets"] if target["legendFormat"] == WEEK_BEFORE]
    assert before == [target["expr"] for target in panel["targets"] if "offset" in target["expr"]]
    for expression in before:
        assert re.fullmatch(r"sum\(job_account_project\w*:\w+:\w+\{[^}]+\} offset 1w\)", expression)
        look = overrides(panel, WEEK_BEFORE)
        assert (look["custom.lineWidth"], look["custom.lineStyle"]["fill"]) == (1, "dash")
        assert (look["custom.fillOpacity"], look["custom.stacking"]["mode"]) == (0, "none")
        assert "a week before" in panel["description"]


@every_panel
def test_a_project_has_the_same_colour_in_all_panels(panel: Json) -> None:
    """Where curves are named by project, each project has its place in the palette, if by a hidden stand-in."""
    for target in panel["targets"]:
        assert ("stand_in" in target["expr"]) == (target["legendFormat"] == "{{project}}")
    assert panel["fieldConfig"]["overrides"][-1] == HIDDEN


@pytest.mark.parametrize("projects", [2, DISTINCT, DISTINCT + 1])
def test_stand_ins_take_the_places_of_few_projects(projects: int, tools: Tools, tmp_path: Path) -> None:
    """Each project without a curve has one, below zero; beyond so many projects there is none."""
    record = f"{PROJECT_LEVEL}:{TO_DATE}:sum"
    known = [f'{record}{{job="cloudflare",account="Example",project="p{number}"}}' for number in range(projects)]
    series = [{"series": each, "values": "1+0x60"} for each in known]
    series.append({"series": 'shown{project="p1"}', "values": "7+0x60"})
    wanted = [{"labels": '{project="p1"}', "value": 7}]
    if projects <= DISTINCT:
        others = (f"p{number}" for number in range(projects) if number != 1)
        wanted += [{"labels": f'{{project="{each}", stand_in="yes"}}', "value": -1} for each in others]
    expression = expand(by_project("sum by (project) (shown)"))
    asked = {"expr": expression, "eval_time": "30m", "exp_samples": wanted}
    file = tmp_path / "stand_ins.yml"
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    outcome = subprocess.run(
        [tools.promtool, "test", "rules", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("page", DASHBOARDS)
def test_traffic_and_cost_have_the_week_before(page: str) -> None:
    """Every page that sums up traffic or cost shows them beside the week before."""
    shown = [
        panel["title"]
        for panel in panels(DASHBOARDS[page])
        if any(target["legendFormat"] == WEEK_BEFORE for target in panel["targets"])
    ]
    assert bool(shown) == (page not in {"cloudflare-compare.json", "cloudflare-exporter.json"})


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("workers", "CPU time: p50, p95, p99"),
        ("workers", "Request time: p50, p95, p99"),
        ("d1", "Query time: p50, p95, p99"),
        ("kv", "Read time: p50, p90, p99"),
    ],
)
def test_quantiles_of_a_duration_lie_together(page: str, title: str) -> None:
    """Three curves, one for each quantile in the title, which the legend names."""
    (panel,) = (each for each in panels(DASHBOARDS[f"cloudflare-{page}.json"]) if each["title"] == title)
    (target,) = panel["targets"]
    found = re.search(r'quantile=~"([^"]+)"', target["expr"])
    assert found
    wanted = found[1].split("|")
    assert [float(quantile) for quantile in wanted] == [float(end) / 100 for end in re.findall(r"p(\d+)", title)]
    assert [overrides(panel, quantile)["displayName"] for quantile in wanted] == title.partition(": ")[2].split(", ")
