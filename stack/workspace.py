"""The working folder of Prometheus and Alertmanager: the repository's configuration with local targets."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from exporter.config.yaml_text import YamlFault, parse_yaml
from stack.port import LOOPBACK
from stack.process import NotStarted
from stack.tools import REPOSITORY, Tools

SECRETS = REPOSITORY / "alerting/secrets"
"""The folder for the secrets of notification services."""

ROUTING = REPOSITORY / "alerting/routing.yml"

EXPORTER = Path(sys.executable).with_name("cloudflare-exporter")

_WRITE_SECONDS = 60


class Workspace:
    """The folder of one run. ``prometheus.yml`` and the rules are symbolic links, so an edit needs only a reload."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def lay_out(self, exporters: Mapping[str, Mapping[str, str]], alertmanager: int) -> None:
        """Write Prometheus' configuration, replacing the targets of an earlier run.

        ``exporters`` maps addresses to target labels; ``alertmanager`` is a port.
        """
        targets, found = self.folder / "targets", self.folder / "targets/alertmanager"
        found.mkdir(parents=True, exist_ok=True)
        self._link("prometheus.yml")
        self._link("alerting")
        groups = [{"targets": [address], "labels": dict(labels)} for address, labels in exporters.items()]
        (targets / "exporter.yml").write_text(json.dumps(groups) + "\n")
        (found / "local.yml").write_text(json.dumps([{"targets": [f"{LOOPBACK}:{alertmanager}"]}]) + "\n")

    def tell(
        self,
        secrets: Path,
        routing: Mapping[str, Any],
        receiver_url: str | None = None,
        external_url: str | None = None,
    ) -> str:
        """Write Alertmanager's configuration from a folder of secrets, and return the command's output.

        ``routing`` is the section ``alerting.routing``; every alert also goes to ``receiver_url``, and links to the
        runbook lead to the exporter at ``external_url``. Raise NotStarted if the command fails.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        section = self.folder / "routing.yml"
        section.write_text(yaml.safe_dump({"alerting": {"routing": dict(routing)}}), encoding="utf-8")
        command: list[str | Path] = [
            EXPORTER,
            "alertmanager-config",
            f"--config.file={section}",
            f"--secrets-dir={secrets}",
            f"--output={self.folder / 'alertmanager.yml'}",
            *([f"--webhook={receiver_url}"] if receiver_url else []),
            *([f"--web.external-url={external_url}"] if external_url else []),
        ]
        outcome = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_WRITE_SECONDS,
            stdin=subprocess.DEVNULL,
            # The command needs no token, and refuses incomplete token settings.
            env={name: value for name, value in os.environ.items() if not name.startswith("CLOUDFLARE_")},
        )
        if outcome.returncode != 0:
            raise NotStarted(f"Alertmanager's configuration can't be written.\n{outcome.stderr.strip()}")
        return outcome.stdout + outcome.stderr

    def prometheus_command(self, tools: Tools, port: int) -> list[str | Path]:
        """Return the command that runs Prometheus on this folder; ``POST /-/reload`` applies edits."""
        return [
            tools.prometheus,
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}",
            # Rules look back three weeks; Prometheus' default retention is 15 days.
            "--storage.tsdb.retention.time=400d",
            f"--web.listen-address={LOOPBACK}:{port}",
            # The address in the links of alerts.
            f"--web.external-url=http://{LOOPBACK}:{port}/",
            "--web.enable-lifecycle",
            *tools.prometheus_flags,
        ]

    def alertmanager_command(self, tools: Tools, port: int) -> list[str | Path]:
        """Return the command that runs Alertmanager on this folder, without a cluster."""
        return [
            tools.alertmanager,
            f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'alertmanager'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            f"--web.external-url=http://{LOOPBACK}:{port}",
            # Longer than the longest repeat interval, one week.
            "--data.retention=240h",
            "--cluster.listen-address=",
        ]

    def _link(self, name: str) -> None:
        link = self.folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(REPOSITORY / name)


def routing_without_grafana() -> dict[str, Any]:
    """Return the repository's ``alerting.routing`` without Grafana's address. Raise NotStarted if it is invalid."""
    try:
        document = parse_yaml(ROUTING.read_bytes()) or {}
        section = dict((document.get("alerting") or {}).get("routing") or {})
    except YamlFault as fault:
        raise NotStarted(fault.of(str(ROUTING))) from fault
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise NotStarted(f"{ROUTING} can't be read as YAML with alerting.routing: see docs/alerting.md.") from error
    section.pop("grafana_url", None)
    return section
