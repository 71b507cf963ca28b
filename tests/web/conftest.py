"""Sites for the tests of serving."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exporter.web import LIMITS, ConnectionLimits
from tests.web.certificates import Authority
from tests.web.scene import OpenSite, Site, opened


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[OpenSite]:
    """Opens sites, which are closed after the test."""
    with ExitStack() as stack:

        def open_one(text: str | None = None, limits: ConnectionLimits = LIMITS, series: int = 0) -> Site:
            return stack.enter_context(opened(tmp_path, text, limits, series))

        yield open_one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with certificates, and with files that are none."""
    authority = Authority()
    authority.write(tmp_path)
    authority.server().write(tmp_path, "server")
    authority.server(passphrase="hush").write(tmp_path, "locked")
    authority.server().write(tmp_path, "other")
    (tmp_path / "text.pem").write_text("hello", encoding="utf-8")
    (tmp_path / "binary.pem").write_bytes(b"\xff\xfe")
    (tmp_path / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", encoding="utf-8"
    )
    return tmp_path
