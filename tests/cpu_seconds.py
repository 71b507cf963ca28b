"""The CPU seconds of a run of tests, by folder, of every worker and of the processes that tests start."""

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

BOUND = 32 * 60
"""How many CPU seconds a whole run may take: `make test` within 18 minutes on two cores."""

KEY = "cpu_seconds"
OUTSIDE = "outside of tests"


class CpuSeconds:
    """Measures in each process that runs tests; the first process adds up and prints them beside the bound.

    Processes that a test starts count once they have been waited for. What a worker that crashed has measured is lost.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._leads_workers = not self._is_worker and bool(config.getoption("numprocesses", None))
        self._taken: Counter[str] = Counter()

    def _passed(self) -> float:
        """Return what this process took so far, with its children; workers are no children, they tell themselves."""
        times = os.times()
        return sum(times[: 2 if self._leads_workers else 4])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        before = self._passed()
        outcome = yield
        folder = item.path.relative_to(item.config.rootpath).parts[:-1][:2]
        self._taken["/".join(folder)] += self._passed() - before  # type: ignore[assignment]
        return outcome

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._taken.update(getattr(node, "workeroutput", {}).get(KEY, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        own = self._passed() - (0.0 if self._leads_workers else self._taken.total())
        self._taken[OUTSIDE] += own  # type: ignore[assignment]
        if self._is_worker:
            self._config.workeroutput[KEY] = dict(self._taken)  # type: ignore[attr-defined]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("CPU seconds by folder")
        for folder, seconds in self._taken.most_common():
            terminalreporter.line(f"{seconds:8.1f}  {folder}")
        terminalreporter.line(f"{self._taken.total():8.1f}  in all; the bound is {BOUND}")
        if self._taken.total() > BOUND:
            terminalreporter.line("The run takes more than the bound. A busy machine does that, too.", red=True)
