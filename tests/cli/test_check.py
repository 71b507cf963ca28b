"""The command ``check``: exit codes, both forms of its output, and that it can be interrupted."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.simulator import DEMO_TOKEN
from tests.cli.conftest import TOKEN


@contextmanager
def simulated_cloudflare() -> Iterator[str]:
    """The API URL of a simulated Cloudflare in a process of its own."""
    command = [sys.executable, "-m", "exporter", "demo", "--simulator-only"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield re.findall(r"http://[0-9.:]+/client/v4", process.stderr.readline())[0]
        finally:
            process.kill()


def test_a_check_of_what_works(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It exits with 0, says so on standard output in both forms, and says and leaves nothing else."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", DEMO_TOKEN)
    with simulated_cloudflare() as url:
        monkeypatch.setenv("CLOUDFLARE_API_URL", url)
        assert main(["check"]) == 0
        table = capsys.readouterr()
        assert main(["check", "--output=json", "--log.level=error"]) == 0
        document = capsys.readouterr()
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
        assert main(["check", "--output=json"]) == 1
        wrong = capsys.readouterr()
    assert "Permissions" in table.out
    assert json.loads(document.out)["ok"] is True
    assert json.loads(wrong.out)["exit_code"] == 1
    assert table.err + document.err + wrong.err == ""
    assert DEMO_TOKEN not in table.out + document.out
    assert TOKEN not in wrong.out
    assert list(Path.cwd().iterdir()) == []


def test_a_check_of_a_wrong_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """It exits with 2 and the messages of serve; as JSON they are on standard output too."""
    Path("exporter.yml").write_text("poll: {refresh: 60}\n", encoding="utf-8")
    message = "The configuration file exporter.yml is not valid:\n  poll.refresh: must be a duration such as"
    assert main(["check", "--config.file=exporter.yml"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(message)
    assert main(["check", "--config.file=exporter.yml", "--output=json"]) == 2
    output = capsys.readouterr()
    assert json.loads(output.out)["findings"][0]["message"].startswith(message)
    assert json.loads(output.out)["exit_code"] == 2
    assert output.err.startswith(message)


def test_a_check_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while Cloudflare keeps silent ends it at once, without a traceback."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(15)
        monkeypatch.setenv("CLOUDFLARE_API_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/client/v4")
        command = [sys.executable, "-m", "exporter", "check"]
        # A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            signal.signal(signal.SIGINT, before)
            try:
                with silent.accept()[0]:
                    process.send_signal(signal.SIGINT)
                    output = process.communicate(timeout=15)
            finally:
                process.kill()
    assert (process.returncode, output) == (130, ("", ""))


def test_a_check_needs_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one there is nothing to check."""
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith("No API token: ")


def test_the_help_of_check_says_its_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever writes a script finds them without the documentation."""
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    codes = "0 no error, perhaps warnings; 1 something will not work; 2 the configuration or the command line is"
    assert f"{codes} invalid" in text
    assert [flag for flag in ("--config.file", "--storage.path", "--log.level", "--output") if flag not in text] == []
    assert "--web.listen-address" not in text
