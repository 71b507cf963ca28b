"""The command ``metrics``: what it prints is what ``/metrics`` of the exporter shows."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.cli import main
from exporter.ledger import Ledger
from tests.cli.commands.scene import ask_api, filled_folder, running_site

Run = Callable[..., tuple[int, str, str]]

WINDOWS = {metric.name for dataset in DATASETS.values() if dataset.timing.is_whole for metric in dataset.metrics}
KEPT = ("rate_card", "dataset_start", "dataset_queried", "dataset_newest", "dataset_last")
"""What the ledger knows of the metrics of the exporter's own, as their names begin."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``metrics`` on the filled state folder: the exit code, and what is printed and told."""

    def run(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
        code = main(["metrics", f"--storage.path={folder or filled_folder()}", *arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def is_kept(line: str) -> bool:
    """Whether a line of the exposition is of what the ledger keeps, rather than of this run or of the last minutes."""
    if line.startswith("#") or ('quantile="' in line or line.partition("{")[0] in WINDOWS):
        return False
    # A threshold of what only the last minutes have.
    if line.startswith("cloudflare_alert_threshold") and 'asset="(unlisted)"' in line:
        return False
    own = line.removeprefix("cloudflare_exporter_")
    return line.startswith("cloudflare_") and (own == line or own.startswith(KEPT))


def test_it_is_what_the_exporter_shows(run: Run, tmp_path: Path) -> None:
    """Sample for sample, and to the last digit, with the configuration's prices and filters."""

    async def script() -> None:
        filters = {"metrics": {"exclude": ["cloudflare_kv_*"]}}
        budgets = {"budgets": [{"name": "all", "amount": 60}]}
        alerting = {"thresholds": [{"alert": "CloudflareWorkerErrorRatioHigh", "value": 0.2}]}
        async with running_site(
            tmp_path, retention=timedelta(days=8), costs=budgets, filters=filters, alerting=alerting
        ) as site:
            shown = [line for line in (await ask_api(site, "/metrics")).text.splitlines() if is_kept(line)]
            Path("exporter.yml").write_text(
                json.dumps({"costs": budgets, "filters": filters, "alerting": alerting}), encoding="utf-8"
            )
            code, out, err = run("*", "--output=csv", "--config.file=exporter.yml", folder=tmp_path)
            assert (code, err) == (0, "")
            told = [f"{row['metric']}{row['labels']} {row['value']}" for row in csv.DictReader(io.StringIO(out))]
            assert sorted(told) == sorted(shown)
            for word in ("cloudflare_budget_", "cloudflare_alert_threshold", "cloudflare_list_cost", "_seconds_sum"):
                assert any(word in line for line in told)
            assert not any("cloudflare_kv_" in line for line in told)

    asyncio.run(script())


def test_the_list_of_metrics(run: Run) -> None:
    """Without a name there is a line for each metric, with how many series it has."""
    code, out, err = run()
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["metric", "type", "series"]
    assert ["cloudflare_worker_requests_total", "counter", "17"] in lines
    listed = json.loads(run("--output=json")[1])["metrics"]
    assert [[each["name"], each["type"], str(each["series"])] for each in listed] == lines[1:]
    rows = list(csv.DictReader(io.StringIO(run("--output=csv")[1])))
    assert [row["metric"] for row in rows] == [each["name"] for each in listed]
    assert all(row["help"] for row in rows)


def test_series_of_a_metric(run: Run) -> None:
    """With a name there is a table with a column for each label, and the sentence of its help."""
    code, out, err = run("cloudflare_d1_size_bytes", "cloudflare_d1_query_*")
    assert (code, err) == (0, "")
    assert out == (
        "cloudflare_d1_query_duration_seconds (summary)\n"
        "Duration of a query (d1QueriesAdaptiveGroups sum.queryDurationMs; estimated where sampled).\n"
        "account     project     database  count\n"
        "production  unassigned  attic         0\n"
        "production  unassigned  a|b          11\n"
        "account     project     database          sum\n"
        "production  unassigned  attic               0\n"
        "production  unassigned  a|b       0.030984281\n"
        "\n"
        "cloudflare_d1_size_bytes (gauge)\n"
        "Size of a database (d1StorageAdaptiveGroups max.databaseSizeBytes; maximum of the newest hour).\n"
        "account     project     database        value\n"
        "production  unassigned  a|b       20000000000\n"
        "production  unassigned  attic      3000000000\n"
        "\n"
    )


def test_json_has_values_as_text(run: Run) -> None:
    """They are exact, whatever reads them."""
    (metric,) = json.loads(run("cloudflare_d1_size_bytes", "--output=json")[1])["metrics"]
    assert metric["type"] == "gauge"
    assert metric["samples"][0] == {
        "name": "cloudflare_d1_size_bytes",
        "labels": {"account": "production", "project": "unassigned", "database": "a|b"},
        "value": "20000000000",
    }


@pytest.mark.parametrize("name", ["cloudflare_nothing", "worker_*", "cloudflare_worker_cpu_time_seconds_sum"])
def test_a_name_that_matches_nothing_exits_with_two(run: Run, name: str) -> None:
    """One line says so, and what to do."""
    assert run(name, "cloudflare_d1_*") == (
        2,
        "",
        f"No metric matches {name}. Run cloudflare-exporter metrics for a list of all.\n",
    )


def test_an_empty_ledger_has_nothing_of_the_products(run: Run, tmp_path: Path) -> None:
    """There are only the prices."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    code, out, _ = run(folder=tmp_path)
    assert code == 0
    assert "cloudflare_worker_requests_total" not in out
    assert "cloudflare_cost_meter_info" in out


def test_without_a_ledger_it_exits_with_one(run: Run, tmp_path: Path) -> None:
    """A local fault, told in one line."""
    code, out, err = run(folder=tmp_path / "nowhere")
    assert (code, out) == (1, "")
    assert err.startswith(f"There is no ledger in {tmp_path / 'nowhere'}.")
