"""The rule of ``tests/conftest.py``: in CI a skip is a failure, but for one reason, which is printed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stack.tools import REPOSITORY

SKIPPED_TEST = "import pytest\ndef test_it():\n    pytest.skip('not here')\n"
SKIPPED_MODULE = "import pytest\npytest.importorskip('no_such_module')\n"
ALLOWED = (
    "import pytest\nfrom tests.conftest import ALLOWED_SKIP\ndef test_it():\n    pytest.skip(f'{ALLOWED_SKIP}: 404')\n"
)
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"


@pytest.mark.parametrize(
    ("content", "ci", "is_accepted"),
    [
        (SKIPPED_TEST, "true", False),
        (SKIPPED_MODULE, "true", False),
        (SKIPPED_TEST, "", True),
        (EXPECTED_FAILURE, "true", True),
        (ALLOWED, "true", True),
    ],
)
def test_a_skip_fails_where_ci_is_set(tmp_path: Path, content: str, ci: str, is_accepted: bool) -> None:
    """A skipped test or module makes the run fail where CI is set, and only there; an expected failure does not."""
    shutil.copy(REPOSITORY / "tests/conftest.py", tmp_path)
    (tmp_path / "test_example.py").write_text(content)
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        env=os.environ | {"CI": ci, "PYTHONPATH": str(REPOSITORY), "PYTEST_ADDOPTS": "", "PYTEST_XDIST_WORKER": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (outcome.returncode in (0, 5)) == is_accepted, outcome.stdout
    told = "1 tests on the newest releases were skipped. Skipped: The newest Prometheus and Alertmanager could not be"
    assert (told in outcome.stdout) == (content == ALLOWED), outcome.stdout
