"""Whatever stands in a web configuration: a policy that can be applied, or an error with the file and the key."""

import re
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.clock import SystemClock
from exporter.web import WebConfigError, WebPolicy
from exporter.web.settings import CONFIGURABLE_HEADERS, ClientAuth
from tests.fuzz.budget import fuzzed
from tests.web.certificates import Authority
from tests.web.scene import hashed

EXAMPLES = 40
"""The number of inputs for each property."""

FUZZED = fuzzed(EXAMPLES)

SECRET = "hush-hush-0123456789"

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = st.one_of(
    TEXTS,
    st.sampled_from(["", "0", "1", "-1", "1s", "1.5s", "-1s", ".s", "1e400s", "99999999999h", "0x14", "on", "nosniff"]),
    st.sampled_from(["a\r\nb: c", "deny", "server.pem", "server.key", ".", "/", "a\0b", "x" * 5000]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
)
"""What may be a key, which a refusal names, or a value; a secret is a value only."""
SCALARS = NAMES | st.sampled_from([SECRET, hashed()])
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=3
)
CHOICES = {
    "cert_file": st.just("server.pem"),
    "key_file": st.just("server.key"),
    "client_ca_file": st.just("server.pem"),
    "client_auth_type": st.sampled_from([*map(str, ClientAuth), "RequireAnyClientCert", "RequireClientCert"]),
    "min_version": st.sampled_from(["TLS10", "TLS12", "TLS13"]),
    "max_version": st.sampled_from(["TLS11", "TLS12", "TLS13"]),
    "cipher_suites": st.lists(
        st.sampled_from(["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]), max_size=2
    ),
    "curve_preferences": st.lists(st.sampled_from(["X25519", "CurveP256", "CurveP521"]), max_size=2),
    "client_allowed_sans": st.lists(TEXTS, max_size=2),
}
TLS = st.fixed_dictionaries(
    {"cert_file": CHOICES["cert_file"] | JUNK, "key_file": CHOICES["key_file"] | JUNK},
    optional={
        **{name: each | JUNK for name, each in CHOICES.items() if name not in {"cert_file", "key_file"}},
        **dict.fromkeys(("cert", "key", "client_ca", "prefer_server_cipher_suites"), JUNK),
    },
)
SECTIONS = {
    "tls_server_config": TLS,
    "http_server_config": st.fixed_dictionaries(
        {},
        optional={
            "http2": SCALARS,
            "headers": st.dictionaries(st.sampled_from(list(CONFIGURABLE_HEADERS)), SCALARS, max_size=3) | JUNK,
        },
    ),
    "basic_auth_users": st.dictionaries(NAMES, st.just(hashed()) | SCALARS, max_size=2),
    "rate_limit": st.fixed_dictionaries({}, optional={"interval": SCALARS, "burst": SCALARS}),
}
DOCUMENTS = st.fixed_dictionaries({}, optional={name: each | JUNK for name, each in SECTIONS.items()})


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a certificate."""
    with tempfile.TemporaryDirectory() as name:
        Authority().server().write(Path(name), "server")
        yield Path(name)


def judge(folder: Path, text: str | bytes) -> None:
    """Apply a web configuration, or hold its refusal to be a message about the file and its keys."""
    path = folder / "web.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        policy = WebPolicy(path, SystemClock())
    except WebConfigError as error:
        said = str(error)
        first, *lines = said.splitlines()
        assert first.startswith(f"The web configuration {path}"), said
        assert first.endswith(":") == bool(lines), said
        assert all(re.match(r"  \S.*: \S", line) for line in lines), said
        assert SECRET not in said.replace(f"{folder}/{SECRET}", "")
        assert hashed() not in said.replace(f"{folder}/{hashed()}", "")
        return
    for name, value in policy.headers.items():
        assert (name + value).isascii() and (name + value).isprintable(), (name, value)
    assert policy.bucket.take()
    assert policy.context() is None or policy.is_tls


@FUZZED
@given(DOCUMENTS)
@example({"tls_server_config": {"cert_file": "a\0b", "key_file": "server.key"}})
@example({"basic_auth_users": {":": None}})
def test_keys_of_the_format(folder: Path, document: Any) -> None:
    """Each key with values of any kind."""
    judge(folder, yaml.safe_dump(document, allow_unicode=True))


@FUZZED
@given(st.sampled_from(sorted(SECTIONS)), st.data())
def test_one_section(folder: Path, section: str, data: st.DataObject) -> None:
    """Each section by itself, which is valid more often."""
    judge(folder, yaml.safe_dump({section: data.draw(SECTIONS[section])}, allow_unicode=True))


@FUZZED
@given(st.binary(max_size=40) | st.text(max_size=40) | st.text("{}[]:,&*!|>'\"%@`#-? \n\tab<~0.", max_size=40))
@example("&a [*a]")
@example("basic_auth_users: &a {b: *a}")
@example("http_server_config: {headers: &a {X-XSS-Protection: *a}}")
@example("[" * 3000)
def test_any_text(folder: Path, text: str | bytes) -> None:
    """A text that is no web configuration is refused."""
    judge(folder, text)


@FUZZED
@given(st.text("+-0123456789.nuµmshdwy", max_size=12) | st.from_regex(r"[-+]?(\d{1,3}(\.\d{0,2})?(ms|s|m|h)){1,3}"))
def test_intervals(folder: Path, text: str) -> None:
    """A duration is one that a clock can add, or is refused with its key."""
    path = folder / "web.yml"
    path.write_text(yaml.safe_dump({"rate_limit": {"interval": text}}, allow_unicode=True), encoding="utf-8")
    try:
        limit = WebPolicy(path, SystemClock())._loaded.config.rate_limit
    except WebConfigError as error:
        assert "\n  rate_limit.interval: " in str(error)
    else:
        assert timedelta(0) <= limit.interval <= timedelta(days=3650)
