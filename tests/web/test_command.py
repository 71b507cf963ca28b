"""The flag ``--web.config.file`` of the commands that serve, and what is documented of it."""

import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from exporter.cli import main
from exporter.web import LIMITS, WebPolicy
from exporter.web.settings import DEFAULT_HEADERS
from tests.exposition.snapshots import ManualClock
from tests.web.certificates import Authority
from tests.web.scene import PASSWORD, TLS, users
from tests.web.test_prometheus import DOCUMENTED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, with a token in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLOUDFLARE_API_TOKEN_FILE", "CLOUDFLARE_ACCOUNT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "a-token")
    monkeypatch.setenv("CLOUDFLARE_API_URL", "http://127.0.0.1:9/client/v4")
    return tmp_path


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_wrong_web_configuration_exits_with_one(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """One message names file and key, and nothing was started: no state folder, no simulated account."""
    (folder / "web.yml").write_text(TLS, encoding="utf-8")
    assert main([command, "--web.config.file", "web.yml", "--web.listen-address", "127.0.0.1:0"]) == 1
    assert capsys.readouterr().err == (
        "The web configuration web.yml is not valid:\n"
        "  tls_server_config.cert_file: cannot read server.pem: No such file or directory\n"
    )
    assert [path.name for path in folder.iterdir()] == ["web.yml"]


def test_a_web_configuration_that_is_missing_exits_with_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file and the flag."""
    assert main(["--web.config.file", "web.yml"]) == 1
    assert capsys.readouterr().err == (
        "Cannot read the web configuration web.yml: No such file or directory. Correct --web.config.file or the file.\n"
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_process_serves_over_tls(folder: Path, command: str) -> None:
    """To users alone, and it stops when it is asked to, whatever connections there are."""
    authority = Authority()
    authority.server().write(folder, "server")
    (folder / "web.yml").write_text(TLS + users(prometheus=PASSWORD), encoding="utf-8")
    flags = ["--web.config.file", "web.yml", "--web.listen-address", "127.0.0.1:0", "--storage.path="]
    process = subprocess.Popen(
        [sys.executable, "-m", "exporter", command, *flags], stderr=subprocess.PIPE, text=True, cwd=folder
    )
    try:
        assert process.stderr
        line = next(line for line in process.stderr if "listening on" in line)
        found = re.search(r"listening on 127\.0\.0\.1:(\d+) with TLS", line)
        assert found, line
        ca = str(authority.write(folder))
        trust = ssl.create_default_context(cafile=ca)
        with httpx.Client(base_url=f"https://localhost:{found[1]}", verify=trust, trust_env=False) as http:
            assert http.get("/-/healthy").status_code == 401
            assert http.get("/-/healthy", auth=("prometheus", PASSWORD)).text == "healthy\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_documented_command_makes_a_hash(folder: Path) -> None:
    """A user whose hash was made as documented, with the exporter's own Python, is one."""
    text = DOCUMENTED.read_text(encoding="utf-8")
    (make_hash,) = re.findall(r"^python -c '(.*)'$", text, re.MULTILINE)
    code = make_hash.replace("getpass.getpass()", f"'{PASSWORD}'")
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=20).stdout
    (folder / "web.yml").write_text(f"basic_auth_users: {{prometheus: {made.strip()}}}", encoding="utf-8")
    assert WebPolicy(folder / "web.yml", ManualClock()).passwords.are_wanted


def test_the_documented_defaults_are_those_that_are() -> None:
    """Headers and limits stand in the documentation as in the program."""
    text = DOCUMENTED.read_text(encoding="utf-8")
    for name, value in DEFAULT_HEADERS.items():
        assert f"| `{name}` | `{value}`" in text
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE))
    assert rows["concurrent connections"] == str(LIMITS.connections)
    assert rows["request line and headers"] == f"{LIMITS.head_bytes // 1024} KiB"
    assert rows["TLS handshake"] == f"{LIMITS.handshake:.0f} s"
    assert rows["receiving the request line and headers"] == f"{LIMITS.head:.0f} s"
    assert rows["client reading the response"] == f"{LIMITS.answer:.0f} s"
    assert rows["idle time between two requests of a connection"] == f"{LIMITS.idle} s"
