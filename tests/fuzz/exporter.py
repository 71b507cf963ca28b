"""A whole exporter that is treated badly: what holds of its log and of what it publishes, whatever happens."""

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.exposition.text import Format, render
from exporter.metrics.snapshot import Snapshot
from exporter.status import find_problems
from stack.tools import Tools
from tests.exactness.harness import Rig
from tests.fuzz.form import check_form


@contextmanager
def without_traceback() -> Iterator[list[str]]:
    """Yield what the exporter logs; fail if an error reached the boundary that catches what nobody has expected."""
    said: list[str] = []

    class Judge(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())
            if record.exc_info and record.exc_info[1] is not None:
                caught.append(record.exc_info[1])

    caught: list[BaseException] = []
    judge, logger = Judge(logging.INFO), logging.getLogger("exporter")
    level = logger.level
    logger.addHandler(judge)
    logger.setLevel(logging.INFO)
    try:
        yield said
    finally:
        logger.removeHandler(judge)
        logger.setLevel(level)
    for error in caught:
        raise AssertionError(f"the error boundary caught {error!r}") from error


def check_published(rig: Rig, tools: Tools | None = None) -> Snapshot:
    """Fail unless both formats parse, every problem has a remedy; with ``tools`` promtool has to agree."""
    snapshot = rig.exporter.published.snapshot
    assert snapshot is not None
    text, openmetrics = (render(snapshot.families, form).decode("utf-8") for form in (Format.TEXT, Format.OPENMETRICS))
    assert len(list(parse_text(text))) == len(list(parse_openmetrics(openmetrics))) > 0
    if tools is not None:
        done = subprocess.run(
            [tools.promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr.decode()
    for problem in find_problems(snapshot.status, snapshot.account_labels):
        check_form((problem.detail, problem.remedy))
        assert problem.detail and problem.remedy, problem
    return snapshot
