"""What happens in the end-to-end test, once for all of its assertions.

Two exporters, each with a Cloudflare of its own: one whose figures are there at once, one whose figures come up to ten
minutes late. Simulated time runs fast; both exporters are killed and started again; then it runs more slowly.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import yaml

from exporter.simulator.demo import DEMO_TOKEN
from stack.port import LOOPBACK, any_free
from stack.process import NotStarted, Process
from stack.receiver import Alert, Receiver
from stack.tools import REPOSITORY, Tools
from stack.workspace import Workspace
from tests.delivery.scene import shorten
from tests.delivery.standins import StandIns

from .cloudflare import SimulatedCloudflare
from .prometheus import Prometheus

# The worst that a failing Worker sets off: nothing suppresses it, and it suppresses the others, whichever comes first.
ALERT = "CloudflareWorkerFailing"
FAILING = "blog-render"

# What service discovery in Kubernetes puts on a target, and labels that the exporter's metrics have, too.
TARGET_LABELS = {
    "namespace": "monitoring",
    "pod": "cloudflare-exporter-0",
    "container": "exporter",
    "service": "cloudflare-exporter",
    "endpoint": "metrics",
    "node": "node-1",
    "cluster": "main",
    "project": "infra",
    "account": "123456789012",
}

# Simulated seconds in one of ours. The slower pace is for comparing: no answer of the exporter's skips five minutes, so
# that all of an answer is published at once.
_SPEED = 60.0
_CALM_SPEED = 10.0

# In our seconds; more than five simulated minutes.
_OUTAGE_SECONDS = 6.0
_LATENESS = timedelta(minutes=10)

# Between two answers the exporter takes time to pass as fast as its own; discovery tells it the simulated time, and so
# that there is something new to ask.
_POLL = {"refresh": "2s", "discovery": "5s"}

_START_SECONDS = 45.0
_WINDOW = "45s"

EXPORTER = Path(sys.executable).with_name("cloudflare-exporter")


@dataclass(frozen=True)
class Site:
    """A simulated Cloudflare and the exporter that watches it."""

    name: str
    cloudflare: SimulatedCloudflare
    simulator: Process
    simulator_address: str
    exporter: Process
    instance: str

    def start_exporter(self) -> None:
        """Start the exporter, or start it again."""
        self.exporter.start()
        self.exporter.wait_until_ready(f"http://{self.instance}/-/ready", _START_SECONDS)


@dataclass
class Scene:
    """Everything that runs, and what arrived: at the receiver of ``make run``, and at the services."""

    punctual: Site
    late: Site
    prometheus: Prometheus
    processes: list[Process]
    standins: StandIns
    arrived: list[Alert] = field(default_factory=list)

    @property
    def sites(self) -> tuple[Site, Site]:
        """Both sites."""
        return self.punctual, self.late

    def play(self) -> None:
        """Let everything happen; afterwards simulated time runs more slowly."""
        self.punctual.cloudflare.start_incident(FAILING, length=timedelta(days=2))
        for site in self.sites:
            wait_for(partial(self._has_counted, site), 60, f"the first usage at the {site.name} site")
        for site in self.sites:
            site.exporter.kill()
        time.sleep(_OUTAGE_SECONDS)
        for site in self.sites:
            site.start_exporter()
        self.late.cloudflare.end_traffic()
        wait_for(self._fires, 90, f"{ALERT} to fire")
        wait_for(partial(self.late.cloudflare.has_been_quiet_for, _LATENESS), 30, "the last late data to be visible")
        for site in self.sites:
            site.cloudflare.run_at(_CALM_SPEED)

    def logs(self) -> str:
        """Return the last lines of every process."""
        return "\n\n".join(f"--- {process.name}\n{process.tail()}" for process in self.processes)

    def _has_counted(self, site: Site) -> bool:
        return bool(self.prometheus.query(f'sum(cloudflare_worker_requests_total{{instance="{site.instance}"}}) > 0'))

    def _fires(self) -> bool:
        selector = f'ALERTS{{alertname="{ALERT}",script_name="{FAILING}",alertstate="firing"}}'
        return bool(self.prometheus.query(selector))


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until the condition holds; fails if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.5)


@contextlib.contextmanager
def open_scene(tools: Tools, folder: Path) -> Iterator[Scene]:
    """Start everything on free ports, play the scene, and stop everything on leaving."""
    with contextlib.ExitStack() as opened:
        arrived: list[Alert] = []
        receiver = opened.enter_context(Receiver(0, arrived.append))
        standins = opened.enter_context(StandIns())
        sites = punctual, late = _site("punctual", folder, timedelta(0)), _site("late", folder, _LATENESS)
        instances = [site.instance for site in sites]
        prometheus, address = _alerts_client(tools, folder, instances, receiver.url, standins)
        processes = [process for site in sites for process in (site.simulator, site.exporter)] + [
            process for process, _ in prometheus
        ]
        api = Prometheus(address)
        for close in (api.close, *(site.cloudflare.close for site in sites)):
            opened.callback(close)
        for process in processes:
            opened.enter_context(process)
        scene = Scene(punctual, late, api, processes, standins, arrived)
        try:
            for site in sites:
                site.simulator.start()
                site.simulator.wait_until_ready(f"{site.cloudflare.url}/_sim/clock", _START_SECONDS)
                site.start_exporter()
            for process, page in prometheus:
                process.start()
                process.wait_until_ready(page, _START_SECONDS)
            scene.play()
        except (AssertionError, NotStarted) as error:
            error.add_note(scene.logs())
            raise
        yield scene


def _site(name: str, folder: Path, lateness: timedelta) -> Site:
    simulator_address, instance = (f"{LOOPBACK}:{any_free()}" for _ in range(2))
    cloudflare = SimulatedCloudflare(simulator_address)
    configuration = folder / f"{name}.yml"
    configuration.write_text(yaml.safe_dump({"poll": _POLL}))
    logs = folder / "log"
    simulator = Process(
        f"The {name} Cloudflare",
        [
            EXPORTER,
            "demo",
            "--simulator-only",
            f"--simulator.listen-address={simulator_address}",
            f"--simulator.speed={_SPEED:.0f}",
            f"--simulator.lateness={lateness.total_seconds():.0f}s",
        ],
        logs / f"{name}-cloudflare.log",
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFLARE_")}
    exporter = Process(
        f"The {name} exporter",
        [
            EXPORTER,
            "serve",
            f"--config.file={configuration}",
            f"--web.listen-address={instance}",
            f"--storage.path={folder / name}",
        ],
        logs / f"{name}-exporter.log",
        env=environment | {"CLOUDFLARE_API_TOKEN": DEMO_TOKEN, "CLOUDFLARE_API_URL": cloudflare.api_url},
    )
    return Site(name, cloudflare, simulator, simulator_address, exporter, instance)


def _alerts_client(
    tools: Tools, folder: Path, instances: list[str], receiver_url: str, standins: StandIns
) -> tuple[list[tuple[Process, str]], str]:
    workspace = Workspace(folder)
    prometheus, alertmanager = any_free(), any_free()
    workspace.lay_out({instance: TARGET_LABELS for instance in instances}, alertmanager)
    _tell(workspace, receiver_url, standins)
    _shorten_durations(folder)
    started = [
        (
            Process(
                "Alertmanager",
                workspace.alertmanager_command(tools, alertmanager),
                folder / "log/alertmanager.log",
            ),
            f"http://{LOOPBACK}:{alertmanager}/-/ready",
        ),
        (
            Process("Prometheus", workspace.prometheus_command(tools, prometheus), folder / "log/prometheus.log"),
            f"http://{LOOPBACK}:{prometheus}/-/ready",
        ),
    ]
    return started, f"{LOOPBACK}:{prometheus}"


def _tell(workspace: Workspace, receiver_url: str, standins: StandIns) -> None:
    """Let every service be told, as one who has put all secrets into the folder; only the waits are short."""
    secrets, configuration = workspace.folder / "secrets", workspace.folder / "alertmanager.yml"
    secrets.mkdir()
    for name, content in standins.secrets().items():
        (secrets / name).write_text(content, encoding="utf-8")
    workspace.tell(secrets, standins.routing(), receiver_url)
    configuration.write_text(shorten(configuration.read_text(encoding="utf-8")), encoding="utf-8")


def _shorten_durations(folder: Path) -> None:
    """Put a copy of the rules in the place of the repository's, with durations that fit the test."""
    (folder / "alerting").unlink()
    for file in (REPOSITORY / "alerting/rules").glob("*.yml"):
        content = yaml.safe_load(file.read_text())
        for group in content["groups"]:
            group.pop("interval", None)
        for rule in (rule for group in content["groups"] for rule in group["rules"]):
            rule["expr"] = re.sub(r"\[\d+m\]", f"[{_WINDOW}]", rule["expr"])
            # An hour must be known; here ten minutes are enough.
            rule["expr"] = rule["expr"].replace(">= 3600", ">= 600")
            if rule.get("alert") == ALERT:
                rule["for"] = "0s"
        target = folder / "alerting/rules" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump(content))
