"""Proxies and certificates of the environment: what is wrong is told by its variable, and never shown."""

import traceback
from collections.abc import Iterator

import pytest

from exporter.app import build_exporter
from exporter.clock import SystemClock
from exporter.config import Config, ConfigError, check_proxies
from tests.conftest import clear_network_variables

SECRET = "S3cret"

NO_ADDRESSES = {
    "hash": f"http://user:{SECRET}#pw@127.0.0.1:3128",
    "slash": f"http://user:{SECRET}/pw@127.0.0.1:3128",
    "question mark": f"http://user:{SECRET}?pw@127.0.0.1:3128",
    "port of digits, then a hash": f"http://user:1234#{SECRET}@127.0.0.1:3128",
    "space": f"http://user:{SECRET} pw@127.0.0.1:3128",
    "control character": f"http://user:{SECRET}\x01@127.0.0.1:3128",
    "no host": f"http://user:{SECRET}@",
    "port without end": f"http://user:{SECRET}@127.0.0.1:99999",
    "port of letters": f"http://127.0.0.1:{SECRET}",
    "scheme": f"ftp://user:{SECRET}@127.0.0.1:3128",
    "no scheme": f"://{SECRET}",
    "path": f"http://127.0.0.1:3128/{SECRET}",
    "brackets": f"http://[::1{SECRET}",
    "placeholder": f"${{{SECRET}}}",
}

ADDRESSES = [
    "http://127.0.0.1:3128",
    "https://proxy.example:3128/",
    "proxy.example:3128",
    "http://user:p%23w@proxy.example:3128",
    "http://user:p@ss@proxy.example:3128",
    "user:pw@proxy_1.example",
    "http://[::1]:3128",
    "HTTP://proxy.example",
]


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave out what this machine's own environment says of proxies and certificates."""
    clear_network_variables(monkeypatch)
    yield


def build() -> None:
    """Build an exporter in memory, without starting it."""
    build_exporter(Config.model_validate({"storage": {"path": ""}}), SystemClock())


def refusal() -> str:
    """Return what is said of the environment, with what a traceback of it would show."""
    with pytest.raises(ConfigError) as caught:
        build()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"])
@pytest.mark.parametrize("address", NO_ADDRESSES.values(), ids=NO_ADDRESSES)
def test_what_is_no_proxys_address_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    """How to write it is told, and none of it is shown."""
    monkeypatch.setenv(name, address)
    message = refusal()
    assert message.startswith(f"{name} does not hold the address of a proxy. It must be like http://host:port")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_proxys_address_is_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """The HTTP library takes all that is."""
    monkeypatch.setenv("HTTPS_PROXY", address)
    build()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SSL_CERT_FILE", f"/nowhere/{SECRET}", "SSL_CERT_FILE cannot be used: No such file or directory."),
        ("SSL_CERT_FILE", __file__, "SSL_CERT_FILE cannot be used: "),
        ("NO_PROXY", f"http://[::{SECRET}", "NO_PROXY cannot be used. NO_PROXY must be host names and addresses"),
        ("no_proxy", f"http://[::{SECRET}", "no_proxy cannot be used. NO_PROXY must be host names and addresses"),
        ("HTTPS_PROXY", f"socks5://user:{SECRET}@127.0.0.1:1080", "HTTPS_PROXY: SOCKS proxies are not supported."),
    ],
)
def test_what_else_cannot_be_used_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """Certificates, exceptions and other kinds of proxies."""
    monkeypatch.setenv(name, value)
    assert refusal().startswith(said)


def test_a_variable_that_is_empty_is_not_there() -> None:
    """Compose files pass unset variables on as empty ones; other variables are not looked at."""
    check_proxies({"HTTPS_PROXY": "", "all_proxy": "", "FTP_PROXY": "#", "HTTPS_PROXY_OLD": "#"})
