"""Authorities and certificates, made when a test needs them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write both into a folder: ``name.pem`` and ``name.key``."""
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        for path, text in zip(paths, (self.certificate, self.key), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths


class Authority:
    """Signs certificates."""

    def __init__(self, name: str = "Test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        made = _builder(self._name, self._name, self._key).add_extension(constraints, critical=True)
        self._certificate = made.sign(self._key, hashes.SHA256())
        self.pem = self._certificate.public_bytes(Encoding.PEM).decode()

    def write(self, folder: Path, name: str = "ca") -> Path:
        """Write the authority's own certificate into a folder."""
        path = folder / f"{name}.pem"
        path.write_text(self.pem, encoding="utf-8")
        return path

    def server(self, name: str = "server", passphrase: str = "") -> Pair:
        """A certificate for this machine's loopback interface."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        return self._issue(name, names, ExtendedKeyUsageOID.SERVER_AUTH, passphrase)

    def client(self, *names: x509.GeneralName) -> Pair:
        """A certificate for a client."""
        return self._issue("client", list(names), ExtendedKeyUsageOID.CLIENT_AUTH, "")

    def _issue(self, name: str, names: list[x509.GeneralName], usage: x509.ObjectIdentifier, passphrase: str) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(subject, self._name, key).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        secrecy = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secrecy)
        return Pair(certificate.public_bytes(Encoding.PEM).decode(), written.decode())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )
