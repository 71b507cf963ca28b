"""Files that exporter-toolkit takes: each is taken here and means the same, or is refused and documented as different.

What it takes is in its web/tls_config.go and web/handler.go, which decode the file with Go's yaml.v2.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from exporter.web import WebConfigError
from exporter.web.load import load_web_config
from exporter.web.settings import RateLimit
from tests.web.scene import hashed, policy
from tests.web.test_prometheus import DOCUMENTED

PAIR = "cert_file: server.pem, key_file: server.key"


def limit(folder: Path, text: str) -> RateLimit:
    """The limit of requests in a file with this text."""
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return load_web_config(path).config.rate_limit


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", timedelta(0)),
        ("0s", timedelta(0)),
        ("-0", timedelta(0)),
        ("0.0", timedelta(0)),
        ("1s", timedelta(seconds=1)),
        ("'1s'", timedelta(seconds=1)),
        ("+1s", timedelta(seconds=1)),
        ("1.5s", timedelta(milliseconds=1500)),
        (".5s", timedelta(milliseconds=500)),
        ("1.s", timedelta(seconds=1)),
        ("1h1m0.5s", timedelta(hours=1, minutes=1, milliseconds=500)),
        ("250us", timedelta(microseconds=250)),
        ("250µs", timedelta(microseconds=250)),
        ("1500ns", timedelta(microseconds=2)),
        ("1ns", timedelta(microseconds=1)),
    ],
)
def test_intervals_are_durations_of_go(folder: Path, written: str, meant: timedelta) -> None:
    """Also fractions and the bare 0; what is shorter than the clock can tell is rounded up, never to no limit."""
    assert limit(folder, f"rate_limit: {{interval: {written}, burst: 1}}") == RateLimit(interval=meant)


@pytest.mark.parametrize(
    ("written", "meant"), [("1", 1), ("20", 20), ("0x14", 20), ("1_000", 1000), ("9223372036854775807", 2**63 - 1)]
)
def test_bursts_are_whole_numbers_of_go(folder: Path, written: str, meant: int) -> None:
    """In all notations of one."""
    assert limit(folder, f"rate_limit: {{interval: 1s, burst: {written}}}").burst == meant


@pytest.mark.parametrize("burst", ["0", "-1"])
@pytest.mark.parametrize("interval", ["", "interval: 0, ", "interval: 0s, "])
def test_without_an_interval_the_burst_does_not_matter(folder: Path, interval: str, burst: str) -> None:
    """Nothing is limited then."""
    bucket = policy(folder, f"rate_limit: {{{interval}burst: {burst}}}").bucket
    assert all(bucket.take() for _ in range(100))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("X-XSS-Protection: 1", {"X-XSS-Protection": "1"}),
        ("X-XSS-Protection: 0", {"X-XSS-Protection": "0"}),
        ("X-XSS-Protection: 01.50", {"X-XSS-Protection": "01.50"}),
        ("Content-Security-Policy: no", {"Content-Security-Policy": "no"}),
        ("Strict-Transport-Security: 2026-01-01", {"Strict-Transport-Security": "2026-01-01"}),
        ("X-XSS-Protection:", {}),
        ("X-Frame-Options:", {"X-Frame-Options": None}),
        ("X-Frame-Options: ''", {"X-Frame-Options": None}),
    ],
)
def test_headers_are_sent_as_they_are_written(folder: Path, written: str, sent: dict[str, str | None]) -> None:
    """What other YAML readers take for a number, a date or a boolean is text; nothing means that none is sent."""
    headers = policy(folder, f"http_server_config:\n  headers:\n    {written}\n").headers
    assert {name: headers.get(name) for name in sent} == sent


@pytest.mark.parametrize("name", ["007", "no", "1.0", "2026-01-01", "null-user", "0x1F", "ünal"])
def test_users_are_called_as_they_are_written(folder: Path, name: str) -> None:
    """A user called 007 or no needs no quotes."""
    path = folder / "web.yml"
    path.write_text(f"basic_auth_users:\n  {name}: {hashed()}\n", encoding="utf-8")
    assert list(load_web_config(path).config.basic_auth_users) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "basic_auth_users:\ntls_server_config:\nhttp_server_config:\nrate_limit:\n",
        "http_server_config:\n  http2:\n  headers:\nrate_limit:\n  interval:\n  burst:\n",
        "--- # one document\nrate_limit: {interval: 0}\n...\n",
        "http_server_config: {http2: off}\n",
        "http_server_config: {http2: Yes}\n",
        "\ufeffrate_limit: {interval: 1s, burst: 5}\n",
        f"tls_server_config: {{{PAIR}, cert: '', key: '', client_ca: '', client_ca_file: '', client_auth_type: ''}}",
        f"tls_server_config: {{{PAIR}, client_allowed_sans: , cipher_suites: , curve_preferences: , min_version: }}",
        f"tls_server_config: {{{PAIR}, cipher_suites: [], curve_preferences: []}}",
        f"tls_server_config: {{{PAIR}, client_auth_type: RequestClientCert, client_ca_file: ca.pem}}",
        f"tls_server_config: {{{PAIR}, max_version: TLS12, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]}}",
        f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, "
        "client_allowed_sans: [10.0, 1]}",
    ],
)
def test_what_exporter_toolkit_takes(folder: Path, text: str) -> None:
    """Is taken."""
    policy(folder, text)


@pytest.mark.parametrize(
    ("text", "said", "documented"),
    [
        ("rate_limit: {interval: 1}", "rate_limit.interval: needs a unit, as in 1s", "a number without a unit"),
        ("rate_limit: {interval: -1s}", "rate_limit.interval: must not be negative", "negative"),
        ("rate_limit: {interval: 11y}", "rate_limit.interval: must be at most ten years", "ten years"),
        ("rate_limit: {interval: 1s, burst: 0}", "rate_limit: burst: 0 would refuse every request", "burst` below 1"),
        ("rate_limit: {burst: 20.5}", "rate_limit.burst: Input should be a valid integer", "whole number"),
        ("rate_limit: {interval: 1s}\n---\n{}", "line 2 is not valid YAML", "one document"),
        ("tls_server_config: {min_version: TLS13}", "cert_file is missing", "without a certificate"),
        ("tls_server_config: {cert_file: '', key_file: ''}", "cert_file is missing", "without a certificate"),
        (f"tls_server_config: {{{PAIR}, cert: x}}", "set either cert or cert_file", "both"),
        (f"tls_server_config: {{{PAIR}, client_auth_type: RequireClientCert}}", "not supported", "RequireClientCert"),
        (f"tls_server_config: {{{PAIR}, client_allowed_sans: []}}", "empty list admits nobody", "empty list"),
        (
            f"tls_server_config: {{{PAIR}, client_allowed_sans: [a], client_auth_type: VerifyClientCertIfGiven, "
            "client_ca_file: ca.pem}",
            "client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert",
            "needs `RequireAndVerifyClientCert`",
        ),
        (f"tls_server_config: {{{PAIR}, min_version: TLS10}}", "TLS10 is not supported", "`TLS10` and `TLS11`"),
        (f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}", "is above", "above `max_version`"),
        (
            f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}",
            "none is for TLS 1.2",
            "none for TLS 1.2",
        ),
        (f"tls_server_config: {{{PAIR}, curve_preferences: [X25519, CurveP256]}}", "order", "at most one curve"),
        ("http_server_config: {headers: {X-XSS-Protection: é}}", "not allowed in headers", "printable ASCII"),
        (f"basic_auth_users: {{a: {hashed().replace('$04$', '$18$')}}}", "between 4 and 16", "from 4 to 16"),
        (f"basic_auth_users: {{a: {hashed().replace('$2b', '$2x')}}}", "is not a bcrypt hash", "`$2y$` hashes"),
        (f"basic_auth_users: {{'a:b': {hashed()}}}", "contains a colon", "colon"),
    ],
)
def test_what_is_refused_is_documented(folder: Path, text: str, said: str, documented: str) -> None:
    """What exporter-toolkit would take and this exporter does not has a sentence, and is named under "What differs"."""
    with pytest.raises(WebConfigError) as caught:
        policy(folder, text)
    assert said in str(caught.value)
    page = DOCUMENTED.read_text(encoding="utf-8")
    differs = page.partition("## What differs\n")[2].partition("\n## ")[0]
    assert documented in " ".join(differs.split())
