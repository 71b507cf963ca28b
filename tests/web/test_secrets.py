"""No secret is told: whatever fails, neither token, password nor hash is in logs, pages, metrics, answers or files."""

import asyncio
import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.app import Exporter, build_exporter
from exporter.cli import main
from exporter.config import Config
from exporter.logs import LineFormatter, configure_logging
from exporter.simulator import Fault, Kind, ManualClock, Simulator, TokenModel, World, running
from exporter.web import WebPolicy
from tests.clock import START, CoupledClock
from tests.configured import Recorder
from tests.exactness.worlds import ACCOUNT_ID, small_world
from tests.web.scene import PATHS, hashed

TOKEN = "mark-0123456789-of-the-token"
PASSWORD, WRONG = "mark-0123456789-of-the-password", "mark-0123456789-of-a-wrong-password"
HASH = hashed(PASSWORD)
RIGHT, MISTAKEN = (b64encode(f"prometheus:{word}".encode()).decode() for word in (PASSWORD, WRONG))
SECRETS = (TOKEN, PASSWORD, WRONG, HASH, RIGHT, MISTAKEN, b64encode(TOKEN.encode()).decode())

OPENMETRICS = "application/openmetrics-text;version=1.0.0"

NEEDED: Mapping[Kind, dict[str, Any]] = {
    Kind.HTTP_STATUS: {"status": 500, "html": True},
    Kind.THROTTLE: {"seconds": 30},
    Kind.SLOW: {"seconds": 120},
    Kind.ACCOUNT_GONE: {"account": ACCOUNT_ID},
    Kind.ZONE_ABSENT: {"zone": "d" * 32},
    Kind.MISSING_FIELD: {"field": "sum_requests"},
    Kind.STALE: {"seconds": 600},
    Kind.SHORT_DURATION: {"seconds": 3_600},
    Kind.SHORT_RETENTION: {"seconds": 3_600},
    Kind.TOO_MANY_NODES: {"limit": 1},
    Kind.SMALL_PAGES: {"limit": 20},
}
FAULTS = [Fault(kind=kind, **NEEDED.get(kind, {})) for kind in Kind] + [
    Fault(kind=Kind.HTTP_STATUS, status=status, html=html)
    for status in (400, 401, 403, 404, 502)
    for html in (False, True)
]


def leaks(said: Mapping[str, str | bytes]) -> list[str]:
    """Where a secret stands."""
    told = {place: text.encode() if isinstance(text, str) else text for place, text in said.items()}
    return [f"{secret} in {place}" for place, text in told.items() for secret in SECRETS if secret.encode() in text]


class Lines(logging.Handler):
    """Keeps every log line as it is written, in both forms."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._forms = [LineFormatter(form) for form in ("logfmt", "json")]

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [form.format(record) for form in self._forms]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged, down to the smallest."""
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@dataclass
class Broken(httpx.AsyncBaseTransport):
    """Passes requests on, or fails as no network does."""

    transport: httpx.AsyncBaseTransport
    error: Exception | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.error is not None:
            raise self.error
        return await self.transport.handle_async_request(request)


class Scene:
    """An exporter with a marked token and a user with a marked password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        web = folder / "web.yml"
        web.write_text(f"basic_auth_users: {{prometheus: {HASH}}}\n", encoding="utf-8")
        self.clock = CoupledClock(ManualClock(START))
        self.simulator = Simulator(
            marked_world(),
            self.clock.cloudflare,
            broken_connection=lambda: httpx.RemoteProtocolError("server disconnected"),
            sleep=self._sleep,
        )
        self.recorder = Recorder(httpx.ASGITransport(app=self.simulator.app))
        self.network = Broken(self.recorder)
        self.config = marked_config(self.folder)
        self.policy = WebPolicy(web, self.clock)
        self.exporter = build_exporter(self.config, self.clock, transport=self.network, policy=self.policy)

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=min(seconds, 30)))
        if seconds > 30:
            raise httpx.ReadTimeout("no answer in time")

    async def refresh(self, minutes: int) -> None:
        """Refresh once a minute."""
        for _ in range(minutes):
            await self.exporter.poller.refresh()
            self.clock.advance(timedelta(minutes=1))

    async def said(self) -> dict[str, str | bytes]:
        """Everything that can be read from outside."""
        found: dict[str, str | bytes] = {"repr": repr((self.exporter, self.config, vars(self.policy)))}
        found |= await pages(self.exporter)
        found |= {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        return found


def marked_world() -> World:
    """The small world, seen by the marked token."""
    return replace(small_world(1, timedelta(0), retention=timedelta(hours=3)), tokens=(TokenModel(token=TOKEN),))


def marked_config(folder: Path, api_url: str = "http://cloudflare.test/client/v4") -> Config:
    """A configuration with the marked token."""
    cloudflare = {"api_url": api_url, "tokens": [{"token": TOKEN}]}
    return Config.model_validate({"cloudflare": cloudflare, "storage": {"path": str(folder)}})


async def pages(exporter: Exporter) -> dict[str, str | bytes]:
    """Every page as a user, as somebody with a wrong password and as nobody, with its headers."""
    found: dict[str, str | bytes] = {}
    transport = httpx.ASGITransport(app=exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as http:
        for path in (*PATHS, "/api/costs?by=asset", "/api/costs?by=nonsense", "/api/alerts?state=nonsense"):
            for kind, given in (("user", RIGHT), ("mistaken", MISTAKEN), ("nobody", "")):
                for accept in ("*/*", OPENMETRICS):
                    headers = {"Accept": accept, **({"Authorization": f"Basic {given}"} if given else {})}
                    answer = await http.get(path, headers=headers)
                    found[f"{path} as {kind}, {accept}"] = f"{answer.status_code} {answer.headers} {answer.text}"
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}{'-html' * fault.html}")
def test_no_failure_tells_a_secret(tmp_path: Path, lines: Lines, fault: Fault) -> None:
    """From the start on, and in the middle, and with tracebacks."""

    async def run() -> dict[str, str | bytes]:
        scene = Scene(tmp_path)
        scene.simulator.faults.add(fault)
        await scene.refresh(1)
        said = {f"at first: {place}": text for place, text in (await scene.said()).items()}
        scene.simulator.faults.clear()
        await scene.refresh(1)
        scene.simulator.faults.add(fault)
        # By then everything is listed again too.
        scene.clock.advance(timedelta(minutes=11))
        await scene.refresh(1)
        said |= await scene.said()
        assert scene.recorder.tokens == {TOKEN}
        await scene.exporter.close()
        return said

    said = asyncio.run(run())
    assert any("cloudflare_exporter_" in str(text) for text in said.values())
    assert leaks(said | {"log": "\n".join(lines.lines)}) == []


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.InvalidURL("odd"),
        RuntimeError("never thought of"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_of_the_network_tells_a_secret(tmp_path: Path, lines: Lines, error: Exception) -> None:
    """What nobody thought of may end the poller, and its traceback tells no more."""

    async def run() -> dict[str, str | bytes]:
        scene = Scene(tmp_path)
        await scene.refresh(2)
        scene.network.error = error
        said: dict[str, str | bytes] = {}
        try:
            await scene.refresh(12)
        except Exception as raised:
            said["traceback"] = "".join(
                traceback.TracebackException.from_exception(raised, capture_locals=False).format()
            )
        said |= await scene.said()
        await scene.exporter.close()
        return said

    assert leaks(asyncio.run(run()) | {"log": "\n".join(lines.lines)}) == []


def test_a_web_configuration_that_is_refused_is_a_problem(tmp_path: Path, lines: Lines) -> None:
    """The status page says which key of which file is wrong until it is corrected, and no secret."""

    async def run() -> None:
        scene = Scene(tmp_path)
        web = tmp_path / "web.yml"
        right = web.read_text(encoding="utf-8")
        web.write_text(f"basic_auth_users: {{prometheus: {WRONG}}}\n", encoding="utf-8")
        for is_wrong in (True, False):
            scene.clock.advance(timedelta(minutes=1))
            await scene.said()
            await scene.refresh(1)
            said = await scene.said()
            page = str(said["/ as user, */*"])
            assert ("web configuration" in page) is is_wrong
            assert (f"{web} is not valid: basic_auth_users: the value of" in page) is is_wrong
            assert leaks(said) == []
            web.write_text(right, encoding="utf-8")
        await scene.exporter.close()

    asyncio.run(run())
    assert leaks({"log": "\n".join(lines.lines)}) == []


def test_a_revoked_token_is_not_told(tmp_path: Path, lines: Lines) -> None:
    """Not where it says which token was rejected, either."""

    async def run() -> dict[str, str | bytes]:
        scene = Scene(tmp_path)
        await scene.refresh(1)
        scene.simulator.set_token_status(TOKEN, "disabled")
        scene.clock.advance(timedelta(minutes=11))
        await scene.refresh(2)
        said = await scene.said()
        await scene.exporter.close()
        return said

    assert leaks(asyncio.run(run()) | {"log": "\n".join(lines.lines)}) == []


def test_requests_are_not_logged_at_the_lowest_level(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Over a real connection, where the HTTP client would log the headers that it sends."""
    configure_logging("debug", "json")

    async def run() -> None:
        clock = CoupledClock(ManualClock(START))
        async with running(Simulator(marked_world(), clock.cloudflare), "127.0.0.1", 0) as port:
            exporter = build_exporter(marked_config(tmp_path, f"http://127.0.0.1:{port}/client/v4"), clock)
            await exporter.poller.refresh()
            await exporter.close()

    asyncio.run(run())
    out, err = capfd.readouterr()
    assert [json.loads(line)["level"] for line in err.splitlines()]
    assert leaks({"out": out, "err": err}) == []


@pytest.mark.parametrize(
    ("config", "web"),
    [
        (f"cloudflare: {{tokens: [{{token: '{TOKEN} x'}}]}}", ""),
        (f"cloudflare: {{tokens: [{{token: {TOKEN}, token_file: a}}]}}", ""),
        (f"cloudflare: {{token: {TOKEN}}}", ""),
        (f"cloudflare: {{tokens: {TOKEN}}}", ""),
        (f"cloudflare: {{tokens: [{TOKEN}]}}", ""),
        (f"cloudflare: {{tokens: [{{token: {TOKEN}}}]", ""),
        (f"cloudflare: {{api_url: '{TOKEN}'}}", ""),
        (f"cloudflare: {TOKEN}", ""),
        ("", f"basic_auth_users: {{prometheus: {PASSWORD}}}"),
        ("", f"basic_auth_users: {{{HASH}: {PASSWORD}}}"),
        ("", f"basic_auth_users: [{PASSWORD}, {HASH}]"),
        ("", f"basic_auth_users: {PASSWORD}"),
        ("", f"basic_auth_users: {{prometheus: {HASH}}}}}"),
        ("", f"basic_auth_users: {{prometheus: {HASH}, prometheus: {HASH}}}"),
        ("", f"tls_server_config: {{key: {PASSWORD}, cert: {TOKEN}}}"),
        ("", f"tls_server_config: {{key: [{PASSWORD}], cert: {TOKEN}}}"),
        ("", f"rate_limit: {{interval: {PASSWORD}}}"),
        ("", PASSWORD),
    ],
)
def test_no_refusal_tells_a_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, config: str, web: str
) -> None:
    """A configuration that is refused says which key, and not what stood there."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_URL"):
        monkeypatch.delenv(name, raising=False)
    if not config:
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
        monkeypatch.setenv("CLOUDFLARE_API_URL", "http://127.0.0.1:9/client/v4")
    (tmp_path / "config.yml").write_text(config, encoding="utf-8")
    (tmp_path / "web.yml").write_text(web, encoding="utf-8")
    files = ("--config.file", "config.yml", "--web.config.file", "web.yml", "--storage.path=")
    code = main(["serve", *files, "--web.listen-address", "127.0.0.1:0", "--log.level", "debug"])
    out, err = capfd.readouterr()
    assert code == (2 if config else 1)
    assert err
    assert leaks({"out": out, "err": err}) == []


def test_what_finds_secrets_finds_them() -> None:
    """Otherwise these tests would say nothing."""
    assert leaks({"page": f"…{TOKEN}…", "file": HASH.encode(), "other": "nothing"}) == [
        f"{TOKEN} in page",
        f"{HASH} in file",
    ]
