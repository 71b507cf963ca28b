"""A simulated Cloudflare whose figures are there at once, for all tests of a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from .site import Cloudflare, Exporter, simulated_cloudflare


@pytest.fixture(scope="module")
def cloudflare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudflare]:
    """Return a running simulator."""
    with simulated_cloudflare(tmp_path_factory.mktemp("cloudflare"), timedelta(0)) as running:
        yield running


@pytest.fixture
def exporters(cloudflare: Cloudflare, tmp_path: Path) -> Iterator[Callable[..., Exporter]]:
    """Return what makes an exporter on a state folder (not yet started); each is stopped at the end."""
    with ExitStack() as opened:
        yield lambda state, within=(): opened.enter_context(Exporter(cloudflare, tmp_path, state, within))
