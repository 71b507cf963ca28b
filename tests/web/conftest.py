"""Sites for the tests of serving."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exporter.web import LIMITS, Limits
from tests.web.scene import OpenSite, Site, opened


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[OpenSite]:
    """Opens sites, which are closed after the test."""
    with ExitStack() as stack:

        def open_one(text: str | None = None, limits: Limits = LIMITS, series: int = 0) -> Site:
            return stack.enter_context(opened(tmp_path, text, limits, series))

        yield open_one
