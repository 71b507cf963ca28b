"""What silences what: of the alerts of one incident only the worst is told."""

import itertools
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
import yaml

from exporter.alertmanager.inhibitions import OF_A_WORKER, inhibitions
from exporter.alerts.names import ESCALATION, WATCHDOG
from exporter.alerts.table.failing import FAILING, WORKERS
from exporter.catalog import PRODUCTS
from stack.tools import REPOSITORY, Tools

from .scene import Scene, alert, marker, open_scene, write_configuration
from .standins import StandIns

SUBJECT = "CloudflareWorkerErrorRatioHigh"


@pytest.fixture(scope="module")
def standins() -> Iterator[StandIns]:
    """All services."""
    with StandIns() as opened:
        yield opened


@pytest.fixture(scope="module")
def inhibiting(tools: Tools, standins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """An Alertmanager that posts to a webhook."""
    folder = tmp_path_factory.mktemp("inhibiting")
    secrets = {"webhook": standins.secrets()["webhook"], "watchdog": standins.secrets()["watchdog"]}
    with open_scene(tools, folder, standins, write_configuration(folder, secrets, standins.routing())) as opened:
        yield opened


@pytest.mark.parametrize("source", ["CloudflareExporterDown", "CloudflareExporterGone"])
def test_without_the_exporter_nothing_else_is_told(inhibiting: Scene, source: str) -> None:
    """An exporter that is away silences the alerts of its job, but neither itself, the escalation nor the watchdog."""
    job, other = marker(), marker()
    about = {"product": "exporter", "script_name": "", "project": "", "job": job}
    told = [
        alert("", alertname=source, **about),
        alert("a", alertname="CloudflareCriticalUnresolved", alert=source, **about),
        alert("", "info", alertname="CloudflareWatchdog", **about),
        alert("a", job=other),
    ]
    silenced = [alert("a", job=job), alert("b", "warning", alertname="CloudflareBudgetForecast", job=job)]
    names = inhibited(inhibiting, (job, other), [told[0]], [*told[1:], *silenced])
    assert names == {f"{source}/", "CloudflareCriticalUnresolved/a", "CloudflareWatchdog/", f"{SUBJECT}/a"}


def test_an_account_that_does_not_answer_silences_its_assets(inhibiting: Scene) -> None:
    """Assets and datasets of the account are silent; costs, budgets, the exporter and other accounts are not."""
    job = marker()
    down = alert("a", alertname="CloudflareAccountDown", product="exporter", script_name="", project="", job=job)
    told = [
        alert("b", job=job),
        alert("a", alertname="CloudflareBudgetUsed", budget="shop", script_name="", job=job),
        alert("a", alertname="CloudflareCostsOdd", product="costs", script_name="", job=job),
        alert("a", alertname="CloudflareExporterOdd", product="exporter", script_name="", job=job),
        alert("a", alertname="CloudflareBudgetEmpty", product="", script_name="", job=job),
    ]
    silenced = [
        alert("a", job=job),
        alert("a", alertname="CloudflareR2Large", product="r2", bucket="x", script_name="", job=job),
        alert("a", "warning", alertname="CloudflareDatasetStale", product="exporter", dataset="x", job=job),
        alert("a", "warning", alertname="CloudflareDatasetRefused", product="exporter", dataset="x", job=job),
    ]
    names = inhibited(inhibiting, (job,), [down], [*told, *silenced])
    assert names == {
        "CloudflareAccountDown/a",
        f"{SUBJECT}/b",
        "CloudflareBudgetUsed/a",
        "CloudflareCostsOdd/a",
        "CloudflareExporterOdd/a",
        "CloudflareBudgetEmpty/a",
    }


def test_a_critical_alert_silences_the_warning_of_the_same(inhibiting: Scene) -> None:
    """The warning of the same Worker is silent, that of another one and that of another alert are not."""
    job = marker()
    critical = alert("a", job=job)
    told = [
        alert("b", "warning", job=job),
        alert("c", "warning", alertname="CloudflareWorkerSlow", job=job),
    ]
    silenced = [alert("a", "warning", job=job), alert("a", "info", job=job)]
    names = inhibited(inhibiting, (job,), [critical], [*told, *silenced])
    assert names == {f"{SUBJECT}/a", f"{SUBJECT}/b", "CloudflareWorkerSlow/c"}
    severities = {each["severity"] for each in told_labels(inhibiting, (job,)) if each["account"] == "a"}
    assert severities == {"critical"}


def inhibited(
    scene: Scene, jobs: tuple[str, ...], sources: list[dict[str, object]], others: list[dict[str, object]]
) -> set[str]:
    """Post sources, then others; give name and account of all that was told of the jobs."""
    scene.post(sources)
    time.sleep(0.3)
    scene.post(others)
    time.sleep(2.5)
    return {f"{each['alertname']}/{each.get('account', '')}" for each in told_labels(scene, jobs)}


def told_labels(scene: Scene, jobs: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the labels of every alert of some jobs that a webhook was told of."""
    bodies = [each.body for each in list(scene.standins.deliveries) if isinstance(each.body, dict)]
    labels = [alert["labels"] for body in bodies for alert in body.get("alerts", [])]
    return [each for each in labels if each.get("job") in jobs]


@dataclass(frozen=True, slots=True)
class Pair:
    """An alert that suppresses another, with the labels that both need, and have alike."""

    worst: tuple[str, str]
    lesser: tuple[str, str]
    equal: Mapping[str, str]

    def alerts(self, job: str, *, without: str = "", apart: str = "") -> list[dict[str, object]]:
        """Return both, with a label left out of both, or another value of it in the second."""
        first = {**self.equal, "job": job, without: ""}
        second = {**first, apart: "other"} if apart else first
        return [
            _bare(severity, {"alertname": name, "product": "workers", **labels})
            for (name, severity), labels in ((self.worst, first), (self.lesser, second))
        ]


def _bare(severity: str, labels: Mapping[str, str]) -> dict[str, object]:
    nothing = {"account": "", "project": "", "script_name": ""}
    return alert(severity=severity, **(nothing | {name: value for name, value in labels.items() if name}))


def pairs() -> Iterator[Pair]:
    """Return each pair of the alerts that an asset has when it fails, whose names differ."""
    for each in FAILING:
        label = each.product.kinds[0].label
        order = OF_A_WORKER if each is WORKERS else ((each.outage.name, "critical"), (each.ratio.name, "warning"))
        for worst, lesser in itertools.combinations(order, 2):
            if worst[0] != lesser[0]:
                yield Pair(worst, lesser, {"account": "a", "project": "shop", label: "checkout"})


def suppressed(scene: Scene, posted: Iterable[dict[str, object]], jobs: Iterable[str]) -> dict[str, list[str]]:
    """Post alerts; give the names and severities of those that are not told, by job."""
    scene.post(posted)
    time.sleep(0.5)
    answer = httpx.get(f"{scene.url}/api/v2/alerts", timeout=10)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[str]] = {job: [] for job in jobs}
    for each in answer.json():
        job = each["labels"].get("job", "")
        if job in found and each["status"]["inhibitedBy"]:
            found[job].append(f"{each['labels']['alertname']}/{each['labels']['severity']}")
    return found


def test_of_each_pair_the_worse_is_told(inhibiting: Scene) -> None:
    """All labels alike: the lesser is suppressed. One apart, or missing in both: each is told."""
    posted: list[dict[str, object]] = []
    wanted: dict[str, list[str]] = {}
    for pair in pairs():
        alike = marker()
        posted += pair.alerts(alike)
        wanted[alike] = ["/".join(pair.lesser)]
        for label in pair.equal:
            apart, missing = marker(), marker()
            posted += [*pair.alerts(apart, apart=label), *pair.alerts(missing, without=label)]
            wanted |= {apart: [], missing: []}
    assert suppressed(inhibiting, posted, wanted) == wanted


def test_without_a_job_nothing_is_suppressed(inhibiting: Scene) -> None:
    """Two alerts that both lack it may be about different exporters."""
    nobody = {"account": "nobody", "project": "shop", "script_name": "checkout", "job": ""}
    down = _bare("critical", {"alertname": "CloudflareExporterDown"} | nobody)
    posted = [down, *(_bare(severity, {"alertname": name} | nobody) for name, severity in OF_A_WORKER)]
    inhibiting.post(posted)
    time.sleep(0.5)
    found = httpx.get(f"{inhibiting.url}/api/v2/alerts", params={"filter": 'account="nobody"'}, timeout=10).json()
    assert len(found) == len(posted)
    assert not [each["labels"] for each in found if each["status"]["inhibitedBy"]]


def test_a_failing_worker_is_told_once(inhibiting: Scene) -> None:
    """All alerts that it has fire, and both escalations; one of each is told."""
    job = marker()
    told = alert("a", alertname=OF_A_WORKER[0][0], job=job)
    others = [alert("a", severity, alertname=name, job=job) for name, severity in OF_A_WORKER[1:]]
    escalations = [
        alert("a", alertname=ESCALATION, alert=name, script_name="", job=job)
        for name, severity in OF_A_WORKER
        if severity == "critical"
    ]
    names = inhibited(inhibiting, (job,), [told, escalations[0]], [*others, *escalations[1:]])
    assert names == {f"{OF_A_WORKER[0][0]}/a", f"{ESCALATION}/a"}
    assert len(told_labels(inhibiting, (job,))) == 2


def test_what_cannot_be_known_is_not_escalated(inhibiting: Scene) -> None:
    """Without exporter, or answers for an account, the escalations of what is suppressed are, too."""
    about = {"script_name": "", "project": ""}
    blind, silent = marker(), marker()
    sources = [
        alert("", alertname="CloudflareExporterGone", product="exporter", job=blind, **about),
        alert("a", alertname="CloudflareTokenFailing", product="exporter", job=silent, **about),
    ]
    escalated = {"alertname": ESCALATION, "script_name": ""}
    others = [
        alert("a", **escalated, alert="CloudflareR2Failing", product="r2", job=blind),
        alert("", **escalated, alert="CloudflareExporterGone", product="exporter", project="", job=blind),
        alert("a", **escalated, alert="CloudflareR2Failing", product="r2", job=silent),
        alert("b", **escalated, alert="CloudflareR2Failing", product="r2", job=silent),
        alert("a", **escalated, alert="CloudflareListCostPerHourHigh", product="costs", job=silent),
    ]
    inhibiting.post(sources)
    found = suppressed(inhibiting, others, (blind, silent))
    assert found == {job: [f"{ESCALATION}/critical"] for job in (blind, silent)}


def test_both_sides_demand_what_they_have_alike() -> None:
    """Alertmanager takes a label that both lack for equal."""
    for rule in inhibitions(PRODUCTS):
        for side in ("source_matchers", "target_matchers"):
            demanded = {match[1] for each in rule[side] if (match := re.fullmatch(r'(\w+)=~?"(.+)"', each)) is not None}
            assert set(rule["equal"]) <= demanded, rule


def test_the_alerts_that_routes_name_are_there() -> None:
    """Each alert that a route or an inhibition goes by is one of the rules, with the labels that it is told by."""
    rules = [
        rule
        for file in (REPOSITORY / "alerting/rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in rules}
    text = json.dumps([inhibitions(PRODUCTS), WATCHDOG, ESCALATION])
    named = set(re.findall(r"Cloudflare[A-Za-z0-9]+", text)) - {"Cloudflare"}
    assert named <= severities.keys()
    assert (severities[WATCHDOG], severities[ESCALATION]) == ("info", "critical")
    assert {severities[name] for name in ("CloudflareExporterDown", "CloudflareAccountDown")} == {"critical"}
