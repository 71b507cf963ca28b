"""Datasets: what the plan allows, and whether they answer."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from exporter.catalog import DATASETS
from exporter.check import Level, Topic
from exporter.simulator import Fault, Kind, Limits
from tests.check.scene import Scene, account, findings, the, troubles, world

KV = "kvOperationsAdaptiveGroups"
R2 = "r2OperationsAdaptiveGroups"
D1 = "d1AnalyticsAdaptiveGroups"


def test_every_dataset_with_its_limits(tmp_path: Path) -> None:
    """Each dataset has one finding, however many ways it is asked in, with what the plan allows of it."""
    small = replace(world(), limits=Limits(max_page_size=1_000, max_duration=timedelta(days=3)))
    report = Scene(tmp_path, small).check()
    found = findings(report, Topic.DATASETS)
    assert [finding.subject for finding in found] == list(dict.fromkeys(entry.name for entry in DATASETS.values()))
    assert the(report, Topic.DATASETS, D1).message == "answers. 1,000 rows per page, 3d per query, 31d of history."
    (trial,) = [trial for trial in report.datasets if trial.dataset == D1]
    assert trial.limits is not None
    assert (trial.state, trial.limits.page_size, trial.limits.longest) == ("ok", 1_000, timedelta(days=3))


def test_the_real_question_is_asked(tmp_path: Path) -> None:
    """Each dataset that the plan has is asked as it is later asked, so an answer proves that it works."""
    scene = Scene(tmp_path)
    report = scene.check()
    assert dict(report.requests) == {"graphql": 2, "rest": 13}
    assert scene.simulator.requests == {"graphql": 2, "rest": 13}


def test_a_dataset_that_the_plan_lacks(tmp_path: Path) -> None:
    """That is a warning which names the metrics that are not published; the dataset is not asked."""
    report = Scene(tmp_path, world(account(disabled_datasets=frozenset({KV})))).check()
    assert troubles(report) == [("warning", "datasets", KV)]
    assert the(report, Topic.DATASETS, KV).message == (
        "the account's plan does not include it. Not published: cloudflare_kv_operations_total, "
        "cloudflare_kv_object_bytes_total, cloudflare_kv_latency_seconds."
    )
    assert [trial.state for trial in report.datasets if trial.dataset == KV] == ["unavailable"]
    assert report.exit_code == 0


def test_fields_that_the_plan_lacks(tmp_path: Path) -> None:
    """A dataset that answers without some fields is a warning which names them and their metrics."""
    missing = {D1: frozenset({"sum_rowsRead"})}
    report = Scene(tmp_path, replace(world(), missing_fields=missing)).check()
    assert troubles(report) == [("warning", "datasets", D1)]
    assert the(report, Topic.DATASETS, D1).message == (
        "answers. 10,000 rows per page, 31d per query, 31d of history. The plan does not include rowsRead; not "
        "published: cloudflare_d1_rows_read_total."
    )
    assert report.exit_code == 0


def test_a_dataset_that_is_refused(tmp_path: Path) -> None:
    """A dataset that is refused though the settings offer it is an error of its own; the others answer."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.ALIAS_ERROR, dataset=R2, message="not authorized for that dataset", code="authz"))
    report = scene.check()
    assert troubles(report) == [("error", "datasets", R2)]
    finding = the(report, Topic.DATASETS, R2)
    assert "not authorized for that dataset" in finding.message
    assert "the permission is granted" in finding.remedy
    assert len(findings(report, Topic.DATASETS, Level.OK)) == 11
    assert report.exit_code == 1


def test_a_dataset_that_fails(tmp_path: Path) -> None:
    """A dataset that does not answer now is an error that asks to check again."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.ALIAS_ERROR, dataset=R2))
    report = scene.check()
    finding = the(report, Topic.DATASETS, R2)
    assert finding.level is Level.ERROR
    assert finding.message.startswith(f"could not be tried. {R2} of account Example")
    assert [trial.state for trial in report.datasets if trial.dataset == R2] == ["failing"]


def test_limits_that_cloudflare_does_not_say(tmp_path: Path) -> None:
    """If only the question for the limits fails, the datasets answer within the usual ones."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.DOCUMENT_ERROR, message="unknown field", status=400, times=1, api="graphql"))
    report = scene.check()
    assert the(report, Topic.DATASETS, D1).message == "answers. Its limits are unknown; the usual ones are assumed."
    assert {trial.limits for trial in report.datasets} == {None}
    assert report.exit_code == 0
