"""Prometheus' and Alertmanager's own checkers accept what we ship, and every alert is documented."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alertmanager import SERVICES
from stack.process import NotStarted
from stack.tools import REPOSITORY, Tools
from stack.workspace import SECRETS, Workspace, routing_without_grafana

RULES = REPOSITORY / "alerting/rules"
RULE_TESTS = sorted((REPOSITORY / "alerting/tests").glob("*.yml"))
RUNBOOK = "alerting/runbook.md"
ANNOTATIONS = {"summary", "description", "action", "runbook_url", "dashboard_url"}
TARGET_LABELS = {"namespace", "pod", "container", "service", "endpoint", "node", "cluster", "instance"}


def rules() -> list[dict[str, Any]]:
    groups = [group for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def run(*command: str | Path) -> str:
    outcome = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def test_prometheus_accepts_its_configuration(tools: Tools) -> None:
    """promtool finds nothing wrong in prometheus.yml and the rules it names."""
    assert "SUCCESS" in run(tools.promtool, "check", "config", "prometheus.yml")


def test_prometheus_accepts_the_rules(tools: Tools) -> None:
    """promtool's lint finds nothing in any rule file."""
    run(tools.promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES.glob("*.yml"))


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(tools: Tools, file: Path) -> None:
    """The unit tests of the rules pass."""
    run(tools.promtool, "test", "rules", file)


def test_every_rule_file_has_tests() -> None:
    """Each file of rules is loaded by a file of tests."""
    loaded = {
        (file.parent / name).resolve() for file in RULE_TESTS for name in yaml.safe_load(file.read_text())["rule_files"]
    }
    assert loaded == set(RULES.glob("*.yml"))


def test_every_alert_says_what_it_means() -> None:
    """Each alert has a severity, a summary, a description, what to do first and the link of its runbook entry."""
    for alert in alerts():
        link = f"{RUNBOOK}#{alert['alert'].lower()}"
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}, alert["alert"]
        assert set(alert["annotations"]) - {"logs_url"} == ANNOTATIONS, alert["alert"]
        assert alert["annotations"]["runbook_url"] == link, alert["alert"]


def test_no_rule_rests_on_a_label_of_the_target() -> None:
    """No rule names a label that differs between replicas or deployments of the exporter.

    Whether a target is up, and which it is, has no other name.
    """
    for rule in rules():
        words = set(re.findall(r"[a-z_]+", re.sub(r'"[^"]*"', "", rule["expr"])))
        assert not words & TARGET_LABELS - ({"instance"} if "up" in words else set()), rule


def test_alertmanager_accepts_its_configuration(tools: Tools) -> None:
    """amtool finds nothing wrong in the example, alertmanager.yml."""
    assert "SUCCESS" in run(tools.amtool, "check-config", "alerting/alertmanager.yml")


def test_every_secret_is_explained() -> None:
    """The page of the folder of secrets has every service with an example, and git takes nothing else there."""
    page = (SECRETS / "README.md").read_text(encoding="utf-8")
    for service in SERVICES.values():
        assert f"| `{service.name}` |" in page
        assert service.example in page
    ignored = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ignored.index("alerting/secrets/*") < ignored.index("!alerting/secrets/README.md")


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_alerts_are_told_here_too(tools: Tools, tmp_path: Path, severity: str) -> None:
    """Whoever else is told, an alert of each severity also goes to the receiver that prints it."""
    secrets, workspace = tmp_path / "secrets", Workspace(tmp_path / "run")
    secrets.mkdir()
    (secrets / "discord").write_text(SERVICES["discord"].example)
    workspace.tell(secrets, routing_without_grafana(), "http://127.0.0.1:4/")
    configuration = workspace.folder / "alertmanager.yml"
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert "http://127.0.0.1:4/" in configuration.read_text(encoding="utf-8")
    command = ["config", "routes", "test", f"--config.file={configuration}", f"severity={severity}"]
    assert run(tools.amtool, *command).strip() == "discord,also"


def test_a_wrong_secret_stops_the_run(tmp_path: Path) -> None:
    """What the command says of a secret is the reason that nothing starts."""
    (tmp_path / "discord").write_text("hush")
    with pytest.raises(NotStarted, match="webhook") as refused:
        Workspace(tmp_path / "run").tell(tmp_path, {})
    assert "hush" not in str(refused.value)


def test_a_workspace_is_a_whole_configuration(tools: Tools, tmp_path: Path) -> None:
    """Prometheus accepts the folder that it is run on: unchanged configuration, rules, and its own targets."""
    workspace = Workspace(tmp_path)
    workspace.lay_out({"127.0.0.1:4": {"pod": "exporter-0"}}, alertmanager=5)
    assert f"{len(list(RULES.glob('*.yml')))} rule files found" in run(
        tools.promtool, "check", "config", tmp_path / "prometheus.yml"
    )
    assert (tmp_path / "prometheus.yml").samefile(REPOSITORY / "prometheus.yml")
    assert yaml.safe_load((tmp_path / "targets/exporter.yml").read_text()) == [
        {"targets": ["127.0.0.1:4"], "labels": {"pod": "exporter-0"}}
    ]
    assert yaml.safe_load((tmp_path / "targets/alertmanager/local.yml").read_text()) == [{"targets": ["127.0.0.1:5"]}]


def test_the_committed_targets_are_valid() -> None:
    """Each committed targets file lists addresses, as Prometheus expects."""
    for file in (REPOSITORY / "targets").rglob("*.yml"):
        groups = yaml.safe_load(file.read_text())
        assert all(re.fullmatch(r"[\w.-]+:\d+", target) for group in groups for target in group["targets"]), file
