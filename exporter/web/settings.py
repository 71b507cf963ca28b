"""The settings in a web configuration file, in the format of Prometheus' exporter-toolkit. Pure.

Settings of the format that cannot be honoured are refused with an alternative, never silently ignored; only ``http2``,
a mere preference, is accepted without effect.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from ssl import TLSVersion
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator

from exporter.config.fields import FileName, Section, Word
from exporter.web.ciphers import CURVES, SUITES
from exporter.web.durations import parse_interval

HASH_BEGINNING = "$2"
"""The prefix of bcrypt hashes; no message quotes a text that begins like this."""

HIGHEST_COST = 16
"""Each step of a hash's cost doubles its time: at 10 about 50 ms, at 16 already seconds for each wrong password."""

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")

_LARGEST_NUMBER = 2**63 - 1
"""Go's largest int."""

_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
_OLD_VERSIONS = frozenset({"TLS10", "TLS11"})
_UNVERIFIED = frozenset({"RequireAnyClientCert", "RequireClientCert"})

DEFAULT_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # The page has inline styles and a form that leads to itself, no scripts, and loads nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "deny",
    }
)
"""The headers of every response; a file may change all but ``Referrer-Policy``, which the format does not have."""

CONFIGURABLE_HEADERS: Mapping[str, frozenset[str] | None] = MappingProxyType(
    {
        "Content-Security-Policy": None,
        "Strict-Transport-Security": None,
        "X-Content-Type-Options": frozenset({"", "nosniff"}),
        "X-Frame-Options": frozenset({"", "deny", "sameorigin"}),
        "X-XSS-Protection": None,
    }
)
"""The headers that a file may set, with their values if only a few are allowed."""


class ClientAuth(StrEnum):
    """Whether clients must present a certificate."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"
    IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRED = "RequireAndVerifyClientCert"

    @property
    def verifies(self) -> bool:
        """Whether a presented certificate must be signed by the configured authority."""
        return self in (ClientAuth.IF_GIVEN, ClientAuth.REQUIRED)


def _client_auth(text: Any) -> Any:
    if isinstance(text, str) and text in _UNVERIFIED:
        raise ValueError(
            f"{text} is not supported: anyone can create some certificate; "
            "use RequireAndVerifyClientCert with a client_ca_file"
        )
    return ClientAuth.NONE if text == "" else text


def _version(text: Any) -> TLSVersion:
    if isinstance(text, TLSVersion):
        return text
    if isinstance(text, str) and text in _OLD_VERSIONS:
        raise ValueError(f"{text} is not supported because it is insecure (RFC 8996); use TLS12 or TLS13")
    if not isinstance(text, str) or text not in _VERSIONS:
        raise ValueError("must be TLS12 or TLS13")
    return _VERSIONS[text]


def _suite(text: str) -> str:
    if text not in SUITES:
        raise ValueError(f"not a supported cipher suite; supported: {', '.join(SUITES)}")
    return text


def _curve(text: str) -> str:
    if text not in CURVES:
        raise ValueError(f"not a supported curve; supported: {', '.join(CURVES)}")
    return text


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("an empty list admits nobody: add a name, or remove the key")
    return names


def _whole_number(text: Any) -> Any:
    """Read a number as Go does, also ``0x14`` and ``1_000``; pydantic has the error about anything else."""
    try:
        return int(text, 0) if isinstance(text, str) else text
    except ValueError:
        return text


Interval = Annotated[timedelta, BeforeValidator(parse_interval)]
Version = Annotated[TLSVersion, BeforeValidator(_version)]
Suite = Annotated[str, AfterValidator(_suite)]
Curve = Annotated[str, AfterValidator(_curve)]


class TlsServer(Section):
    """The server's certificate, and whether clients need one."""

    cert: str | None = Field(default=None, description="The certificate chain, inline PEM.")
    key: SecretStr | None = Field(default=None, description="Its private key, inline PEM.")
    client_ca: str | None = Field(default=None, description="The authority of client certificates, inline PEM.")
    cert_file: FileName | None = Field(default=None, description="The file of the certificate chain, PEM.")
    key_file: FileName | None = Field(default=None, description="The file of its private key, PEM, unencrypted.")
    client_ca_file: FileName | None = Field(default=None, description="The file of the clients' authority, PEM.")
    client_auth_type: Annotated[ClientAuth, BeforeValidator(_client_auth)] = Field(
        default=ClientAuth.NONE, description="Whether clients must present a certificate."
    )
    client_allowed_sans: Annotated[tuple[Word, ...], AfterValidator(_some)] = Field(
        default=(), description="Names, addresses, e-mails or URIs, one of which a client's certificate must have."
    )
    min_version: Version = Field(default=TLSVersion.TLSv1_2, description="The minimum TLS version.")
    max_version: Version = Field(default=TLSVersion.TLSv1_3, description="The maximum TLS version.")
    cipher_suites: tuple[Suite, ...] = Field(
        default=(), description="Cipher suites for TLS 1.2, by their names in Go; empty: OpenSSL's."
    )
    prefer_server_cipher_suites: bool = Field(default=True, description="Whether the server's order takes precedence.")
    curve_preferences: tuple[Curve, ...] = Field(default=(), description="The one curve to use; empty: OpenSSL's.")

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        return {key: value for key, value in section.items() if value != "" or key not in _MAY_BE_EMPTY}

    @model_validator(mode="after")
    def _fits_together(self) -> "TlsServer":
        for key in ("cert", "key", "client_ca"):
            given = [name for name in (key, f"{key}_file") if getattr(self, name) is not None]
            if len(given) == 2:
                raise ValueError(f"set either {key} or {key}_file")
            if not given and key != "client_ca":
                raise ValueError(f"{key}_file is missing: set it to the file of the {_MISSING[key]} (or use {key})")
        if self.min_version > self.max_version:
            raise ValueError("min_version is above max_version")
        self._check_clients()
        if len(self.curve_preferences) > 1:
            raise ValueError(
                "curve_preferences: an order of several curves is not supported; set one, or remove the key"
            )
        if self.cipher_suites and self.min_version == TLSVersion.TLSv1_2 and not any(self.suites()):
            raise ValueError("cipher_suites: none is for TLS 1.2; add one, or set min_version: TLS13")
        return self

    def _check_clients(self) -> None:
        has_authority = self.client_ca is not None or self.client_ca_file is not None
        if self.client_auth_type.verifies and not has_authority:
            raise ValueError(f"client_ca_file is missing: {self.client_auth_type} needs an authority to verify against")
        if has_authority and self.client_auth_type is ClientAuth.NONE:
            raise ValueError("client_auth_type is missing: client_ca has no effect without RequireAndVerifyClientCert")
        if self.client_allowed_sans and self.client_auth_type is not ClientAuth.REQUIRED:
            raise ValueError("client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert")

    def suites(self) -> list[str]:
        """Return OpenSSL's names of the configured TLS 1.2 cipher suites; TLS 1.3 has its own."""
        return [name for suite in self.cipher_suites if (name := SUITES[suite])]


_MISSING = {"cert": "certificate chain", "key": "private key"}
_MAY_BE_EMPTY = frozenset({"cert", "key", "client_ca", "cert_file", "key_file", "client_ca_file"})


class HttpServer(Section):
    """The headers of every response."""

    http2: bool = Field(default=True, description="Has no effect: only HTTP/1.1 is supported.")
    headers: Mapping[str, str] = Field(default={}, description="Headers of every response; an empty one is not sent.")

    @field_validator("headers", mode="before")
    @classmethod
    def _absent_is_empty(cls, headers: Any) -> Any:
        if not isinstance(headers, dict):
            return headers
        return {name: "" if value is None else value for name, value in headers.items()}

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if name not in CONFIGURABLE_HEADERS:
                raise ValueError(f"{name} cannot be set; supported: {', '.join(CONFIGURABLE_HEADERS)}")
            allowed = CONFIGURABLE_HEADERS[name]
            if allowed is not None and value not in allowed:
                raise ValueError(f"{name} must be {' or '.join(sorted(allowed - {''}))}, or empty to omit it")
            if not value.isascii() or (value and not value.isprintable()):
                raise ValueError(f"{name} contains line breaks or other characters not allowed in headers")
        return headers


class RateLimit(Section):
    """A limit of requests: ``burst`` at once, then one per ``interval``; an interval of 0 means no limit."""

    interval: Interval = Field(default=timedelta(0), description="The time between two requests; 0: no limit.")
    burst: Annotated[int, BeforeValidator(_whole_number), Field(le=_LARGEST_NUMBER)] = Field(
        default=1, description="The number of requests allowed at once."
    )

    @model_validator(mode="after")
    def _admits_some(self) -> "RateLimit":
        if self.interval and self.burst < 1:
            raise ValueError(f"burst: {self.burst} would refuse every request; use 1 or more")
        return self


class WebConfig(Section):
    """The complete web configuration."""

    tls_server_config: TlsServer | None = Field(default=None, description="TLS; without it plain HTTP is served.")
    http_server_config: HttpServer = Field(default=HttpServer(), description="HTTP headers.")
    basic_auth_users: Mapping[str, SecretStr] = Field(default={}, description="Bcrypt hashes by user name.")
    rate_limit: RateLimit = Field(default=RateLimit(), description="The limit of requests.")

    @field_validator("tls_server_config", mode="before")
    @classmethod
    def _empty_is_none(cls, section: Any) -> Any:
        return None if section == {} else section

    @field_validator("basic_auth_users")
    @classmethod
    def _check_users(cls, users: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, secret in users.items():
            if name.startswith(HASH_BEGINNING):
                raise ValueError("found a hash in place of a user name: write name: hash")
            if ":" in name:
                raise ValueError(f"the user name '{name}' contains a colon, which basic authentication does not allow")
            found = _BCRYPT.fullmatch(secret.get_secret_value())
            if not found:
                raise ValueError(
                    f"the value of '{name}' is not a bcrypt hash ($2a$, $2b$ or $2y$, 60 characters); "
                    'create one with htpasswd -nBC 10 "" and do not write the password itself'
                )
            if not 4 <= int(found[1]) <= HIGHEST_COST:
                raise ValueError(f"the hash of '{name}' must have a cost between 4 and {HIGHEST_COST}; 10 is usual")
        return users

    def headers(self) -> dict[str, str]:
        """Return the headers of every response."""
        return {name: value for name, value in {**DEFAULT_HEADERS, **self.http_server_config.headers}.items() if value}
