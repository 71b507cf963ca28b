"""The folder that Prometheus and Alertmanager run on: the repository's own configuration, with targets of its own."""

import json
from collections.abc import Mapping
from pathlib import Path

from stack.port import LOOPBACK
from stack.tools import REPOSITORY, Tools

RECEIVER_URL = "http://127.0.0.1:9095/"
"""Where ``alerting/alertmanager.yml`` sends alerts."""


class Workspace:
    """A folder of one run. ``prometheus.yml`` and the rules in it are links: an edit needs only a reload."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def lay_out(self, exporters: Mapping[str, Mapping[str, str]], alertmanager: int, receiver_url: str) -> None:
        """Write the configuration: exporters (address -> target labels), Alertmanager's port, receiver's URL.

        The targets of an earlier run are replaced.
        """
        targets, found = self.folder / "targets", self.folder / "targets/alertmanager"
        found.mkdir(parents=True, exist_ok=True)
        self._link("prometheus.yml")
        self._link("alerting")
        groups = [{"targets": [address], "labels": dict(labels)} for address, labels in exporters.items()]
        (targets / "exporter.yml").write_text(json.dumps(groups) + "\n")
        (found / "local.yml").write_text(json.dumps([{"targets": [f"{LOOPBACK}:{alertmanager}"]}]) + "\n")
        (self.folder / "alertmanager.yml").write_text(alertmanager_configuration(receiver_url))

    def prometheus_command(self, tools: Tools, port: int) -> list[str | Path]:
        """Give the command that runs Prometheus on this folder; ``POST /-/reload`` makes it read edits."""
        return [
            tools.prometheus,
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--web.enable-lifecycle",
            *tools.prometheus_flags,
        ]

    def alertmanager_command(self, tools: Tools, port: int) -> list[str | Path]:
        """Give the command that runs Alertmanager on this folder, alone (no cluster)."""
        return [
            tools.alertmanager,
            f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'alertmanager'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--cluster.listen-address=",
        ]

    def _link(self, name: str) -> None:
        link = self.folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(REPOSITORY / name)


def alertmanager_configuration(receiver_url: str) -> str:
    """Give the repository's Alertmanager configuration with another receiver's URL; nothing else differs."""
    text = (REPOSITORY / "alerting/alertmanager.yml").read_text()
    if text.count(RECEIVER_URL) != 1:
        raise ValueError(f"alerting/alertmanager.yml should name {RECEIVER_URL} once")
    return text.replace(RECEIVER_URL, receiver_url)
