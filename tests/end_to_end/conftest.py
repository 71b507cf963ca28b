"""The scene that all end-to-end tests look at, and the logs of its processes where one fails."""

from collections.abc import Generator, Iterator

import pytest

from stack.tools import Tools

from .scene import Scene, open_scene


@pytest.fixture(scope="module")
def scene(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything running, after everything has happened."""
    with open_scene(tools, tmp_path_factory.mktemp("scene")) as opened:
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    opened = item.funcargs.get("scene")
    if report.failed and isinstance(opened, Scene):
        report.sections.append(("Logs of the processes", opened.logs()))
    return report
