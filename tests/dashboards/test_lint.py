"""The rules of Grafana's dashboard linter and of provisioning, as far as they hold for us.

Two of the linter's rules do not: there is no ``instance``, because recording rules leave it out so that an exporter may
move; and no ``rate()``, because rates are over Cloudflare's time, from recording rules.
"""

import json
import re
from collections import Counter
from itertools import combinations

import pytest

from dashboards.colors import BAD, CAREFUL, PALETTE
from dashboards.grafana import NO_DATA
from tests.dashboards.reading import (
    DASHBOARDS,
    Json,
    expressions,
    label_values,
    opened,
    panels,
    queries,
    variables,
)

UNITS = {"none", "short", "s", "percentunit", "reqps", "ops", "rowsps", "decbytes", "decgbytes", "Bps", "currencyUSD"}
UNITS |= {
    "dateTimeFromNow",
    "time:YYYY-MM-DD",
    "dtdurations",
    "dthms",
    "locale",
    "prefix:≈\N{NO-BREAK SPACE}",
    "suffix: times",
}
"""Of the ids that Grafana knows, those in use; it shows any other as a word."""

MOST_QUERIES = 34
"""What a dashboard may ask to open: more is slow, and a load for Prometheus."""

REDUCERS = {"lastNotNull", "mean", "max"}
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}

GROWTH = {"last_over_time(", "min_over_time(", "resets(", "increase("}
"""What may read a counter."""

FOLLOWS_JOB = re.compile(r'\{job=~"\$job\|?"|^ALERTS\{alertname="CloudflareWatchdog"\}$')
"""The job's variable. Alerts may be about no job; the one that fires wherever rules are evaluated is."""

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


@every_dashboard
def test_it_can_be_provisioned(dashboard: Json) -> None:
    """Id, uid, title and refresh are as file provisioning wants them, and nobody can edit it in the browser."""
    assert dashboard["id"] is None
    assert re.fullmatch(r"[a-zA-Z0-9_-]{8,40}", dashboard["uid"])
    assert dashboard["title"]
    assert dashboard["editable"] is False
    assert dashboard["refresh"] == "1m"
    assert dashboard["schemaVersion"] in {41, 42}
    assert not {"__inputs", "__elements", "__requires", "version", "iteration"} & dashboard.keys()


def test_no_two_are_one() -> None:
    """Uids and titles are unique."""
    for key in ("uid", "title"):
        assert len({dashboard[key] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@every_dashboard
def test_the_data_source_is_chosen_on_the_page(dashboard: Json) -> None:
    """There is one data source variable, and everything that asks asks it."""
    (datasource,) = variables(dashboard, "datasource")
    assert (datasource["name"], datasource["label"]) == ("datasource", "Data source")
    assert (datasource["query"], datasource["current"]) == ("prometheus", {})
    asking = [target for panel in panels(dashboard) for target in panel["targets"]]
    asking += [*panels(dashboard), *variables(dashboard, "query"), *dashboard["annotations"]["list"]]
    assert all(part["datasource"] == PROMETHEUS for part in asking)


@every_dashboard
def test_its_variables_offer_what_there_is(dashboard: Json) -> None:
    """Each query variable is read again with the time range, leaves nothing out, and is of many but for one."""
    names = [variable["name"] for variable in variables(dashboard, "query")]
    assert names[:2] == ["job", "account"]
    for variable in variables(dashboard, "query"):
        assert label_values(variable)[1] == variable["name"]
        assert variable["refresh"] == 2
        assert (variable["includeAll"], variable["allValue"]) == (True, ".+")
        assert variable["multi"] or (dashboard["uid"], variable["name"]) == ("cloudflare-project", "project")
        assert re.fullmatch(r"[A-Z][a-z]+", variable["label"])
        assert variable["query"]["query"] == variable["definition"]


@every_dashboard
def test_it_asks_little_to_open(dashboard: Json) -> None:
    """Panels, variables and annotations together; what a collapsed row holds is asked when somebody opens it."""
    asked = sum(len(panel["targets"]) for panel in opened(dashboard))
    asked += len(variables(dashboard, "query")) + len(dashboard["annotations"]["list"])
    assert asked <= MOST_QUERIES


@every_dashboard
def test_it_shows_colours_that_mean_something(dashboard: Json) -> None:
    """Every colour that is named is one of those that mean the same on each page."""
    used = set(re.findall(r'"(?:color|fixedColor|iconColor)": "([^"]+)"', json.dumps(dashboard)))
    assert used <= PALETTE


@every_dashboard
def test_each_panel_says_what_it_shows(dashboard: Json) -> None:
    """A panel has a title, a description, queries, and units that Grafana knows."""
    for panel in panels(dashboard):
        assert panel["title"], panel["id"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
        changed = {entry["value"] for rule in overrides for entry in rule["properties"] if entry["id"] == "unit"}
        assert {defaults["unit"]} | changed <= UNITS, panel["title"]
        for reduced in ("reduceOptions", "legend"):
            assert set(panel["options"].get(reduced, {}).get("calcs", [])) <= REDUCERS, panel["title"]


@every_dashboard
def test_ids_are_unique(dashboard: Json) -> None:
    """Panel ids begin at 1 and are unique, and so are the refIds of each panel."""
    ids = [panel["id"] for panel in dashboard["panels"]] + [panel["id"] for panel in panels(dashboard)]
    assert min(ids) == 1
    assert len(set(ids)) == len(dashboard["panels"]) + sum(len(row.get("panels", ())) for row in dashboard["panels"])
    for panel in panels(dashboard):
        assert max(Counter(target["refId"] for target in panel["targets"]).values()) == 1, panel["title"]


@every_dashboard
def test_panels_do_not_overlap(dashboard: Json) -> None:
    """All panels lie within 24 columns, apart from each other."""
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_apart, (one, other)


@every_dashboard
def test_every_selector_follows_the_job(dashboard: Json) -> None:
    """Every selector of a panel or annotation has the job's variable; none stands without braces."""
    for expression in queries(dashboard):
        selectors = re.findall(r"[a-zA-Z_:][\w:]*\{[^}]*\}", expression)
        assert selectors, expression
        assert all(FOLLOWS_JOB.search(selector) for selector in selectors), expression
        assert len(re.findall(r"\bcloudflare_", expression)) == len(re.findall(r"\bcloudflare_\w+[:\w]*\{", expression))


@every_dashboard
def test_counters_are_shown_by_their_growth(dashboard: Json) -> None:
    """A counter is shown by its growth over the selected time, of which nothing takes a rate over our own time."""
    for expression in expressions(dashboard):
        whole = re.sub(r"(\w+_total\{[^}]*\}) - min_over_time\(\(\1 and", "(", expression)
        counters = re.findall(r"(\w+\()?\b\w+_total\{[^}]*\}(\[\$__range\])?", whole)
        assert all(before in GROWTH and after == "[$__range]" for before, after in counters), expression
        assert not re.search(r"\b(rate|irate|delta|deriv)\(", expression), expression


@every_dashboard
def test_what_is_comes_from_instant_queries(dashboard: Json) -> None:
    """A tile or a table asks for one moment: along a range it would show what was, or what no longer is."""
    for panel in panels(dashboard):
        is_along = panel["type"] == "timeseries"
        asked = {(target["range"], target["instant"]) for target in panel["targets"]}
        assert asked == {(is_along, not is_along)}, panel["title"]


@every_dashboard
def test_what_is_missing_is_no_zero(dashboard: Json) -> None:
    """No expression puts a zero into the place of what is missing, out of nothing."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            assert "vector(0)" not in target["expr"], panel["title"]
        said = [panel["description"], panel["fieldConfig"]["defaults"].get("noValue", "")]
        assert not any(re.search(r"\b0 if .*(cannot|can't|missing|unknown)", text) for text in said), panel["title"]


@every_dashboard
def test_a_missing_value_is_a_warning(dashboard: Json) -> None:
    """A tile always has a value, be it one that is none, which it shows as No data in a colour that warns."""
    for panel in panels(dashboard):
        if panel["type"] != "stat":
            continue
        assert all(target["expr"].endswith(" or on () vector(NaN)") for target in panel["targets"]), panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"] == NO_DATA
        (special,) = (each["options"] for each in defaults["mappings"] if each["type"] == "special")
        assert special["match"] == "null+nan"
        assert special["result"]["text"] == NO_DATA
        assert special["result"]["color"] in {CAREFUL, BAD}, panel["title"]


def test_one_title_is_one_kind_of_figure() -> None:
    """What a tile or a column counts is never along a graph, where it would be a rate, under the same title."""
    shown = [panel for dashboard in DASHBOARDS.values() for panel in panels(dashboard)]
    along = {panel["title"] for panel in shown if panel["type"] == "timeseries"}
    counted = {panel["title"] for panel in shown if panel["type"] == "stat"} | {
        title
        for panel in shown
        for step in panel.get("transformations", ())
        if step["id"] == "organize"
        for title in step["options"]["renameByName"].values()
    }
    assert not along & counted
