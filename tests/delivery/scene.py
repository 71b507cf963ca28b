"""An Alertmanager on the generated configuration, its waits alone shortened, and alerts as Prometheus posts them."""

import contextlib
import itertools
import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from exporter.cli import main
from stack.port import LOOPBACK, any_free
from stack.process import Process
from stack.tools import Tools

from .standins import StandIns

ACTION = "Roll back with wrangler rollback. If that's no help, read its logs & those of <others>."
LOGS = "https://dash.cloudflare.com/0123456789abcdef0123456789abcdef/workers/services/view/checkout/production/observability"
DASHBOARD = "/d/cloudflare-overview/cloudflare-overview?var-account=Example GmbH&var-project=shop"
GENERATOR = "http://prometheus.example:9090/graph?g0.expr=a+%3E+0.05&g0.tab=1"

_numbers = itertools.count(1)


def write_configuration(folder: Path, secrets: Mapping[str, str], routing: Mapping[str, Any], *flags: str) -> Path:
    """Return the configuration that the command writes for secrets and a section ``routing``."""
    place, config, output = folder / "secrets", folder / "exporter.yml", folder / "alertmanager.yml"
    place.mkdir(parents=True, exist_ok=True)
    for name, content in secrets.items():
        (place / name).write_text(content, encoding="utf-8")
    config.write_text(yaml.safe_dump({"alerting": {"routing": dict(routing)}}), encoding="utf-8")
    arguments = ["alertmanager-config", f"--secrets-dir={place}", f"--output={output}", f"--config.file={config}"]
    assert main([*arguments, *flags]) == 0
    return output


def shorten(text: str) -> str:
    """Return a configuration whose groups wait a moment; nothing else differs."""
    text = re.sub(r"group_wait: \w+", "group_wait: 300ms", text)
    return re.sub(r"group_interval: \w+", "group_interval: 1s", text)


@dataclass(frozen=True, slots=True)
class Scene:
    """An Alertmanager that runs, and what it delivers to."""

    url: str
    standins: StandIns
    process: Process

    def post(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        """Post alerts as Prometheus does."""
        answer = httpx.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=10)
        assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def open_scene(tools: Tools, folder: Path, standins: StandIns, configuration: Path) -> Iterator[Scene]:
    """Run Alertmanager on a configuration, whose waits are shortened, on a free port."""
    configuration.write_text(shorten(configuration.read_text(encoding="utf-8")), encoding="utf-8")
    port = any_free()
    url = f"http://{LOOPBACK}:{port}"
    command = [
        tools.alertmanager,
        f"--config.file={configuration}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        f"--web.external-url={url}",
        "--cluster.listen-address=",
        "--log.level=debug",
    ]
    with Process("Alertmanager", command, folder / "alertmanager.log") as process:
        process.start()
        process.wait_until_ready(f"{url}/-/ready", 30)
        try:
            yield Scene(url, standins, process)
        except AssertionError as error:
            error.add_note(process.tail(40))
            error.add_note("\n".join(standins.faults()))
            raise


def marker() -> str:
    """Return the name of an account that no other test has."""
    return f"account-{next(_numbers)}-end"


def alert(account: str, severity: str = "critical", *, is_over: bool = False, **labels: str) -> dict[str, Any]:
    """Return an alert about a Worker, unless labels say otherwise; a label of empty text is left out."""
    now = datetime.now(UTC)
    found = {
        "alertname": "CloudflareWorkerErrorRatioHigh",
        "severity": severity,
        "product": "workers",
        "job": "cloudflare",
        "account": account,
        "project": "blog",
        "script_name": "checkout",
        **labels,
    }
    found = {name: value for name, value in found.items() if value}
    what = next(found[name] for name in ("script_name", "kv_namespace", "bucket", "alertname") if name in found)
    return {
        "labels": found,
        "annotations": {
            "summary": "A Worker fails more often than it should.",
            "description": f"12.5% of the invocations of {what} (account {account}) failed over ten minutes.",
            "action": ACTION,
            "logs_url": LOGS,
            "runbook_url": f"alerting/runbook.md#{found['alertname'].lower()}",
            "dashboard_url": DASHBOARD,
        },
        # One that began long ago would not wait for others of its group.
        "startsAt": (now - timedelta(seconds=3 if is_over else 0)).isoformat(),
        "endsAt": (now - timedelta(seconds=1) if is_over else now + timedelta(hours=1)).isoformat(),
        "generatorURL": GENERATOR,
    }


def routes(tools: Tools, configuration: Path, **labels: str) -> list[str]:
    """Return the receivers that amtool says an alert of these labels goes to."""
    words = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
    outcome = subprocess.run(
        [tools.amtool, "config", "routes", "test", f"--config.file={configuration}", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout.strip().split(",")
