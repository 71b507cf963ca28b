"""The TLS context for a web configuration."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from exporter.web.ciphers import CURVES
from exporter.web.settings import ClientAuth, TlsServer

_VERIFICATION = {ClientAuth.IF_GIVEN: ssl.CERT_OPTIONAL, ClientAuth.REQUIRED: ssl.CERT_REQUIRED}


class TlsError(Exception):
    """A certificate or key cannot be used; the text begins with a key of the section ``tls_server_config``."""


def named_files(tls: TlsServer, folder: Path) -> list[Path]:
    """Return the files that a section names; relative ones are in ``folder``."""
    return [folder / name for name in (tls.cert_file, tls.key_file, tls.client_ca_file) if name is not None]


def make_context(tls: TlsServer, folder: Path) -> ssl.SSLContext:
    """Return the context of a server; relative files are in ``folder``. Raises TlsError."""
    certificate = _pem("cert", tls.cert, tls.cert_file, folder)
    key = _pem("key", tls.key.get_secret_value() if tls.key else None, tls.key_file, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = tls.min_version, tls.max_version
    context.set_alpn_protocols(["http/1.1"])
    if not tls.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.suites():
        context.set_ciphers(":".join(tls.suites()))
    for curve in tls.curve_preferences:
        try:
            context.set_ecdh_curve(CURVES[curve])
        except ValueError:
            raise TlsError(f"curve_preferences: this OpenSSL does not support {curve}; remove the key") from None
    _load_chain(context, tls, folder, certificate, key)
    _load_authority(context, tls, folder)
    return context


def _load_chain(context: ssl.SSLContext, tls: TlsServer, folder: Path, certificate: str, key: str) -> None:
    def refuse() -> str:
        # Without this, OpenSSL would ask for a passphrase at the terminal.
        raise TlsError(f"{_name('key', tls.key_file)}: is encrypted; use a key without a passphrase")

    with _place(tls.cert_file, folder, certificate) as chain, _place(tls.key_file, folder, key) as private:
        try:
            context.load_cert_chain(chain, private, refuse)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                reason = f"{_name('key', tls.key_file)}: is not the key of {_name('cert', tls.cert_file)}"
            else:
                place = f"{_name('cert', tls.cert_file)} or {_name('key', tls.key_file)}"
                reason = f"{place}: cannot be used ({error.reason or 'not PEM'})"
            raise TlsError(reason) from None


def _load_authority(context: ssl.SSLContext, tls: TlsServer, folder: Path) -> None:
    if tls.client_ca is None and tls.client_ca_file is None:
        return
    authority = _pem("client_ca", tls.client_ca, tls.client_ca_file, folder)
    with _place(tls.client_ca_file, folder, authority) as bundle:
        try:
            context.load_verify_locations(bundle)
        except ssl.SSLError as error:
            place = _name("client_ca", tls.client_ca_file)
            raise TlsError(f"{place}: cannot be used ({error.reason or 'not PEM'})") from None
    context.verify_mode = _VERIFICATION.get(tls.client_auth_type, ssl.CERT_NONE)
    # As in other exporters, everything in the file is trusted, also an authority that another one signed.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


def _name(key: str, file: Path | None) -> str:
    return key if file is None else f"{key}_file"


def _pem(key: str, inline: str | None, file: Path | None, folder: Path) -> str:
    """Return a PEM given inline or as a file, after a superficial check. Raises TlsError."""
    what = "private key" if key == "key" else "certificate"
    mark = f"{what.upper()}-----"
    if file is None:
        if mark not in (inline or ""):
            raise TlsError(f"{key}: contains no {what} in PEM format (-----BEGIN …{mark})")
        return inline or ""
    path = folder / file
    try:
        # Between PEMs there may be comments in any encoding.
        text = path.read_bytes().decode("ascii", "replace")
    except OSError as error:
        raise TlsError(f"{key}_file: cannot read {path}: {error.strerror}") from None
    if mark not in text:
        raise TlsError(f"{key}_file: {path} contains no {what} in PEM format (-----BEGIN …{mark})")
    return text


@contextmanager
def _place(file: Path | None, folder: Path, inline: str) -> Iterator[str]:
    """Yield a path from which OpenSSL can read a PEM; inline ones stay in memory, as keys must not go to disk."""
    if file is not None:
        yield str(folder / file)
        return
    try:
        descriptor = os.memfd_create("pem")
    except (OSError, AttributeError):
        raise TlsError("cert, key: cannot be inline on this system; use files instead") from None
    with os.fdopen(descriptor, "wb") as memory:
        memory.write(inline.encode())
        memory.flush()
        yield f"/proc/self/fd/{descriptor}"


def alternative_names(certificate: Any) -> set[str]:
    """Return the DNS names, e-mails, URIs and addresses of a verified certificate from ``getpeercert``."""
    names = set()
    for kind, value in (certificate or {}).get("subjectAltName", ()):
        if kind in {"DNS", "email", "URI"}:
            names.add(value)
        elif kind == "IP Address":
            names.add(str(ip_address(value.strip())))
    return names
