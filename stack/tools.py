"""Find Prometheus, Alertmanager and their checkers on PATH, or unpack them from Debian's packages into a folder.

Nothing is installed and no service is started. ``python -m stack.tools`` does this and prints the programs' paths. It
also unpacks the newest ones, those of Debian's unstable release, on which the tests try what is shipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.apt import Apt, ToolsMissing, run

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".cache"

PACKAGES = ("prometheus", "prometheus-alertmanager")
NEWEST_PACKAGES = ("prometheus", "promtool", "prometheus-alertmanager")
NEWEST_SUITE = "unstable"

# Debian's Alertmanager reads its templates from this folder, which exists only if the package is installed. In the
# unpacked program the path is replaced by one of the same length that means the working directory.
_TEMPLATES = b"/usr/share/prometheus/alertmanager"
_HERE = b"." + b"/" * (len(_TEMPLATES) - 1)
_ALERTMANAGER = """#!/bin/sh
cd "$(dirname "$0")/../share/prometheus/alertmanager" && exec ../../../bin/prometheus-alertmanager "$@"
"""


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
    return _tools(cache / "tools", _on_path)


def find_newest_tools(cache: Path = CACHE) -> Tools | None:
    """Return the newest programs, unpacked earlier; None if one is missing."""
    return _tools(_newest(cache), _nowhere)


def why_not_newest(cache: Path = CACHE) -> str:
    """Return why the newest programs could not be fetched when that was last tried; empty if they could."""
    told = _refusal(cache)
    return told.read_text(encoding="utf-8") if told.exists() else ""


def fetch_tools(cache: Path = CACHE) -> Tools:
    """Return the programs, unpacking Debian's packages into ``cache`` if one is missing. Raise ToolsMissing."""
    tools = find_tools(cache)
    if tools is None:
        _need_apt()
        print("Fetching Prometheus and Alertmanager (Debian's packages, unpacked into .cache/, not installed) …")
        _unpack_packages(cache, cache / "tools", PACKAGES)
        tools = find_tools(cache)
    return _complete(tools, PACKAGES)


def fetch_newest_tools(cache: Path = CACHE) -> Tools:
    """Return the newest programs, unpacking Debian's packages if one is missing. Raise ToolsMissing, and keep why."""
    cache.mkdir(parents=True, exist_ok=True)
    try:
        tools = find_newest_tools(cache)
        if tools is None:
            _need_apt()
            print(f"Fetching the newest Prometheus and Alertmanager (Debian's {NEWEST_SUITE}), to test with them …")
            _unpack_packages(cache, _newest(cache), NEWEST_PACKAGES, NEWEST_SUITE)
            tools = find_newest_tools(cache)
        found = _complete(tools, NEWEST_PACKAGES)
    except ToolsMissing as error:
        _refusal(cache).write_text(str(error), encoding="utf-8")
        raise
    _refusal(cache).unlink(missing_ok=True)
    return found


def _newest(cache: Path) -> Path:
    return cache / "newest"


def _refusal(cache: Path) -> Path:
    return cache / "newest-refused"


def _need_apt() -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise ToolsMissing(
            "Prometheus and Alertmanager are needed, and this system has no apt-get to fetch them.\n"
            "Get both from https://prometheus.io/download/ and put prometheus, promtool, alertmanager and amtool "
            "on PATH."
        )


def _complete(tools: Tools | None, packages: Sequence[str]) -> Tools:
    if tools is None:
        raise ToolsMissing(f"The packages {', '.join(packages)} were unpacked, but a program is missing from them.")
    _check(tools)
    return tools


def _tools(unpacked: Path, elsewhere: Callable[[str], Path | None]) -> Tools | None:
    """Return each program from ``elsewhere`` or from a folder of unpacked packages; None if one is missing."""

    def find(*names: str) -> Path | None:
        inside = (path for name in names if os.access(path := unpacked / "usr/bin" / name, os.X_OK))
        return next(filter(None, map(elsewhere, names)), None) or next(inside, None)

    prometheus, promtool, amtool = find("prometheus"), find("promtool"), find("amtool")
    alertmanager = find("alertmanager", "prometheus-alertmanager")
    if prometheus is None or promtool is None or alertmanager is None or amtool is None:
        return None
    flags: tuple[str, ...] = ()
    if prometheus.is_relative_to(unpacked):
        flags = (f"--web.local-assets={unpacked / 'usr/share/prometheus/web'}/",)
    return Tools(prometheus, promtool, alertmanager, amtool, flags)


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _nowhere(_name: str) -> None:
    return None


def _check(tools: Tools) -> None:
    for program in (tools.prometheus, tools.promtool, tools.alertmanager, tools.amtool):
        outcome = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )
        if outcome.returncode != 0:
            raise ToolsMissing(f"{program} exists but does not run: {outcome.stderr.strip() or outcome.stdout}")


def _unpack_packages(cache: Path, target: Path, packages: tuple[str, ...], suite: str = "") -> None:
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        downloads, tree = Path(scratch, "packages"), Path(scratch, "tree")
        downloads.mkdir()
        Apt(downloads, Path(scratch, "apt"), suite).download(packages)
        for package in downloads.glob("*.deb"):
            run(["dpkg-deb", "-x", str(package), str(tree)], downloads)
        _relocate_alertmanager(tree / "usr/bin")
        shutil.rmtree(target, ignore_errors=True)
        tree.rename(target)


def _relocate_alertmanager(programs: Path) -> None:
    program, starter = programs / "prometheus-alertmanager", programs / "alertmanager"
    program.write_bytes(program.read_bytes().replace(_TEMPLATES, _HERE))
    starter.write_text(_ALERTMANAGER)
    starter.chmod(0o755)


def main() -> int:
    """Fetch missing programs and print the paths in use. Return 1 if one cannot be had, the newest left out."""
    try:
        tools = fetch_tools()
    except ToolsMissing as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Using {tools.prometheus}, {tools.alertmanager}")
    try:
        newest = fetch_newest_tools()
    except ToolsMissing as error:
        print(f"The newest ones are not there, so the tests on them are skipped. {error}", file=sys.stderr)
    else:
        print(f"Using {newest.prometheus}, {newest.alertmanager} as the newest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
