"""What is said of a web configuration file that cannot be used."""

from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.web import WebConfigError, WebPolicy
from tests.web.scene import hashed, policy


def refusal(folder: Path, text: str) -> str:
    """What is said of a file with this text, without its path."""
    with pytest.raises(WebConfigError) as caught:
        policy(folder, text)
    return str(caught.value).replace(str(folder / "web.yml"), "FILE").replace(str(folder), "FOLDER")


PAIR = "cert_file: server.pem, key_file: server.key"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "The web configuration FILE must be a mapping of keys to values."),
        ("a: {", "The web configuration FILE, line 1 is not valid YAML."),
        ("a: 1\n\tb: 2", "The web configuration FILE, line 2 is not valid YAML."),
        ("tls:\n  cert_file: a", "  tls: unknown key"),
        (
            "tls_server_config: {cert_file: server.pem, key_file: server.key, certs: 1}",
            "  tls_server_config.certs: unk",
        ),
        (
            "tls_server_config: {min_version: TLS13}",
            "  tls_server_config: cert_file is missing: set it to the file of the c",
        ),
        (
            "tls_server_config: {cert_file: server.pem}",
            "  tls_server_config: key_file is missing: set it to the file of the",
        ),
        ("tls_server_config: {key_file: server.key}", "  tls_server_config: cert_file is missing"),
        (f"tls_server_config: {{{PAIR}, cert: x}}", "  tls_server_config: set either cert or cert_file"),
        (f"tls_server_config: {{{PAIR}, key: x}}", "  tls_server_config: set either key or key_file"),
        ("tls_server_config: {cert_file: '', key_file: a}", "  tls_server_config: cert_file is missing"),
        (
            "tls_server_config: {cert_file: gone.pem, key_file: server.key}",
            "  tls_server_config.cert_file: cannot read FOLDER/gone.pem: No such file or directory",
        ),
        (
            "tls_server_config: {cert_file: server.pem, key_file: .}",
            "  tls_server_config.key_file: cannot read FOLDER: Is a directory",
        ),
        (
            "tls_server_config: {cert_file: text.pem, key_file: server.key}",
            "  tls_server_config.cert_file: FOLDER/text.pem contains no certificate in PEM format "
            "(-----BEGIN …CERTIFICATE-----)",
        ),
        (
            "tls_server_config: {cert_file: server.pem, key_file: binary.pem}",
            "  tls_server_config.key_file: FOLDER/binary.pem contains no private key in PEM format "
            "(-----BEGIN …PRIVATE KEY--",
        ),
        (
            "tls_server_config: {cert_file: server.key, key_file: server.pem}",
            "  tls_server_config.cert_file: FOLDER/server.key contains no certificate in PEM format",
        ),
        (
            "tls_server_config: {cert_file: broken.pem, key_file: server.key}",
            "  tls_server_config.cert_file or key_file: cannot be used (",
        ),
        (
            "tls_server_config: {cert_file: server.pem, key_file: other.key}",
            "  tls_server_config.key_file: is not the key of cert_file",
        ),
        (
            "tls_server_config: {cert_file: locked.pem, key_file: locked.key}",
            "  tls_server_config.key_file: is encrypted; use a key without a passphrase",
        ),
        (
            "tls_server_config: {cert_file: server.pem, key: hush-hush}",
            "  tls_server_config.key: contains no private key in PEM format (-----BEGIN …PRIVATE KEY-----)",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: RequireAnyClientCert}}",
            "  tls_server_config.client_auth_type: RequireAnyClientCert is not supported: anyone can create some cer",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: always}}",
            "  tls_server_config.client_auth_type: Input should be 'NoClientCert', 'RequestClientCert', ",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert}}",
            "  tls_server_config: client_ca_file is missing: RequireAndVerifyClientCert needs an authority to verify",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_ca_file: ca.pem}}",
            "  tls_server_config: client_auth_type is missing: client_ca has no effect without RequireAndVerifyCli",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_ca_file: gone.pem, client_auth_type: RequireAndVerifyClientCert}}",
            "  tls_server_config.client_ca_file: cannot read FOLDER/gone.pem: No such file or directory",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_ca_file: broken.pem, client_auth_type: RequireAndVerifyClientCert}}",
            "  tls_server_config.client_ca_file: cannot be used (",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_allowed_sans: [a]}}",
            "  tls_server_config: client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert",
        ),
        (
            f"tls_server_config: {{{PAIR}, min_version: TLS11}}",
            "  tls_server_config.min_version: TLS11 is not supported because it is insecure (RFC 8996); use TLS12 or ",
        ),
        (f"tls_server_config: {{{PAIR}, max_version: 1.3}}", "  tls_server_config.max_version: must be TLS12 or TLS13"),
        (
            f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}",
            "  tls_server_config: min_version is above max_version",
        ),
        (
            f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}}",
            "  tls_server_config.cipher_suites[0]: not a supported cipher suite; supported: TLS_AES_128_GCM_SH",
        ),
        (
            f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}",
            "  tls_server_config: cipher_suites: none is for TLS 1.2; add one, or set min_version: TLS13",
        ),
        (
            f"tls_server_config: {{{PAIR}, curve_preferences: [CurveP224]}}",
            "  tls_server_config.curve_preferences[0]: not a supported curve; supported: CurveP256, CurveP384, ",
        ),
        (
            f"tls_server_config: {{{PAIR}, curve_preferences: [X25519, CurveP256]}}",
            "  tls_server_config: curve_preferences: an order of several curves is not supported; set one, or remove",
        ),
        (
            "http_server_config: {headers: {Server: mine}}",
            "  http_server_config.headers: Server cannot be set; supported: Content-Security-Policy, ",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            "  http_server_config.headers: X-Frame-Options must be deny or sameorigin, or empty to omit it",
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a=b"}}',
            "  http_server_config.headers: X-XSS-Protection contains line breaks or other characters not allowed in",
        ),
        ("http_server_config: {http2: perhaps}", "  http_server_config.http2: must be true or false"),
        ("tls_server_config: 5", "  tls_server_config: must be a mapping of keys to values"),
        ("basic_auth_users: [alice]", "  basic_auth_users: must be a mapping of keys to values"),
        (
            "basic_auth_users: {alice: open-sesame}",
            "  basic_auth_users: the value of 'alice' is not a bcrypt hash ($2a$, $2b$ or $2y$, 60 characters); create",
        ),
        ("basic_auth_users: {alice: }", "  basic_auth_users.alice: must be text"),
        ("basic_auth_users: {alice: 12345}", "  basic_auth_users: the value of 'alice' is not a bcrypt hash"),
        ("basic_auth_users: {no: open-sesame}", "  basic_auth_users: the value of 'no' is not a bcrypt hash"),
        (
            f"basic_auth_users:\n  alice: {hashed()}\n  alice: {hashed()}",
            "The web configuration FILE has the key alice twice, on lines 2 and 3: keep one, or merge the two.",
        ),
        (
            f"basic_auth_users: {{{hashed()}: a, {hashed()}: b}}",
            "The web configuration FILE has one key twice, on line 1: keep one, or merge the two.",
        ),
        (f"basic_auth_users: {{{hashed()}: [5]}}", "  basic_auth_users.(a hash): must be text"),
        (f"basic_auth_users: {{{hashed()}: alice}}", "  basic_auth_users: found a hash in place of a user name: wri"),
        ('basic_auth_users: {"a\\nb": [5]}', r"  basic_auth_users.a\nb: must be text"),
        (
            'tls_server_config: {cert_file: "a\\nb", key_file: server.key}',
            r"  tls_server_config.cert_file: cannot read FOLDER/a\nb: No such file or directory",
        ),
        (
            'tls_server_config: {cert_file: "a\\0b", key_file: a}',
            "  tls_server_config.cert_file: must be the name of a",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: []}}",
            "  tls_server_config.client_auth_type: Input should be",
        ),
        (f"tls_server_config: {{{PAIR}, min_version: [TLS12]}}", "  tls_server_config.min_version: must be TLS12 or"),
        (f"basic_auth_users: {{'a:b': {hashed()}}}", "  basic_auth_users: the user name 'a:b' contains a colon, which"),
        (
            f"basic_auth_users: {{alice: {hashed().replace('$04$', '$17$')}}}",
            "  basic_auth_users: the hash of 'alice' must have a cost between 4 and 16; 10 is usual",
        ),
        (
            "rate_limit: {interval: often}",
            "  rate_limit.interval: must be a duration such as 500ms, 1.5s or 1m30s, or 0",
        ),
        (
            "tls_server_config: {min_version: TLS13}\nnonsense: 1\nrate_limit: {burst: many}",
            "  nonsense: unknown key",
        ),
    ],
)
def test_what_is_wrong_is_named(folder: Path, text: str, message: str) -> None:
    """One message names the file and the key, and says what to do; no password or hash is repeated."""
    said = refusal(folder, text)
    assert message in said
    assert "FILE" in said.splitlines()[0]
    for secret in ("open-sesame", "12345", "$2b$0", "hush"):
        assert secret not in said


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The message says which flag names it."""
    with pytest.raises(WebConfigError) as caught:
        WebPolicy(tmp_path / "web.yml", SystemClock())
    assert str(caught.value) == (
        f"Cannot read the web configuration {tmp_path}/web.yml: No such file or directory. "
        "Correct --web.config.file or the file."
    )
