"""Where the tests of the command line run: in an empty folder."""

import os
from pathlib import Path

import pytest

TOKEN = "hush-0123456789-do-not-show"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder of the test's own, without variables of Cloudflare's or of a proxy."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in os.environ:
        if name.startswith("CLOUDFLARE_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
