"""``make run``: run the exporter, Prometheus and Alertmanager with the repository's configuration until Ctrl-C.

Without a token in the environment, the exporter runs on the simulated account.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import quote

from stack.apt import ToolsMissing
from stack.pages import alerts_page, has_interface, reload
from stack.port import LOOPBACK, next_free
from stack.process import NotStarted, Process
from stack.receiver import Alert, Receiver
from stack.tools import REPOSITORY, Tools, fetch_tools
from stack.workspace import SECRETS, Workspace, routing_without_grafana

COST_QUERY = "sum by (project) (cloudflare_cost_forecast_usd)"
REQUESTS_QUERY = "sum by (project, script_name) (increase(cloudflare_worker_requests_total[15m]))"

_START_SECONDS = 60
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """A signal asked the run to stop."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback port of each part."""

    exporter: int
    prometheus: int
    alertmanager: int
    receiver: int


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Where Prometheus shows its alerts, and whether Alertmanager shows anything."""

    alerts: str
    has_alertmanager: bool


def main() -> int:
    """Run until a signal arrives or a part exits. Return 0 after a signal, 1 if a part failed."""
    for number in _STOP_SIGNALS:
        signal.signal(number, _interrupt)
    is_simulated = not has_token(os.environ)
    try:
        run(Workspace(REPOSITORY / ".run" / ("simulated" if is_simulated else "account")), is_simulated)
    except Interrupted:
        print("\nEverything has stopped.")
        return 0
    except (NotStarted, ToolsMissing, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def has_token(environment: Mapping[str, str]) -> bool:
    """Return whether the environment has a token for a real account."""
    return any(environment.get(name) for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE"))


def run(workspace: Workspace, is_simulated: bool) -> NoReturn:
    """Start and watch everything. Raise Interrupted when asked to stop, and NotStarted when a part exits.

    By then, everything that was started is stopped.
    """
    tools = fetch_tools()
    with contextlib.ExitStack() as opened:
        opened.enter_context(_only_run(workspace))
        ports = choose_ports()
        receiver = opened.enter_context(Receiver(ports.receiver, _print_alert))
        workspace.lay_out({f"{LOOPBACK}:{ports.exporter}": {}}, ports.alertmanager)
        routing = routing_without_grafana()
        workspace.tell(SECRETS, routing, receiver.url, address(ports.exporter))
        processes = _processes(workspace, tools, ports, is_simulated)
        for process, page in processes:
            opened.enter_context(process)
            process.start()
            process.wait_until_ready(page, _START_SECONDS)
        interfaces = Interfaces(alerts_page(address(ports.prometheus)), has_interface(address(ports.alertmanager)))
        if not interfaces.has_alertmanager:
            workspace.tell(SECRETS, {**routing, "silence_links": False}, receiver.url, address(ports.exporter))
            reload(address(ports.alertmanager))
        print(introduction(workspace, ports, tools.amtool, interfaces, is_simulated), flush=True)
        _watch([process for process, _ in processes])


def address(port: int) -> str:
    """Return the address of what listens on a port of this machine."""
    return f"http://{LOOPBACK}:{port}"


def choose_ports() -> Ports:
    """Return the default ports, or the next free ones, and print which differ."""
    chosen: dict[str, int] = {}
    for name, usual in (
        ("The exporter", 9199),
        ("Prometheus", 9090),
        ("Alertmanager", 9093),
        ("The receiver of alerts", 9095),
    ):
        port = next_free(usual, avoid=chosen.values())
        if port != usual:
            print(f"Port {usual} is taken. {name} listens on {port}.")
        chosen[name] = port
    return Ports(*chosen.values())


def introduction(workspace: Workspace, ports: Ports, amtool: Path, interfaces: Interfaces, is_simulated: bool) -> str:
    """Return the text that lists what runs, where, and what to look at."""
    exporter, prometheus, alertmanager = map(address, (ports.exporter, ports.prometheus, ports.alertmanager))
    shown = f"{alertmanager}/          or: " if interfaces.has_alertmanager else ""
    if amtool.is_relative_to(REPOSITORY):
        amtool = amtool.relative_to(REPOSITORY)
    simulated = """
  ================================================================================
   THE ACCOUNT IS SIMULATED: no token is set, so every figure is made up.
   For your own account:  CLOUDFLARE_API_TOKEN=… make run
   In five minutes the Worker "checkout" fails for a while: expect an alert within 20.
  ================================================================================
"""
    return f"""{simulated if is_simulated else ""}
  Exporter      {exporter}/          assets, costs, freshness and current problems
                {exporter}/metrics   the metrics that Prometheus scrapes
                {exporter}/api/alerts   firing alerts, as JSON
                {exporter}/runbook   what each alert means, and what to do
  Costs         .venv/bin/cloudflare-exporter costs --storage.path={workspace.folder.relative_to(REPOSITORY) / "data"}
                  cost by project; the history fill of the billing cycle takes some minutes
  Prometheus    {interfaces.alerts}    the alerts and their state
                {prometheus}/graph?g0.expr={quote(COST_QUERY)}&g0.tab=0
                  cost forecast by project for this billing cycle
                {prometheus}/graph?g0.expr={quote(REQUESTS_QUERY)}&g0.tab=0
                  invocations by Worker; the first figures take two or three minutes
  Alertmanager  {shown}{amtool} --alertmanager.url={alertmanager} alert

  Alerts are printed here{_other_receivers(SECRETS)}.
                For Discord, put a webhook's address into {SECRETS.relative_to(REPOSITORY)}/discord and start again;
                {SECRETS.relative_to(REPOSITORY)}/README.md covers Slack, PagerDuty, Telegram, e-mail and webhooks
  Logs          {workspace.folder.relative_to(REPOSITORY)}/log/
  Ctrl-C stops everything.
"""


def _other_receivers(secrets: Path) -> str:
    names = sorted(path.name for path in secrets.iterdir() if not path.name.startswith((".", "README")))
    return f" and sent to: {', '.join(names)}" if names else " and sent nowhere else"


def _processes(workspace: Workspace, tools: Tools, ports: Ports, is_simulated: bool) -> Sequence[tuple[Process, str]]:
    logs = workspace.folder / "log"
    exporter = [
        Path(sys.executable).with_name("cloudflare-exporter"),
        "demo" if is_simulated else "serve",
        f"--web.listen-address={LOOPBACK}:{ports.exporter}",
        f"--storage.path={workspace.folder / 'data'}",
        f"--alerting.alertmanager-url={address(ports.alertmanager)}",
        f"--alerting.prometheus-url={address(ports.prometheus)}",
        f"--web.external-url={address(ports.exporter)}",
    ]
    prometheus = workspace.prometheus_command(tools, ports.prometheus)
    alertmanager = workspace.alertmanager_command(tools, ports.alertmanager)
    return (
        (
            Process("The exporter", exporter, logs / "exporter.log"),
            f"{address(ports.exporter)}/-/healthy",
        ),
        (
            Process("Alertmanager", alertmanager, logs / "alertmanager.log"),
            f"{address(ports.alertmanager)}/-/ready",
        ),
        (
            Process("Prometheus", prometheus, logs / "prometheus.log"),
            f"{address(ports.prometheus)}/-/ready",
        ),
    )


def _watch(processes: Sequence[Process]) -> NoReturn:
    while True:
        time.sleep(0.5)
        for process in processes:
            if not process.is_running:
                raise NotStarted(f"{process.name} has exited, so everything stops. Its last lines:\n{process.tail()}")


@contextlib.contextmanager
def _only_run(workspace: Workspace) -> Iterator[None]:
    workspace.folder.mkdir(parents=True, exist_ok=True)
    with (workspace.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotStarted("`make run` is already running in this folder.") from error
        yield


def _print_alert(alert: Alert) -> None:
    labels = alert.labels
    text = alert.annotations.get("description") or alert.annotations.get("summary", "")
    what = f"{alert.status.upper()} {labels.get('severity', '')} {labels.get('alertname', '')}"
    print(f"{datetime.now().astimezone():%H:%M:%S} {what}: {text}", flush=True)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    # A second Ctrl-C must not interrupt the shutdown.
    for each in _STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted


if __name__ == "__main__":
    sys.exit(main())
