"""What is shipped works on the newest Prometheus and Alertmanager of Debian, as on those of its stable release."""

import http.server
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from exporter.alertmanager import SERVICES
from exporter.exposition.text import Format, render
from exporter.metrics.family import Family, Labels, Sample
from stack.apt import ToolsMissing
from stack.port import LOOPBACK, any_free
from stack.process import Process
from stack.tools import REPOSITORY, Tools, fetch_newest_tools, find_newest_tools, why_not_newest
from stack.workspace import Workspace, routing_without_grafana
from tests.alerting.shipped import ALERTS, RULES

RULE_TESTS = sorted((REPOSITORY / "alerting/tests").glob("*.yml"))

START_SECONDS = 60


def run(*command: str | Path) -> str:
    """Return what a checker says; it has to be content."""
    outcome = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def asked(address: str) -> Any:
    """Return what a program answers."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


def test_they_are_newer(newest_tools: Tools, tools: Tools) -> None:
    """The newest programs are of a higher release than the others."""
    for newest, usual in ((newest_tools.prometheus, tools.prometheus), (newest_tools.amtool, tools.amtool)):
        assert release(newest) > release(usual)


def test_a_download_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the newest cannot be fetched, why is kept for the tests that are then skipped."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not why_not_newest(tmp_path)
    with pytest.raises(ToolsMissing, match="no apt-get"):
        fetch_newest_tools(tmp_path)
    assert find_newest_tools(tmp_path) is None
    assert "no apt-get" in why_not_newest(tmp_path)


def release(program: Path) -> tuple[int, ...]:
    """Return the first two numbers of a program's version."""
    outcome = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r"version (\d+)\.(\d+)", outcome.stdout + outcome.stderr)
    assert found
    return tuple(map(int, found.groups()))


def test_prometheus_accepts_configuration_and_rules(newest_tools: Tools) -> None:
    """The newest promtool finds nothing wrong, in the rules not even what its lint looks for."""
    assert "SUCCESS" in run(newest_tools.promtool, "check", "config", "prometheus.yml")
    run(newest_tools.promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(newest_tools: Tools, file: Path) -> None:
    """The unit tests of the rules pass, to the last digit."""
    run(newest_tools.promtool, "test", "rules", file)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder to run both on, with the repository's configuration and a dummy secret of each service."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for service in SERVICES.values():
        (secrets / service.name).write_text(service.example, encoding="utf-8")
    found = Workspace(tmp_path / "run")
    found.tell(secrets, routing_without_grafana())
    return found


def test_alertmanager_starts_on_what_is_generated(newest_tools: Tools, workspace: Workspace) -> None:
    """The newest amtool and Alertmanager accept the example, and the configuration with every service."""
    generated = workspace.folder / "alertmanager.yml"
    for file in (REPOSITORY / "alerting/alertmanager.yml", generated):
        assert "SUCCESS" in run(newest_tools.amtool, "check-config", file)
    port = any_free()
    command = workspace.alertmanager_command(newest_tools, port)
    with Process("Alertmanager", command, workspace.folder / "alertmanager.log") as process:
        process.start()
        process.wait_until_ready(f"http://{LOOPBACK}:{port}/-/ready", START_SECONDS)
        told = asked(f"http://{LOOPBACK}:{port}/api/v2/status")["config"]["original"]
        wanted = yaml.safe_load(generated.read_text(encoding="utf-8"))
        assert len(yaml.safe_load(told)["inhibit_rules"]) == len(wanted["inhibit_rules"])
        assert "level=ERROR" not in process.tail()


def test_prometheus_starts_on_what_is_shipped(newest_tools: Tools, workspace: Workspace) -> None:
    """The newest Prometheus loads every rule, and evaluates them without an error."""
    workspace.lay_out({f"{LOOPBACK}:{any_free()}": {}}, any_free())
    port = any_free()
    command = workspace.prometheus_command(newest_tools, port)
    with Process("Prometheus", command, workspace.folder / "prometheus.log") as process:
        process.start()
        process.wait_until_ready(f"http://{LOOPBACK}:{port}/-/ready", START_SECONDS)
        groups = asked(f"http://{LOOPBACK}:{port}/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert {rule["name"] for rule in rules if rule["type"] == "alerting"} == set(ALERTS)
        assert all(rule["health"] in {"ok", "unknown"} and not rule.get("lastError") for rule in rules)


COUNTED_SINCE = 100
"""How many seconds before it is first scraped a counter has been counted."""


@pytest.fixture
def counting() -> Iterator[str]:
    """The address of an exporter whose one counter is at 7 already when it is first scraped, and tells since when."""
    sample = Sample(Labels(("account",), ("Example",)), 7, since=int(time.time()) - COUNTED_SINCE)
    page = render([Family("cloudflare_made_up_total", "counter", "Made up.", (sample,))], Format.OPENMETRICS)

    class Exposition(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", Format.OPENMETRICS.value)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Exposition) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"{LOOPBACK}:{server.server_port}"
        server.shutdown()


def test_the_start_of_a_counter_is_a_zero_of_it(newest_tools: Tools, tmp_path: Path, counting: str) -> None:
    """What was counted before the first scrape is part of the increase, and no series of its own comes of it."""
    configuration, port = tmp_path / "prometheus.yml", any_free()
    jobs = [{"job_name": "made-up", "scrape_interval": "1s", "static_configs": [{"targets": [counting]}]}]
    configuration.write_text(yaml.safe_dump({"scrape_configs": jobs}))
    command = [
        newest_tools.prometheus,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--enable-feature=created-timestamp-zero-ingestion",
    ]

    def values(query: str) -> list[dict[str, Any]]:
        address = f"http://{LOOPBACK}:{port}/api/v1/query?{urlencode({'query': query})}"
        found: list[dict[str, Any]] = asked(address)["data"]["result"]
        return found

    with Process("Prometheus", command, tmp_path / "prometheus.log") as process:
        process.start()
        process.wait_until_ready(f"http://{LOOPBACK}:{port}/-/ready", START_SECONDS)
        end = time.monotonic() + START_SECONDS
        while not values("cloudflare_made_up_total"):
            assert time.monotonic() < end, process.tail()
            time.sleep(0.2)
        ((series,),) = [values("cloudflare_made_up_total[10m]")]
        (first, zero), *scraped = series["values"]
        assert zero == "0"
        assert {value for _, value in scraped} == {"7"}
        assert scraped[0][0] - first >= COUNTED_SINCE
        assert values("cloudflare_made_up_created") == []
