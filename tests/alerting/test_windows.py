"""No rule and no panel judges a dataset by less than three of the intervals at which it may be asked."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboards.lines import STALE_SECONDS
from docs.metrics import other_rows
from exporter.catalog import DATASETS
from exporter.catalog.dataset import Dataset
from tests.alerting.shipped import SHIPPED
from tests.dashboards.reading import DASHBOARDS, expressions

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

RANGE = re.compile(r"(\w+)\(\s*(?:[\d.]+,\s*)?([\w:]+)(?:\{([^}]*)\})?\[([^\]]+)\]")
"""A function of a range: its name, what it selects with its matchers, and how far back."""

LOOKS_UP = "last_over_time"
"""The function that bridges missing scrapes: how often a dataset is asked makes no difference to it."""

OF_A_PERSON = "$__range"
"""The range that whoever looks at a dashboard has chosen."""

SPENT = frozenset({"cloudflare_list_cost_usd_total"})
"""What grows with the answers about any dataset, without naming it."""


def feeding() -> dict[str, list[Dataset]]:
    """Return the datasets whose answers change a metric, by its name."""
    found: dict[str, list[Dataset]] = {}
    for dataset in DATASETS.values():
        for metric in dataset.metrics:
            found.setdefault(metric.name, []).append(dataset)
    told = {row.name for row in other_rows() if "dataset" in row.labels}
    return found | {name: [*DATASETS.values()] for name in told | SPENT}


FEEDING = feeding()


def written() -> Iterator[tuple[str, str]]:
    """Yield every expression of the rules and of the dashboards, with the name of what has it."""
    yield from ((rule.get("alert") or rule["record"], rule["expr"]) for rule in SHIPPED)
    for name, dashboard in DASHBOARDS.items():
        yield from ((name, expression) for expression in expressions(dashboard))


def seconds(window: str) -> float:
    """Return the length of a window; one that scrapes decide is of no length that can be relied on."""
    found = re.fullmatch(r"(\d+)([smhdw])", window)
    return int(found[1]) * UNITS[found[2]] if found else 0.0


def datasets_behind(name: str, matchers: str) -> list[Dataset]:
    """Return the datasets behind a metric or a record: those that a matcher names, or all that feed it."""
    named = re.search(r'\bdataset="([^"]+)"', matchers)
    records = [rule["expr"] for rule in SHIPPED if rule.get("record") == name]
    found = [*FEEDING.get(name, ())]
    for expression in records:
        metrics = set(re.findall(r"(?<![\w:])[a-z]\w*(?::\w+)*", expression))
        found += [one for metric in metrics - {name} for one in datasets_behind(metric, "")]
    return [one for one in found if named is None or one.name == named[1]]


def too_short(expression: str) -> list[str]:
    """Return the ranges of an expression that are shorter than three intervals of a dataset behind them."""
    return [
        f"{function}({name}[{window}])"
        for function, name, matchers, window in RANGE.findall(expression)
        if function != LOOKS_UP and window != OF_A_PERSON
        for least in [max((one.shortest_window for one in datasets_behind(name, matchers)), default=timedelta(0))]
        if seconds(window) < least.total_seconds()
    ]


def test_every_range_is_long_enough() -> None:
    """Rates, increases and means of all rules and panels cover three intervals of what they rest on."""
    short = {what: found for what, expression in written() if (found := too_short(expression))}
    assert short == {}


def test_no_range_is_overlooked() -> None:
    """Every bracket is a range that is read, or a subquery: of a limit, which only looks up, or of a chosen range."""
    for what, expression in written():
        without_words = re.sub(r'"[^"]*"', '""', expression)
        ranges = without_words.count("[") - len(re.findall(r"\[(?:5m:1m|\$__range:5m)\]", without_words))
        assert ranges == len(RANGE.findall(without_words)), what
    assert sum(len(RANGE.findall(expression)) for _, expression in written()) > 100


@pytest.mark.parametrize(
    ("expression", "is_short"),
    [
        ("rate(cloudflare_worker_requests_total[15m])", False),
        ("rate(cloudflare_worker_requests_total[14m])", True),
        ("min_over_time(cloudflare_exporter_dataset_queried_until_timestamp_seconds{dataset='x'}[10m])", True),
        ("increase(cloudflare_list_cost_usd_total[$__rate_interval])", True),
        ("avg_over_time(job_account_project_script_name:cloudflare_worker_requests:rate1h[10m])", True),
        ("last_over_time(cloudflare_worker_requests_total[1m])", False),
        ("rate(cloudflare_exporter_api_requests_total[1m])", False),
    ],
)
def test_a_short_range_shows(expression: str, is_short: bool) -> None:
    """A window of usage that is shorter is found, by way of records too; one of the exporter's own is free."""
    assert bool(too_short(expression)) is is_short


def test_nothing_is_stale_within_three_intervals() -> None:
    """The age at which an alert fires and a panel turns red is at least that of the most seldom asked dataset."""
    (expression,) = (rule["expr"] for rule in SHIPPED if rule.get("alert") == "CloudflareDatasetStale")
    least = max(dataset.shortest_window for dataset in DATASETS.values()).total_seconds()
    knobs = {
        rule["labels"]["alert"]: float(re.sub(r"vector\((.+)\)", r"\1", rule["expr"]))
        for rule in SHIPPED
        if rule.get("record") == "cloudflare:alert_threshold:default"
    }
    assert "clamp_min(" in expression
    assert min(knobs["CloudflareDatasetStale"], STALE_SECONDS) >= least
