"""What a web configuration file can say: the format of Prometheus' exporter-toolkit. Pure.

What the format allows and cannot be honoured here is refused with what to write instead, never silently left out;
only ``http2``, which is a preference, is accepted without effect.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from ssl import TLSVersion
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator

from exporter.config.fields import Duration, Section, Word
from exporter.web.ciphers import CURVES, SUITES

HASH_BEGINNING = "$2"
"""How bcrypt hashes begin; what looks like one is repeated in no message."""

HIGHEST_COST = 16
"""Each step of a hash's cost doubles its time: at 10 some 50 ms, at 16 already seconds for each wrong password."""

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")

_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
_OLD_VERSIONS = frozenset({"TLS10", "TLS11"})
_UNVERIFIED = frozenset({"RequireAnyClientCert", "RequireClientCert"})

DEFAULT_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # The page has a style of its own, a form that asks it again, and neither scripts nor anything to load.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "deny",
    }
)
"""The headers of every answer; a file may change all but ``Referrer-Policy``, which the format does not have."""

CONFIGURABLE_HEADERS: Mapping[str, frozenset[str] | None] = MappingProxyType(
    {
        "Content-Security-Policy": None,
        "Strict-Transport-Security": None,
        "X-Content-Type-Options": frozenset({"", "nosniff"}),
        "X-Frame-Options": frozenset({"", "deny", "sameorigin"}),
        "X-XSS-Protection": None,
    }
)
"""The headers that a file may set, and the values that they may have where these are few."""


class ClientAuth(StrEnum):
    """Whether clients show a certificate."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"
    IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRED = "RequireAndVerifyClientCert"

    @property
    def verifies(self) -> bool:
        """Whether a certificate that is shown has to be signed by the configured authority."""
        return self in (ClientAuth.IF_GIVEN, ClientAuth.REQUIRED)


def _client_auth(text: Any) -> Any:
    if text in _UNVERIFIED:
        raise ValueError(
            f"{text} is not offered: everybody can make some certificate; "
            "write RequireAndVerifyClientCert and name a client_ca_file"
        )
    return text or ClientAuth.NONE


def _version(text: Any) -> TLSVersion:
    if isinstance(text, TLSVersion):
        return text
    if text in _OLD_VERSIONS:
        raise ValueError(f"{text} is not offered, as it is not secure (RFC 8996); write TLS12 or TLS13")
    if not isinstance(text, str) or text not in _VERSIONS:
        raise ValueError("not TLS12 or TLS13")
    return _VERSIONS[text]


def _suite(text: str) -> str:
    if text not in SUITES:
        raise ValueError(f"not a cipher suite that is offered; there are {', '.join(SUITES)}")
    return text


def _curve(text: str) -> str:
    if text not in CURVES:
        raise ValueError(f"not a curve that is offered; there are {', '.join(CURVES)}")
    return text


def _file(text: Any) -> Any:
    if isinstance(text, str) and not text:
        raise ValueError("must not be empty")
    return text


FileName = Annotated[Path, BeforeValidator(_file)]
Version = Annotated[TLSVersion, BeforeValidator(_version)]
Suite = Annotated[str, AfterValidator(_suite)]
Curve = Annotated[str, AfterValidator(_curve)]


class TlsServer(Section):
    """How the server shows who it is, and whether clients have to."""

    cert: str | None = Field(default=None, description="The certificate chain itself, PEM.")
    key: SecretStr | None = Field(default=None, description="Its private key itself, PEM.")
    client_ca: str | None = Field(default=None, description="The authority of client certificates itself, PEM.")
    cert_file: FileName | None = Field(default=None, description="The file of the certificate chain, PEM.")
    key_file: FileName | None = Field(default=None, description="The file of its private key, PEM, unencrypted.")
    client_ca_file: FileName | None = Field(default=None, description="The file of the clients' authority, PEM.")
    client_auth_type: Annotated[ClientAuth, BeforeValidator(_client_auth)] = Field(
        default=ClientAuth.NONE, description="Whether clients show a certificate."
    )
    client_allowed_sans: tuple[Word, ...] = Field(
        default=(), description="Names, addresses, e-mails or URIs of which a client's certificate must have one."
    )
    min_version: Version = Field(default=TLSVersion.TLSv1_2, description="The lowest version of TLS.")
    max_version: Version = Field(default=TLSVersion.TLSv1_3, description="The highest version of TLS.")
    cipher_suites: tuple[Suite, ...] = Field(
        default=(), description="Cipher suites for TLS 1.2, by their names in Go; empty: those of OpenSSL."
    )
    prefer_server_cipher_suites: bool = Field(default=True, description="Whether the server's order counts.")
    curve_preferences: tuple[Curve, ...] = Field(default=(), description="The one curve to use; empty: OpenSSL's.")

    @model_validator(mode="after")
    def _fits_together(self) -> "TlsServer":
        for key in ("cert", "key", "client_ca"):
            given = [name for name in (key, f"{key}_file") if getattr(self, name) is not None]
            if len(given) == 2:
                raise ValueError(f"give either {key} or {key}_file")
            if not given and key != "client_ca":
                raise ValueError(f"{key}_file is missing: give the file of the {_MISSING[key]} (or {key} inline)")
        if self.min_version > self.max_version:
            raise ValueError("min_version is above max_version")
        self._check_clients()
        if len(self.curve_preferences) > 1:
            raise ValueError(
                "curve_preferences: an order of several curves cannot be kept here; name one, or leave the key out"
            )
        if self.cipher_suites and self.min_version == TLSVersion.TLSv1_2 and not any(self.suites()):
            raise ValueError("cipher_suites: none is for TLS 1.2; add one, or set min_version: TLS13")
        return self

    def _check_clients(self) -> None:
        has_authority = self.client_ca is not None or self.client_ca_file is not None
        if self.client_auth_type.verifies and not has_authority:
            raise ValueError(f"client_ca_file is missing: {self.client_auth_type} needs the authority to verify by")
        if has_authority and self.client_auth_type is ClientAuth.NONE:
            raise ValueError("client_auth_type is missing: a client_ca does nothing without RequireAndVerifyClientCert")
        if self.client_allowed_sans and self.client_auth_type is not ClientAuth.REQUIRED:
            raise ValueError("client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert")

    def suites(self) -> list[str]:
        """Return the configured cipher suites of TLS 1.2 by their OpenSSL names; TLS 1.3 has its own."""
        return [name for suite in self.cipher_suites if (name := SUITES[suite])]


_MISSING = {"cert": "certificate chain", "key": "private key"}


class HttpServer(Section):
    """What every answer carries."""

    http2: bool = Field(default=True, description="A preference that has no effect: HTTP/1.1 is spoken.")
    headers: Mapping[str, str] = Field(default={}, description="Headers of every answer; an empty one is not sent.")

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if name not in CONFIGURABLE_HEADERS:
                raise ValueError(f"{name} cannot be set here; there are {', '.join(CONFIGURABLE_HEADERS)}")
            allowed = CONFIGURABLE_HEADERS[name]
            if allowed is not None and value not in allowed:
                raise ValueError(f"{name} can be {' or '.join(sorted(allowed - {''}))}, or empty to leave it out")
            if not value.isascii() or (value and not value.isprintable()):
                raise ValueError(f"{name} holds line breaks or other characters that no header can have")
        return headers


class RateLimit(Section):
    """How many requests are answered: ``burst`` at once, then one each ``interval``; an interval of 0 is no limit."""

    interval: Duration = Field(default=timedelta(0), description="The time between two requests.")
    burst: int = Field(default=1, ge=1, description="How many may come at once.")


class WebConfig(Section):
    """Everything that the file can say."""

    tls_server_config: TlsServer | None = Field(default=None, description="Without it plain HTTP is spoken.")
    http_server_config: HttpServer = Field(default=HttpServer(), description="Headers.")
    basic_auth_users: Mapping[str, SecretStr] = Field(default={}, description="User names to bcrypt hashes.")
    rate_limit: RateLimit = Field(default=RateLimit(), description="A limit of requests.")

    @field_validator("tls_server_config", mode="before")
    @classmethod
    def _empty_is_none(cls, section: Any) -> Any:
        return None if section == {} else section

    @field_validator("basic_auth_users")
    @classmethod
    def _check_users(cls, users: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, secret in users.items():
            if name.startswith(HASH_BEGINNING):
                raise ValueError("a hash stands where a user name should: write name: hash")
            if ":" in name:
                raise ValueError(f"the user name '{name}' holds a colon, which no client can send")
            found = _BCRYPT.fullmatch(secret.get_secret_value())
            if not found:
                raise ValueError(
                    f"what stands at '{name}' is not a bcrypt hash ($2a$, $2b$ or $2y$, 60 characters); "
                    'make one with htpasswd -nBC 10 "" and do not write the password itself'
                )
            if not 4 <= int(found[1]) <= HIGHEST_COST:
                raise ValueError(f"the cost of the hash at '{name}' is not between 4 and {HIGHEST_COST}; make it 10")
        return users

    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        return {name: value for name, value in {**DEFAULT_HEADERS, **self.http_server_config.headers}.items() if value}
