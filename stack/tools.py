"""Find Prometheus, Alertmanager and their checkers on PATH, or unpack them from Debian's packages into a folder.

Nothing is installed and no service is started. ``python -m stack.tools`` does this and prints the programs' paths.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".cache"

PACKAGES = ("prometheus", "prometheus-alertmanager")

# Debian puts the scripts and fonts of Prometheus' web interface into separate packages.
_PAGE_PACKAGE = re.compile(r"\b(?:libjs|fonts)-[a-z0-9.+-]+")

# Debian's Alertmanager reads its templates from this folder, which exists only if the package is installed. In the
# unpacked program the path is replaced by one of the same length that means the working directory.
_TEMPLATES = b"/usr/share/prometheus/alertmanager"
_HERE = b"." + b"/" * (len(_TEMPLATES) - 1)
_ALERTMANAGER = """#!/bin/sh
cd "$(dirname "$0")/../share/prometheus/alertmanager" && exec ../../../bin/prometheus-alertmanager "$@"
"""

_APT_SECONDS = 300


class ToolsMissing(Exception):
    """Prometheus or Alertmanager is missing and can't be fetched; the message has the remedy."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The four programs, and the flags with which an unpacked Prometheus finds its web interface.

    Pass them absolute paths: an unpacked Alertmanager changes its working directory.
    """

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path
    prometheus_flags: tuple[str, ...] = ()


def find_tools(cache: Path = CACHE) -> Tools | None:
    """Return each program from PATH or from the packages unpacked earlier; None if one is missing."""
    unpacked = cache / "tools"
    prometheus = _find(unpacked, "prometheus")
    promtool = _find(unpacked, "promtool")
    alertmanager = _find(unpacked, "alertmanager", "prometheus-alertmanager")
    amtool = _find(unpacked, "amtool")
    if prometheus is None or promtool is None or alertmanager is None or amtool is None:
        return None
    flags: tuple[str, ...] = ()
    if prometheus.is_relative_to(unpacked):
        flags = (f"--web.local-assets={unpacked / 'usr/share/prometheus/web'}/",)
    return Tools(prometheus, promtool, alertmanager, amtool, flags)


def fetch_tools(cache: Path = CACHE) -> Tools:
    """Return the programs, unpacking Debian's packages into ``cache`` if one is missing. Raise ToolsMissing."""
    tools = find_tools(cache)
    if tools is None:
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise ToolsMissing(
                "Prometheus and Alertmanager are needed, and this system has no apt-get to fetch them.\n"
                "Get both from https://prometheus.io/download/ and put prometheus, promtool, alertmanager and amtool "
                "on PATH."
            )
        print("Fetching Prometheus and Alertmanager (Debian's packages, unpacked into .cache/, not installed) …")
        _unpack_packages(cache)
        tools = find_tools(cache)
    if tools is None:
        raise ToolsMissing(f"The packages {' and '.join(PACKAGES)} were unpacked, but a program is missing from them.")
    _check(tools)
    return tools


def _find(unpacked: Path, *names: str) -> Path | None:
    for name in names:
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    candidates = (unpacked / "usr/bin" / name for name in names)
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def _check(tools: Tools) -> None:
    for program in (tools.prometheus, tools.promtool, tools.alertmanager, tools.amtool):
        outcome = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )
        if outcome.returncode != 0:
            raise ToolsMissing(f"{program} exists but does not run: {outcome.stderr.strip() or outcome.stdout}")


def _unpack_packages(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        downloads, tree = Path(scratch, "packages"), Path(scratch, "tree")
        downloads.mkdir()
        apt = _Apt(downloads, Path(scratch, "apt"))
        apt.download(PACKAGES)
        for package in downloads.glob("*.deb"):
            _run(["dpkg-deb", "-x", str(package), str(tree)], downloads)
        _relocate_alertmanager(tree / "usr/bin")
        target = cache / "tools"
        shutil.rmtree(target, ignore_errors=True)
        tree.rename(target)


def _relocate_alertmanager(programs: Path) -> None:
    program, starter = programs / "prometheus-alertmanager", programs / "alertmanager"
    program.write_bytes(program.read_bytes().replace(_TEMPLATES, _HERE))
    starter.write_text(_ALERTMANAGER)
    starter.chmod(0o755)


class _Apt:
    """``apt-get download``, with its own package lists if the system's are missing or outdated."""

    def __init__(self, downloads: Path, state: Path) -> None:
        self._downloads = downloads
        self._state = state
        self._options: list[str] = []

    def download(self, packages: tuple[str, ...]) -> None:
        """Download packages, and those of their web interfaces, into the folder. Raise ToolsMissing."""
        try:
            self._download(packages)
        except ToolsMissing:
            self._update()
            self._download(packages)
        done = set(packages)
        while wanted := sorted(set(self._page_packages()) - done):
            self._download(tuple(wanted))
            done |= set(wanted)

    def _download(self, packages: tuple[str, ...]) -> None:
        _run(["apt-get", *self._options, "download", *packages], self._downloads)

    def _update(self) -> None:
        lists, archives = self._state / "lists", self._state / "cache"
        for folder in (lists, archives):
            (folder / "partial").mkdir(parents=True, exist_ok=True)
        self._options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={archives}"]
        if os.geteuid() == 0:
            self._options += ["-o", "APT::Sandbox::User=root"]
        _run(["apt-get", *self._options, "update"], self._downloads)

    def _page_packages(self) -> Iterator[str]:
        for package in self._downloads.glob("*.deb"):
            depends = _run(["dpkg-deb", "-f", str(package), "Depends"], self._downloads)
            yield from _PAGE_PACKAGE.findall(depends)


def _run(command: list[str], folder: Path) -> str:
    try:
        outcome = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_APT_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolsMissing(f"{' '.join(command)} did not finish within {_APT_SECONDS} s.") from error
    if outcome.returncode != 0:
        raise ToolsMissing(f"{' '.join(command)} failed:\n{outcome.stderr.strip()}")
    return outcome.stdout


def main() -> int:
    """Fetch missing programs and print the paths in use. Return 1 if one cannot be had."""
    try:
        tools = fetch_tools()
    except ToolsMissing as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Using {tools.prometheus}, {tools.alertmanager}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
