"""What a web configuration file may say."""

import ssl
from pathlib import Path

import pytest

from tests.web.scene import TLS, hashed, policy

WHOLE = """
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example.com, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256]
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: default-src 'self'
    Strict-Transport-Security: max-age=31536000
    X-Content-Type-Options: nosniff
    X-Frame-Options: sameorigin
    X-XSS-Protection: 1; mode=block
basic_auth_users:
  alice: {hash}
rate_limit: {interval: 1s, burst: 10}
"""


def test_everything_that_the_format_has(folder: Path) -> None:
    """A file that uses each key is accepted, relative paths being relative to it."""
    found = policy(folder, WHOLE.replace("{hash}", hashed()))
    assert found.is_tls
    assert found.passwords.are_wanted
    assert found.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert found.headers["X-Frame-Options"] == "sameorigin"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "tls_server_config: {}\n",
        "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n",
        "http_server_config: {http2: false}\n",
        "rate_limit: {interval: 0s, burst: 5}\n",
        "http_server_config: &http {http2: true}\n",
        "http_server_config: {<<: {http2: true}, http2: false}\n",
    ],
)
def test_a_file_may_say_little(folder: Path, text: str) -> None:
    """Then plain HTTP is spoken, and nobody has to say who they are."""
    found = policy(folder, text)
    assert not found.is_tls
    assert not found.passwords.are_wanted


@pytest.mark.parametrize(
    "more",
    [
        "client_auth_type: NoClientCert",
        "client_auth_type: ''",
        "client_auth_type: RequestClientCert",
        "{client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem}",
        "min_version: TLS13",
        "{min_version: TLS13, cipher_suites: [TLS_AES_128_GCM_SHA256]}",
        "max_version: TLS12",
        "curve_preferences: [X25519]",
        "curve_preferences: []",
    ],
)
def test_settings_of_tls(folder: Path, more: str) -> None:
    """Each of these stands beside a certificate."""
    inner = more.strip("{}")
    assert policy(folder, f"tls_server_config: {{cert_file: server.pem, key_file: server.key, {inner}}}\n").is_tls


def test_certificates_inline(folder: Path) -> None:
    """Certificate, key and authority may stand in the file itself."""
    lines = ["tls_server_config:", "  client_auth_type: RequireAndVerifyClientCert"]
    for key, name in (("cert", "server.pem"), ("key", "server.key"), ("client_ca", "ca.pem")):
        text = (folder / name).read_text(encoding="utf-8")
        lines += [f"  {key}: |", *(f"    {line}" for line in text.splitlines())]
    assert policy(folder, "\n".join(lines) + "\n").is_tls


def test_absolute_paths_stay_what_they_are(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Certificates may be anywhere."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert policy(elsewhere, TLS.replace("server.", f"{folder}/server.")).is_tls


def test_comments_between_certificates_may_be_in_any_encoding(folder: Path) -> None:
    """Bundles say in words whose certificates they hold."""
    for name in ("server.pem", "ca.pem"):
        path = folder / name
        path.write_bytes("# Főtanúsítvány\n".encode() + b"# Autorit\xe9\n" + path.read_bytes())
    assert policy(folder, WHOLE.replace("{hash}", hashed())).is_tls


def test_tls_begins_at_1_2(folder: Path) -> None:
    """What is older is not secure."""
    context = policy(folder, TLS)._newest()
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
