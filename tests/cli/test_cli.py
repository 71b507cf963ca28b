"""The command line: exit codes and messages."""

import asyncio
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from exporter import __version__
from exporter.catalog import DATASETS
from exporter.cli import Address, main, parse_address
from exporter.ledger import Ledger
from tests.cli.conftest import TOKEN


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a token, and an API that nobody serves."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    monkeypatch.setenv("CLOUDFLARE_API_URL", "http://127.0.0.1:9/client/v4")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The outcome of a process."""
    command = [sys.executable, "-m", "exporter", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def usage_error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line of what argparse says to wrong arguments."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_version_is_printed() -> None:
    """--version says which release runs, on standard output."""
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"cloudflare-exporter {__version__}\n", "")


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists the commands and the environment, and each command its own flags."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "serve" in text
    assert "demo" in text
    assert "CLOUDFLARE_API_TOKEN" in text
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    text = capsys.readouterr().out
    flags = (
        "--config.file",
        "--web.listen-address",
        "--web.telemetry-path",
        "--storage.path",
        "--storage.reset-counters",
        "--alerting.alertmanager-url",
        "--alerting.prometheus-url",
        "--alerting.grafana-url",
        "--log.level",
        "--log.format",
    )
    assert [flag for flag in flags if flag not in text] == []


@pytest.mark.parametrize("arguments", [(), ("serve",), ("--log.level=error",)])
def test_serving_is_the_default_and_needs_a_token(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token every way to say serve ends with code 2 and one message that says what to do."""
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        "No API token: set CLOUDFLARE_API_TOKEN or CLOUDFLARE_API_TOKEN_FILE, or configure one in the file given "
        "with --config.file. To try it without an account: cloudflare-exporter demo\n"
    )


def test_a_process_without_a_token_leaves_no_traceback() -> None:
    """The same as a process: code 2, one line, nothing behind."""
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith("No API token: ")
    assert len(done.stderr.splitlines()) == 1
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sreve",), "'demo'). Did you mean serve?"),
        (("quite-another",), "invalid choice: 'quite-another' ("),
        (
            ("--web.listen", "nowhere"),
            "unrecognized arguments: --web.listen nowhere. Did you mean --web.listen-address",
        ),
        (("demo", "--scenes=healthy"), "unrecognized arguments: --scenes=healthy. Did you mean --scene?"),
        (("assets", "--kind=workr"), "'kv_namespace'). Did you mean worker?"),
        (
            ("--web.listen-address", "localhost"),
            "argument --web.listen-address: 'localhost' is not of the form [host]:port",
        ),
        (("--web.listen-address", ":70000"), "argument --web.listen-address: ':70000' is not of the form [host]:port"),
        (("--web.telemetry-path", "metrics"), "argument --web.telemetry-path: 'metrics' is not a path such as"),
        (("--web.telemetry-path", "/-/ready"), "argument --web.telemetry-path: '/-/ready' is not a path such as"),
        (("--alerting.prometheus-url", "prometheus"), "argument --alerting.prometheus-url: must be a URL such as"),
        (("check", "--alerting.prometheus-url=http://a"), "unrecognized arguments: --alerting.prometheus-url=http://a"),
        (("--log.level", "loud"), "argument --log.level: invalid choice: 'loud'"),
        (("check", "--output=xml"), "argument --output: invalid choice: 'xml'"),
        (("check", "--web.listen-address=:1"), "unrecognized arguments: --web.listen-address=:1"),
        (("demo", "--simulator.lateness", "2"), "argument --simulator.lateness: '2': must be a duration such as"),
    ],
)
def test_wrong_arguments_exit_with_two(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be understood is named, and nothing starts."""
    assert message in usage_error(capsys, *arguments)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9199", Address("", 9199)),
        ("localhost:0", Address("localhost", 0)),
        ("127.0.0.1:80", Address("127.0.0.1", 80)),
        ("[::1]:9199", Address("::1", 9199)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    """The host may be missing, and an IPv6 address stands in brackets."""
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "9199", "localhost", ":", "::1:9199", "[localhost]:1", ":65536", ":-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Without a port, or with one that no machine has, there is nowhere to listen."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_address(text)


def test_a_wrong_configuration_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    """All errors come as one message, each in its line."""
    Path("exporter.yml").write_text("poll: {refresh: 60}\nclodflare: {}\n", encoding="utf-8")
    assert main(["serve", "--config.file", "exporter.yml"]) == 2
    assert capsys.readouterr().err == (
        "The configuration file exporter.yml is not valid:\n"
        "  poll.refresh: must be a duration such as 30s, 10m or 1h30m\n"
        "  clodflare: unknown key. Did you mean cloudflare?\n"
    )


def test_a_token_file_that_is_missing_exits_with_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a fault of the configuration, though found only when the exporter is built."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN_FILE", "token")
    assert main(["--web.listen-address=127.0.0.1:0"]) == 2
    assert capsys.readouterr().err == "Cannot read the token file token: No such file or directory.\n"


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "proxy.example:3128:1"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:9"),
        ("SSL_CERT_FILE", "missing.pem"),
    ],
)
def test_a_wrong_environment_exits_with_two(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Variables that the HTTP client cannot use are named in one message, before anything starts."""
    monkeypatch.setenv(name, value)
    assert main(["--web.listen-address=127.0.0.1:0"]) == 2
    errors = capsys.readouterr().err
    assert len(errors.splitlines()) <= 2
    assert "Traceback" not in errors


@pytest.mark.usefixtures("with_token")
def test_a_state_folder_that_cannot_be_used_exits_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A path below a file cannot be a folder, whoever asks; the message names it and the flag."""
    Path("file").touch()
    assert main(["--web.listen-address=127.0.0.1:0", "--storage.path=file/state"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "The state folder file/state cannot be used (Not a directory). Give this user write access to it, or choose "
        "another with --storage.path."
    )


@pytest.mark.usefixtures("with_token")
def test_a_port_in_use_exits_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names address, reason and flag."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main([f"--web.listen-address=127.0.0.1:{port}"]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"Cannot listen on 127.0.0.1:{port} (")
    assert message.endswith("). Choose another with --web.listen-address.\n")
    assert "in use" in message
    assert len(message.splitlines()) == 1


def test_a_port_in_use_ends_the_demo_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The simulated Cloudflare's address is a local fault like the exporter's own."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["demo", "--simulator-only", f"--simulator.listen-address=127.0.0.1:{port}"]) == 1
    assert "in use" in capsys.readouterr().err


@pytest.mark.usefixtures("with_token")
def test_a_second_exporter_on_one_state_exits_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two exporters would count everything twice; resetting beside a running one is refused as well."""
    folder = tmp_path / "state"
    ledger = Ledger.open(folder, DATASETS.values())
    try:
        codes = [
            main(["--web.listen-address=127.0.0.1:0", f"--storage.path={folder}"]),
            main([f"--storage.path={folder}", "--storage.reset-counters"]),
        ]
    finally:
        ledger.close()
    assert codes == [1, 1]
    message = (
        f"Another exporter is using the state folder {folder}. Stop it, or give this one a folder of its own "
        "with --storage.path."
    )
    assert capsys.readouterr().err.splitlines().count(message) == 2


@pytest.mark.usefixtures("with_token")
def test_a_newer_ledger_exits_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older program leaves a newer file alone, and says which release is needed."""
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = (tmp_path / "ledger.db").read_bytes()
    assert main(["--web.listen-address=127.0.0.1:0", f"--storage.path={tmp_path}"]) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith(f"The ledger {tmp_path / 'ledger.db'} has schema version 999, but this program knows ")
    assert message.endswith("Install that release again, or choose another --storage.path.")
    assert sqlite_version(tmp_path / "ledger.db") == 999
    assert len(before) > 0


def sqlite_version(path: Path) -> int:
    """The schema version of a file."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_counters_are_reset_and_the_command_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It needs no token, says what happened, exits with 0 and leaves a ledger that can be opened."""
    folder = tmp_path / "state"
    assert main([f"--storage.path={folder}", "--storage.reset-counters"]) == 0
    assert capsys.readouterr().out == (
        f"Counters in {folder} will restart from zero at the next start; daily sums and names are kept.\n"
    )
    Ledger.open(folder, DATASETS.values()).close()


def test_counters_in_memory_cannot_be_reset(capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to reset without a folder."""
    assert main(["--storage.path=", "--storage.reset-counters"]) == 2
    assert capsys.readouterr().err == (
        "--storage.reset-counters needs a ledger in a folder; --storage.path is empty.\n"
    )


@pytest.mark.usefixtures("with_token")
def test_serving_goes_on_without_cloudflare_and_stops_when_asked() -> None:
    """With nobody at the API URL the exporter serves, is healthy, shows no token, and SIGTERM ends it with 0."""
    command = [sys.executable, "-m", "exporter", "--web.listen-address=127.0.0.1:0", "--log.level=debug"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "listening on" in line)
            url = f"http://127.0.0.1:{line.rstrip().rstrip(chr(34)).rpartition(':')[2]}"
            assert asyncio.run(fetch(f"{url}/-/healthy")) == (200, "healthy\n")
            assert asyncio.run(fetch(f"{url}/-/ready"))[0] == 503
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, rest = process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0
    assert time.monotonic() - asked_at < 10
    assert "Traceback" not in rest
    assert TOKEN not in line + rest


@pytest.mark.usefixtures("with_token")
def test_a_hangup_reads_the_configuration_again() -> None:
    """At SIGHUP a broken file is refused and a whole one taken over, and the exporter runs on."""
    path = Path("exporter.yml")
    path.write_text("poll: {refresh: 1m}\n", encoding="utf-8")
    command = [sys.executable, "-m", "exporter", "--web.listen-address=127.0.0.1:0", "--config.file=exporter.yml"]
    told = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            next(line for line in process.stderr if "listening on" in line)
            for text in ("poll: {refresh: soon}\n", "poll: {refresh: 2m}\n"):
                path.write_text(text, encoding="utf-8")
                process.send_signal(signal.SIGHUP)
                told.append(next(line for line in process.stderr if "logger=exporter.poller.reload" in line))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "poll.refresh: must be a duration such as 30s, 10m or 1h30m" in told[0]
    assert "configuration reloaded" in told[1]


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_flags_say_who_knows_what_fires(command: str) -> None:
    """They are asked, overrule the file, and still do when that has been read again."""
    Path("exporter.yml").write_text("alerting: {prometheus_url: http://127.0.0.1:1}\n", encoding="utf-8")
    flags = ["--web.listen-address=127.0.0.1:0", "--alerting.prometheus-url=http://127.0.0.1:9"]
    if command == "serve":
        flags.append("--config.file=exporter.yml")
    with subprocess.Popen(
        [sys.executable, "-m", "exporter", command, *flags], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "listening on" in line)
            url = f"http://127.0.0.1:{line.rstrip().rstrip(chr(34)).rpartition(':')[2]}/api/alerts"
            answers = [asyncio.run(fetch(url))]
            process.send_signal(signal.SIGHUP)
            next(line for line in process.stderr if "logger=exporter.poller.reload" in line)
            answers.append(asyncio.run(fetch(url)))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0
    for status, text in answers:
        assert status == 503
        assert "Prometheus (http://127.0.0.1:9): connection refused." in text


async def fetch(url: str) -> tuple[int, str]:
    """The answer of the process; the listener is there before its line is logged."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        answer = await http.get(url)
        return answer.status_code, answer.text
