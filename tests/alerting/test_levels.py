"""What is recorded for projects and accounts is the sum of their assets; weeks and days compare with their like."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stack.tools import Tools
from tests.alerting.shipped import SHIPPED, expressions_of, judge, read_groups, read_rules, rests_on, shown

RULES = Path(__file__).resolve().parents[2] / "alerting/rules"

EVALUATED = {"usage": "30m", "costs": "10m"}
"""How often the rules of a file are evaluated; the week's list cost must have been recorded 800 times."""

STEP, HOUR, DAY = 300, 3_600, 86_400
LENGTH = 9 * DAY
RAISED = 8 * DAY - 2 * HOUR
"""From here on everything is used half as much again."""

ASSETS = (
    ("A", "shop", "one"),
    ("A", "shop", "two"),
    ("A", "blog", "three"),
    ("B", "shop", "four"),
)
"""Account, project and name of an asset of each kind."""

DATASETS = (
    "workersInvocationsAdaptive",
    "r2OperationsAdaptiveGroups",
    "d1AnalyticsAdaptiveGroups",
    "durableObjectsInvocationsAdaptiveGroups",
    "durableObjectsPeriodicGroups",
    "kvOperationsAdaptiveGroups",
)

SCRIPT, BUCKET, DATABASE, OBJECTS, KV = "script_name", "bucket", "database", "do_namespace", "kv_namespace"

COUNTERS: tuple[tuple[str, str, str, int], ...] = (
    ("cloudflare_worker_requests_total", SCRIPT, 'status="success"', 90),
    ("cloudflare_worker_requests_total", SCRIPT, 'status="scriptThrewException"', 10),
    ("cloudflare_worker_errors_total", SCRIPT, 'status="scriptThrewException"', 10),
    ("cloudflare_r2_operations_total", BUCKET, 'class="A",status_code="200"', 3),
    ("cloudflare_r2_response_bytes_total", BUCKET, 'action="GetObject"', 7_000),
    ("cloudflare_d1_rows_read_total", DATABASE, "", 5_000),
    ("cloudflare_d1_rows_written_total", DATABASE, "", 50),
    ("cloudflare_d1_read_queries_total", DATABASE, "", 4),
    ("cloudflare_d1_write_queries_total", DATABASE, "", 1),
    ("cloudflare_durable_object_requests_total", OBJECTS, 'status="success"', 11),
    ("cloudflare_durable_object_errors_total", OBJECTS, 'status="scriptThrewException"', 2),
    ("cloudflare_durable_object_duration_gigabyte_seconds_total", OBJECTS, "", 13),
    ("cloudflare_kv_operations_total", KV, 'action="write",result="success"', 17),
)
"""Metric, the asset's label, further labels, and how much a second each asset uses at first."""

SUMS: tuple[tuple[str, str, int, tuple[str, ...]], ...] = (
    ("cloudflare_worker_requests", "", 100, ("15m", "1h")),
    ("cloudflare_worker_errors", "", 10, ("15m", "1h")),
    ("cloudflare_worker_successes", "", 90, ("15m",)),
    ("cloudflare_r2_operations", "class", 3, ("15m",)),
    ("cloudflare_r2_response_bytes", "", 7_000, ("15m", "1h")),
    ("cloudflare_d1_rows_read", "", 5_000, ("15m", "1h")),
    ("cloudflare_d1_rows_written", "", 50, ("15m", "1h")),
    ("cloudflare_d1_queries", "", 5, ("15m", "1h")),
    ("cloudflare_durable_object_requests", "", 11, ("15m", "1h")),
    ("cloudflare_durable_object_errors", "", 2, ("15m",)),
    ("cloudflare_durable_object_duration_gigabyte_seconds", "", 13, ("15m", "1h")),
    ("cloudflare_kv_operations", "action", 17, ("15m", "1h")),
)
"""What is summed up: its name, a label that is kept, how much of it an asset uses a second, and the windows."""

FURTHER = {"class": "A", "action": "write"}

PROJECTS = {("A", "shop"): 2, ("A", "blog"): 1, ("B", "shop"): 1}
ACCOUNTS = {("A",): 3, ("B",): 1}
LEVELS: Mapping[str, Mapping[tuple[str, ...], int]] = {"job_account_project": PROJECTS, "job_account": ACCOUNTS}
"""How many assets there are of each."""

WEEKS = (
    ("cloudflare_worker_requests", SCRIPT),
    ("cloudflare_d1_rows_read", DATABASE),
    ("cloudflare_durable_object_requests", OBJECTS),
)

MILLION = 1_000_000

DAILY_USD = 2
"""List cost of an asset at first."""

pytestmark = pytest.mark.timeout(300)


COMPARED = 3 * HOUR
"""How long before the end, and before the end of the week before, usage is read; list cost is read all the time."""


def values(rate: float, *, is_usage: bool = True) -> str:
    """Return what a counter shows of a rate that is half as much again from a moment on."""
    shown = []
    for second in range(0, LENGTH + 1, STEP):
        is_read = not is_usage or (LENGTH - second) % (7 * DAY) <= COMPARED
        shown.append(repr(rate * second + rate / 2 * max(0, second - RAISED)) if is_read else "_")
    return " ".join(shown)


def input_series() -> Iterator[dict[str, str]]:
    for account in ("A", "B"):
        for dataset in DATASETS:
            own = f'job="cloudflare",account="{account}",dataset="{dataset}"'
            until = f"cloudflare_exporter_dataset_queried_until_timestamp_seconds{{{own}}}"
            start = f"cloudflare_exporter_dataset_start_timestamp_seconds{{{own}}}"
            yield {"series": until, "values": f"0+{STEP}x{LENGTH // STEP}"}
            yield {"series": start, "values": f"0x{LENGTH // STEP}"}
    for account, project, name in ASSETS:
        own = f'job="cloudflare",account="{account}",project="{project}"'
        for metric, label, further, rate in COUNTERS:
            labels = f'{own},{label}="{name}"{"," if further else ""}{further}'
            yield {"series": f"{metric}{{{labels}}}", "values": values(rate)}
        leaf = f'{own},product="workers",meter="workers_requests",kind="worker",asset="{name}"'
        yield {"series": f"cloudflare_list_cost_usd_total{{{leaf}}}", "values": values(DAILY_USD / DAY, is_usage=False)}


def series(record: str, key: tuple[str, ...], further: Mapping[str, str]) -> str:
    labels = {"job": "cloudflare"} | dict(zip(("account", "project"), key, strict=False)) | dict(further)
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{record}{{{inner}}}"


def wanted() -> Iterator[tuple[str, dict[str, float]]]:
    """Return what is recorded at the end: the record, and values by series."""
    for name, kept, rate, windows in SUMS:
        further = {kept: FURTHER[kept]} if kept else {}
        for level, counts in LEVELS.items():
            for window in windows:
                record = f"{level}{kept and '_' + kept}:{name}:rate{window}"
                yield record, {series(record, key, further): 1.5 * rate * count for key, count in counts.items()}
    for level, counts in LEVELS.items():
        for name, share in (("errors", 0.1), ("successes", 0.9)):
            record = f"{level}:cloudflare_worker_{name}_per_requests:ratio_rate15m"
            yield record, {series(record, key, {}): share for key in counts}
        for name, label in WEEKS:
            record = f"{level}:{name}_per_week_before:ratio_rate1h"
            yield record, {series(record, key, {}): 1.5 for key in counts}
            if level == "job_account_project":
                record = f"{level}_{label}:{name}_per_week_before:ratio_rate1h"
                yield (
                    record,
                    {series(record, (account, project), {label: asset}): 1.5 for account, project, asset in ASSETS},
                )
    for level, counts in LEVELS.items():
        record = f"{level}:cloudflare_list_cost_usd:rate1h"
        yield record, {series(record, key, {}): 1.5 * DAILY_USD / 24 * count for key, count in counts.items()}
        record = f"{level}:cloudflare_list_cost_usd:increase1d"
        yield record, {series(record, key, {}): 1.5 * DAILY_USD * count for key, count in counts.items()}
    record = "job_account_product:cloudflare_list_cost_usd:increase1d"
    by_product = {series(record, key, {"product": "workers"}): 3.0 * count for key, count in ACCOUNTS.items()}
    yield record, by_product


CHANGES = [
    f"{level}:cloudflare_list_cost_usd_per_week_before:ratio_increase1d"
    for level in ("job_account_project", "job_account_product", "job_account")
]


@pytest.mark.parametrize("name", EVALUATED)
def test_levels_are_sums_of_their_assets(name: str, tools: Tools, tmp_path: Path) -> None:
    """To a millionth, by Prometheus' own rule engine."""
    rules = read_rules([RULES / f"{name}.yml"])
    records = {rule["record"] for rule in rules}
    needed = records | rests_on(rule["expr"] for rule in rules)
    near = [
        {
            # Counters are floats: sums differ in the last digits.
            "expr": f"round({MILLION} * {record})",
            "eval_time": f"{LENGTH}s",
            "exp_samples": [
                {"labels": text.partition("{")[1] + text.partition("{")[2], "value": round(MILLION * value)}
                for text, value in found.items()
            ],
        }
        for record, found in wanted()
        if record in records
    ]
    # Of the week before, two hours belong to what was raised.
    changed = [
        {
            "expr": f"count({record} > 1.48 < 1.5)",
            "eval_time": f"{LENGTH}s",
            "exp_samples": [{"labels": "{}", "value": len(PROJECTS) if "project" in record else len(ACCOUNTS)}],
        }
        for record in CHANGES
        if record in records
    ]
    test = {"interval": f"{STEP}s", "input_series": list(input_series()), "promql_expr_test": near + changed}
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if rule.get("record") in needed]} for group in read_groups()
    ]
    said = judge(tools.promtool, tmp_path, groups, test, seconds=240, step=EVALUATED[name])
    assert not said, shown(said)


def test_every_record_is_judged() -> None:
    """Each record that is wanted is in one of the files."""
    records = {rule["record"] for name in EVALUATED for rule in read_rules([RULES / f"{name}.yml"])}
    assert {record for record, _ in wanted()} | set(CHANGES) <= records


def test_every_record_is_looked_at() -> None:
    """What is recorded is compared here or by a test of alerting/tests, or an alert that has its cases rests on it."""
    records = {rule["record"] for rule in SHIPPED if "record" in rule}
    costs = (Path(__file__).resolve().parents[2] / "alerting/tests/costs.yml").read_text()
    compared = {record for record, _ in wanted()} | set(CHANGES)
    compared |= {record for record in records if f"expr: {record}\n" in costs}
    alerts = [text for rule in SHIPPED if "alert" in rule for text in expressions_of(rule["alert"])]
    assert not records - rests_on([*alerts, *compared])
