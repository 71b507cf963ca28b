"""TLS, client certificates, and certificates that are replaced."""

import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from exporter.web import ConnectionLimits
from tests.web.certificates import Authority, Pair
from tests.web.scene import PASSWORD, TLS, OpenSite, Site, users

CLIENTS = TLS.replace("}\n", ", client_auth_type: {policy}, client_ca_file: clients.pem}\n")
REQUIRED = CLIENTS.replace("{policy}", "RequireAndVerifyClientCert")
NAME = x509.DNSName("prometheus.test")


def shown(site: Site) -> str:
    """The certificate that the server shows, PEM."""
    return ssl.get_server_certificate(("127.0.0.1", site.port), timeout=10)


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    """The authority of clients, in the folder of the configuration."""
    authority = Authority("Clients")
    authority.write(tmp_path, "clients")
    return authority


def paths(pair: Pair, folder: Path, name: str = "client") -> tuple[Path, Path]:
    """Where the certificate of a client and its key are."""
    return pair.write(folder, name)


def test_pages_come_over_tls(open_site: OpenSite) -> None:
    """A client that trusts the authority is answered, one that does not ends the connection, and plain HTTP fails."""
    site = open_site(TLS + users(prometheus=PASSWORD))
    assert site.get("/-/ready", auth=("prometheus", PASSWORD)).text == "ready\n"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        site.get(trust=site.trust(Authority("Another")))
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{site.port}/metrics", trust_env=False)
    assert site.get().status_code == 401


@pytest.mark.parametrize(
    ("more", "offered", "agreed"),
    [
        ("", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ("", ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        (", max_version: TLS12", ssl.TLSVersion.TLSv1_3, "TLSv1.2"),
        (", min_version: TLS13", ssl.TLSVersion.TLSv1_2, ""),
    ],
)
def test_versions(open_site: OpenSite, more: str, offered: ssl.TLSVersion, agreed: str) -> None:
    """Versions are agreed on within what is configured."""
    site = open_site(TLS.replace("}\n", f"{more}}}\n"))
    context = site.trust()
    context.maximum_version = offered
    assert agreement(site, context)[0] == agreed


def agreement(site: Site, context: ssl.SSLContext) -> tuple[str, str, str]:
    """What a client and the server agree on: version, cipher suite and protocol; empty if they do not."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                cipher = secured.cipher()
                return secured.version() or "", cipher[0] if cipher else "", secured.selected_alpn_protocol() or ""
        except ssl.SSLError:
            return "", "", ""


def test_cipher_suites(open_site: OpenSite) -> None:
    """Of TLS 1.2 only what is configured is agreed on; HTTP/1.1 is spoken to clients that would rather have HTTP/2."""
    site = open_site(TLS.replace("}\n", ", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]}\n"))
    context = site.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert agreement(site, context) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", "http/1.1")
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    assert agreement(site, context) == ("", "", "")


def refused(site: Site, trust: ssl.SSLContext) -> bool:
    """Whether the server ends a connection without an answer; with TLS 1.3 a client sees that when it reads."""
    try:
        return site.get("/-/ready", trust=trust).status_code != 200
    except httpx.TransportError:
        return True


@pytest.mark.parametrize(
    ("policy", "needed"), [("RequireAndVerifyClientCert", True), ("VerifyClientCertIfGiven", False)]
)
def test_client_certificates(
    open_site: OpenSite, clients: Authority, tmp_path: Path, policy: str, needed: bool
) -> None:
    """What is shown has to be signed by the clients' authority; the policy says whether it has to be shown."""
    site = open_site(CLIENTS.replace("{policy}", policy))
    right, wrong = (
        paths(each.client(NAME), tmp_path, str(number)) for number, each in enumerate((clients, Authority()))
    )
    assert not refused(site, site.trust(client=right))
    assert refused(site, site.trust(client=wrong))
    assert refused(site, site.trust()) is needed


def test_a_client_certificate_that_is_only_requested(open_site: OpenSite, clients: Authority) -> None:
    """Where anything would be accepted, nothing is asked for."""
    site = open_site(CLIENTS.replace("{policy}", "RequestClientCert"))
    assert not refused(site, site.trust())


@pytest.mark.parametrize(
    ("names", "is_admitted"),
    [
        ([NAME], True),
        ([x509.DNSName("other.test"), x509.RFC822Name("prometheus@example.com")], True),
        ([x509.IPAddress(ip_address("10.0.0.1"))], True),
        ([x509.IPAddress(ip_address("2001:db8::1"))], True),
        ([x509.UniformResourceIdentifier("spiffe://example.com/prometheus")], True),
        ([x509.DNSName("other.test")], False),
        ([x509.DNSName("sub.prometheus.test")], False),
        ([x509.DNSName("10.0.0.1")], True),
        ([], False),
    ],
)
def test_names_of_clients(
    open_site: OpenSite, clients: Authority, tmp_path: Path, names: list[x509.GeneralName], is_admitted: bool
) -> None:
    """A certificate needs one of the configured names, whatever its kind, exactly."""
    wanted = "prometheus.test, prometheus@example.com, 10.0.0.1, '2001:db8::1', 'spiffe://example.com/prometheus'"
    site = open_site(REQUIRED.replace("}\n", f", client_allowed_sans: [{wanted}]}}\n"))
    assert refused(site, site.trust(client=paths(clients.client(*names), tmp_path))) is not is_admitted


def test_a_certificate_is_replaced_without_a_restart(open_site: OpenSite) -> None:
    """New connections get the new certificate; one that does not fit its key yet leaves the one before."""
    site = open_site(TLS)
    first = shown(site)
    with httpx.Client(base_url=site.url, verify=site.trust(), trust_env=False) as kept:
        assert kept.get("/-/ready").status_code == 200
        pair = site.authority.server("renewed")
        site.write(pair.certificate, "server.pem")
        assert shown(site) == first
        site.write(pair.key, "server.key")
        assert shown(site) == pair.certificate
        assert kept.get("/-/ready").status_code == 200
    assert site.get("/-/ready").status_code == 200


def test_the_authority_of_clients_is_replaced_without_a_restart(
    open_site: OpenSite, clients: Authority, tmp_path: Path
) -> None:
    """Clients of an authority that is no longer named stay outside."""
    site = open_site(REQUIRED)
    other = Authority("Other clients")
    before, after = (paths(each.client(NAME), tmp_path, str(number)) for number, each in enumerate((clients, other)))
    assert [refused(site, site.trust(client=each)) for each in (before, after)] == [False, True]
    site.write(other.pem, "clients.pem")
    assert [refused(site, site.trust(client=each)) for each in (before, after)] == [True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (users(a=PASSWORD), "adding or removing tls_server_config needs a restart"),
        (
            CLIENTS.replace("{policy}", "VerifyClientCertIfGiven"),
            "changing tls_server_config.client_auth_type from RequireAndVerifyClientCert needs a restart",
        ),
    ],
)
def test_no_door_opens_by_mistake(
    open_site: OpenSite, clients: Authority, caplog: pytest.LogCaptureFixture, text: str, message: str
) -> None:
    """A file that is found half written does not end TLS, nor the need for a certificate."""
    site = open_site(REQUIRED)
    site.write(text)
    assert refused(site, site.trust())
    assert message in caplog.text


def test_names_of_clients_do_not_all_go(
    open_site: OpenSite, clients: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Other names count at once; none any more takes a restart."""
    named = REQUIRED.replace("}\n", ", client_allowed_sans: [prometheus.test]}\n")
    site = open_site(named)
    right, other = (
        paths(clients.client(x509.DNSName(name)), tmp_path, name) for name in ("prometheus.test", "other.test")
    )
    site.write(REQUIRED)
    assert [refused(site, site.trust(client=each)) for each in (right, other)] == [False, True]
    assert "removing tls_server_config.client_allowed_sans needs a restart" in caplog.text
    site.write(named.replace("prometheus.test", "other.test"))
    assert [refused(site, site.trust(client=each)) for each in (right, other)] == [True, False]


def test_a_handshake_that_does_not_come_ends(open_site: OpenSite) -> None:
    """Who connects and says nothing is cut off, and keeps nobody waiting."""
    site = open_site(TLS, ConnectionLimits(handshake=2.0))
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as silent:
        assert site.get("/-/ready").status_code == 200
        started = time.monotonic()
        assert silent.recv(1) == b""
        assert time.monotonic() - started < 8
