"""What holds for every test: what CI skips, the slowest start first, CPU seconds are told."""

import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator

import pytest

from stack.tools import Tools, find_newest_tools, find_tools, why_not_newest
from tests.cpu_seconds import CpuSeconds
from tests.exactness.seed import SEED_VARIABLE, fresh_seed

ALLOWED_SKIP = "The newest Prometheus and Alertmanager could not be fetched"
"""How the one reason begins for which CI lets a test be skipped: Debian's unstable release is not always complete."""


def pytest_configure(config: pytest.Config) -> None:
    # What is kept for many tests (traffic, documents, schemas) need not be looked through again and again.
    gc.set_threshold(100_000, 50, 100)
    # httpx looks for it at every request within the process; a module that is missing is looked for on the disk.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
    config.pluginmanager.register(CpuSeconds(config), "cpu-seconds")


def clear_network_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what this machine's own environment says of proxies and certificates."""
    for name in os.environ:
        if name.upper().endswith("_PROXY") or name.startswith("SSL_CERT_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def tools() -> Tools:
    """Prometheus, Alertmanager and their checkers, as ``make tools`` fetched them."""
    found = find_tools()
    if found is None:
        pytest.skip("Prometheus and Alertmanager are not there: `make tools` fetches them")
    return found


@pytest.fixture(scope="session")
def newest_tools() -> Tools:
    """The newest Prometheus, Alertmanager and checkers of Debian, as ``make tools`` fetched them if they were there."""
    found = find_newest_tools()
    if found is None:
        refusal = why_not_newest()
        pytest.skip(f"{ALLOWED_SKIP}: {refusal}" if refusal else "`make tools` has not looked for the newest tools")
    return found


@pytest.fixture(scope="session", autouse=True)
def first_logging() -> tuple[dict[str, int], list[logging.Handler]]:
    """How logging is before any test, or what a whole file of tests shares, configures it: levels and handlers."""
    levels = {name: logging.getLogger(name).level for name in ("", "httpx", "httpcore", "uvicorn")}
    return levels, logging.getLogger().handlers[:]


@pytest.fixture(autouse=True)
def restored_logging(first_logging: tuple[dict[str, int], list[logging.Handler]]) -> Iterator[None]:
    """Undo what was configured: the next test may run in the same process."""
    yield
    levels, handlers = first_logging
    logging.getLogger().handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    allowed = [report for report in terminalreporter.getreports("skipped") if ALLOWED_SKIP in _reason(report)]
    if allowed:
        terminalreporter.line(f"{len(allowed)} tests on the newest releases were skipped. {_reason(allowed[0])}")
    seed = fresh_seed()
    terminalreporter.line(
        f"Seed of the fresh schedules: {seed}; {SEED_VARIABLE}={seed} sets it, make soak SEED={seed} has more."
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_allowed_seconds, reverse=True)


def _allowed_seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker and marker.args else 0.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # A test that is expected to fail also counts as skipped; it did run.
    if not hasattr(report, "wasxfail"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("CI") and ALLOWED_SKIP not in _reason(report):
        reason = _reason(report)
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped where CI is set. {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
