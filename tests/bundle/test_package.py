"""The installed package stands by itself: what writes rules and dashboards is not part of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stack.tools import REPOSITORY

SOURCES = ("pyproject.toml", "README.md", "LICENSE")
SECONDS = 60

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package from a copy of its sources, without network, and return the folder."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in SOURCES:
        shutil.copy(REPOSITORY / name, source / name)
    shutil.copytree(REPOSITORY / "exporter", source / "exporter", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return target


def python(installed: Path, *arguments: str) -> str:
    """Run Python where the installed package comes first and the repository is nowhere."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "100"}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=installed, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_the_table_of_alerts(installed: Path) -> None:
    """The table is read from the installed files, with neither the rules' code nor the dashboards' at hand."""
    said = python(
        installed,
        "-c",
        "import importlib.util, exporter.alerts.table as table\n"
        "print(table.__file__)\n"
        "print(len(table.ALERTS) > 30, 'CloudflareQuotaHigh' in table.ADJUSTABLE)\n"
        "print([name for name in ('alerting', 'dashboards', 'docs') if importlib.util.find_spec(name)])\n",
    ).splitlines()
    assert said == [str(installed / "exporter/alerts/table/__init__.py"), "True True", "[]"]


def test_it_runs(installed: Path) -> None:
    """The command line starts: every module and data file that it needs was packed."""
    assert "cloudflare-exporter" in python(installed, "-m", "exporter", "--help")


def test_it_has_its_data(installed: Path, tmp_path: Path) -> None:
    """The rate card is packed too."""
    usage = tmp_path / "usage.yml"
    usage.write_text("workers_requests: 20000000\n")
    assert "workers_requests" in python(installed, "-m", "exporter", "price", "--file", str(usage))
