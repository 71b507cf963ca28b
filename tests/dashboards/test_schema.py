"""Every key is one that Grafana 12's published types know: it says nothing of others, and ignores them."""

from collections.abc import Mapping

import pytest

from dashboards.grafana import HIDDEN
from tests.dashboards.reading import DASHBOARDS, Json, panels


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DASHBOARD = words(
    "id uid title description tags editable graphTooltip timezone refresh time schemaVersion links "
    "templating annotations panels"
)
PANEL = words("id type title description datasource gridPos targets options fieldConfig interval transformations")
ROW = words("id type title collapsed gridPos panels")
TARGET = words("refId datasource editorMode expr legendFormat range instant format")
DEFAULTS = words("unit decimals min max color thresholds mappings noValue links custom displayName")
LINK = words("title url targetBlank")

OPTIONS: Mapping[str, frozenset[str]] = {
    "stat": words("colorMode graphMode justifyMode orientation textMode wideLayout reduceOptions"),
    "timeseries": words("legend tooltip"),
    "table": words("showHeader cellHeight sortBy"),
}
CUSTOM: Mapping[str, frozenset[str]] = {
    "stat": frozenset(),
    "table": words("align minWidth width cellOptions wrapText hideFrom"),
    "timeseries": words(
        "drawStyle lineWidth fillOpacity gradientMode showPoints pointSize spanNulls stacking "
        "thresholdsStyle lineStyle lineInterpolation hideFrom axisSoftMin fillBelowTo barAlignment barWidthFactor"
    ),
}

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


@every_dashboard
def test_every_key_is_known(dashboard: Json) -> None:
    """Of the dashboard, its rows and panels, their queries, options, fields and links."""
    assert dashboard.keys() == DASHBOARD
    for row in dashboard["panels"]:
        assert row["type"] != "row" or row.keys() == ROW
    for panel in panels(dashboard):
        kind, config = panel["type"], panel["fieldConfig"]
        assert panel.keys() <= PANEL, panel["title"]
        assert panel["options"].keys() <= OPTIONS[kind], panel["title"]
        assert all(target.keys() == TARGET for target in panel["targets"]), panel["title"]
        assert config["defaults"].keys() <= DEFAULTS, panel["title"]
        assert config["defaults"].get("custom", {}).keys() <= CUSTOM[kind], panel["title"]
        assert all(link.keys() == LINK for link in config["defaults"].get("links", ())), panel["title"]


@every_dashboard
def test_every_override_is_known(dashboard: Json) -> None:
    """It changes a property that Grafana knows, of the field with a name or of stand-ins, which are below zero."""
    for panel in panels(dashboard):
        for rule in panel["fieldConfig"]["overrides"]:
            assert rule.keys() == {"matcher", "properties"}
            assert rule["matcher"]["id"] == "byName" or rule == HIDDEN
            for entry in rule["properties"]:
                group, _, name = entry["id"].rpartition(".")
                known = CUSTOM[panel["type"]] if group == "custom" else DEFAULTS
                assert name in known, (panel["title"], entry["id"])
