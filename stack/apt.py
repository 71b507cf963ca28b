"""Download Debian's packages without installing them."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Debian puts the scripts and fonts of Prometheus' web interface into separate packages.
_PAGE_PACKAGE = re.compile(r"\b(?:libjs|fonts)-[a-z0-9.+-]+")

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT_SECONDS = 300


class ToolsMissing(Exception):
    """A program is missing and can't be fetched; the message has the remedy."""


class Apt:
    """``apt-get download``, with its own package lists if the system's are missing or outdated.

    With a ``suite``, such as unstable, its own lists are those of that release, from the system's first mirror.
    """

    def __init__(self, downloads: Path, state: Path, suite: str = "") -> None:
        self._downloads = downloads
        self._state = state
        self._suite = suite
        self._options: list[str] = []

    def download(self, packages: tuple[str, ...]) -> None:
        """Download packages, and those of their web interfaces, into the folder. Raise ToolsMissing."""
        if self._suite:
            self._update()
            self._download(packages)
        else:
            self._download_of_system(packages)
        done = set(packages)
        while wanted := sorted(set(self._page_packages()) - done):
            self._download(tuple(wanted))
            done |= set(wanted)

    def _download_of_system(self, packages: tuple[str, ...]) -> None:
        try:
            self._download(packages)
        except ToolsMissing:
            self._update()
            self._download(packages)

    def _download(self, packages: tuple[str, ...]) -> None:
        run(["apt-get", *self._options, "download", *packages], self._downloads)

    def _update(self) -> None:
        lists, archives = self._state / "lists", self._state / "cache"
        for folder in (lists, archives):
            (folder / "partial").mkdir(parents=True, exist_ok=True)
        own = self._own_sources() if self._suite else []
        self._options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={archives}", *own]
        if os.geteuid() == 0:
            self._options += ["-o", "APT::Sandbox::User=root"]
        run(["apt-get", *self._options, "update"], self._downloads)

    def _own_sources(self) -> list[str]:
        """Write a list of the suite's packages, and return the options with which apt reads only that."""
        told = run(
            ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)", "Created-By: Packages"],
            self._downloads,
        )
        mirror = next(iter(told.split()), "")
        if not mirror:
            raise ToolsMissing("apt has no source of packages, so there is no mirror to get newer ones from.")
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        sources = self._state / "sources.list"
        sources.write_text(f"deb {signed}{mirror} {self._suite} main\n", encoding="utf-8")
        settings = (f"Dir::Etc::SourceList={sources}", "Dir::Etc::SourceParts=/dev/null", "Acquire::Languages=none")
        return [word for setting in settings for word in ("-o", setting)]

    def _page_packages(self) -> Iterator[str]:
        for package in self._downloads.glob("*.deb"):
            depends = run(["dpkg-deb", "-f", str(package), "Depends"], self._downloads)
            yield from _PAGE_PACKAGE.findall(depends)


def run(command: list[str], folder: Path) -> str:
    """Return what a command prints. Raise ToolsMissing if it fails or takes too long."""
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
