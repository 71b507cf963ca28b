"""The parts of ``make run``: ports, processes, the receiver of alerts."""

import json
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from stack.port import LOOPBACK, any_free, is_free, next_free
from stack.process import NotStarted, Process
from stack.receiver import Alert, Receiver
from stack.run import Ports, has_token, introduction
from stack.tools import REPOSITORY
from stack.workspace import Workspace

SILENT = "import time; print('here', flush=True); time.sleep(60)"


def test_a_taken_port_is_passed_over() -> None:
    """Where something listens, the next free port is given."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        taken = listener.getsockname()[1]
        assert not is_free(taken)
        assert next_free(taken) > taken


def test_a_port_is_not_given_twice() -> None:
    """A port that is already promised is passed over though nothing listens there yet."""
    port = any_free()
    assert next_free(port, avoid={port}) > port


def test_a_process_that_ends_at_once_is_reported(tmp_path: Path) -> None:
    """The error carries the last lines of what the program said."""
    process = Process(
        "The example", [sys.executable, "-c", "print('no such flag'); raise SystemExit(2)"], tmp_path / "log"
    )
    with process, pytest.raises(NotStarted, match="no such flag"):
        process.start()
        process.wait_until_ready(f"http://{LOOPBACK}:{any_free()}/", seconds=20)


def test_leaving_stops_the_process(tmp_path: Path) -> None:
    """A program does not outlive its context."""
    process = Process("The example", [sys.executable, "-c", SILENT], tmp_path / "log")
    with process:
        process.start()
        assert process.is_running
    assert not process.is_running


def test_a_process_can_be_started_again_after_a_kill(tmp_path: Path) -> None:
    """After SIGKILL the program runs again and its log goes on."""
    process = Process("The example", [sys.executable, "-c", "print('here')"], tmp_path / "log")
    with process:
        process.start()
        process.kill()
        assert not process.is_running
        process.start()
    assert (tmp_path / "log").exists()


def test_alerts_arrive_at_the_receiver() -> None:
    """What Alertmanager posts is handed on alert by alert; anything else is refused."""
    arrived: list[Alert] = []
    body = {"alerts": [{"status": "firing", "labels": {"alertname": "A"}, "annotations": {"summary": "B"}}]}
    with Receiver(0, arrived.append) as receiver:
        urllib.request.urlopen(receiver.url, data=json.dumps(body).encode(), timeout=10).close()
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(receiver.url, data=b"[]", timeout=10)
        refusal.value.close()
    assert arrived == [Alert("firing", {"alertname": "A"}, {"summary": "B"})]
    assert refusal.value.code == 400


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"CLOUDFLARE_API_TOKEN": ""}, False),
        ({"CLOUDFLARE_API_TOKEN": "secret"}, True),
        ({"CLOUDFLARE_API_TOKEN_FILE": "/run/secrets/token"}, True),
    ],
)
def test_a_token_decides_between_the_real_and_the_simulated_account(
    environment: dict[str, str], expected: bool
) -> None:
    """The account is simulated exactly where no token is named."""
    assert has_token(environment) is expected


def test_the_introduction_says_loudly_that_the_account_is_simulated() -> None:
    """The simulated account is announced as such, a real one is not, and every address is there."""
    workspace = Workspace(REPOSITORY / ".run/example")
    ports = Ports(exporter=9200, prometheus=9091, alertmanager=9094, receiver=9096)
    simulated, real = (
        introduction(workspace, ports, Path("/usr/bin/amtool"), is_simulated) for is_simulated in (True, False)
    )
    assert "SIMULATED" in simulated
    assert "SIMULATED" not in real
    for address in ("127.0.0.1:9200/metrics", "127.0.0.1:9091/alerts", "127.0.0.1:9094/", ".run/example/log/"):
        assert address in real


def test_the_introduction_says_how_to_be_told_on_discord() -> None:
    """It names the file that a webhook's address is put into, and the page that tells of the other services."""
    ports = Ports(exporter=9200, prometheus=9091, alertmanager=9094, receiver=9096)
    text = introduction(Workspace(REPOSITORY / ".run/example"), ports, Path("/usr/bin/amtool"), is_simulated=False)
    assert "put a webhook's address into alerting/secrets/discord" in text
    assert "alerting/secrets/README.md" in text
