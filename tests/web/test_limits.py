"""What a client is granted: clients that are slow, greedy or many, and many scrapes at once."""

import logging
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from exporter.web import LIMITS, ConnectionLimits
from tests.exposition.test_server import PROMETHEUS_3
from tests.web.scene import PASSWORD, TLS, OpenSite, users

SCRAPES = 50
READY = b"GET /-/ready HTTP/1.1\r\nHost: exporter\r\n\r\n"
BOTH = pytest.mark.parametrize("configured", [None, TLS], ids=["http", "tls"])


def ends(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except (ConnectionResetError, ssl.SSLError):
        pass
    return b"".join(parts)


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def seconds_until_end(connection: socket.socket) -> float:
    """How long it takes until the server ends a connection on which nothing is answered."""
    started = time.monotonic()
    assert ends(connection) == b""
    return time.monotonic() - started


@BOTH
def test_a_client_that_says_nothing_is_cut_off(open_site: OpenSite, configured: str | None) -> None:
    """A connection without a request ends in time."""
    site = open_site(configured, ConnectionLimits(head=0.5))
    with site.connect() as silent:
        assert 0.2 < seconds_until_end(silent) < 5
    assert eventually(lambda: site.connections == 0)


@pytest.mark.parametrize("first", [b"", READY], ids=["first request", "second request"])
def test_headers_that_come_drop_by_drop_are_cut_off(open_site: OpenSite, first: bytes) -> None:
    """Slowloris: each header line comes in time, but never the last one; others are answered meanwhile."""
    site = open_site(None, ConnectionLimits(head=1.0))
    with site.connect() as slow:
        if first:
            slow.sendall(first)
            answer = b""
            while not answer.endswith(b"ready\n"):
                answer += slow.recv(65_536)
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 10:
                slow.sendall(b"X-Slow: 1\r\n")
                assert site.get("/-/ready").status_code == 200
                time.sleep(0.1)
        assert 0.7 < time.monotonic() - started < 6


def test_many_slow_clients_keep_no_scrape_waiting(open_site: OpenSite) -> None:
    """With a hundred of them a scrape is answered as ever, and in the end they are gone."""
    site = open_site(None, ConnectionLimits(head=3.0))
    slow = [site.connect() for _ in range(100)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow:")
    assert site.get().status_code == 200
    assert site.connections >= 100
    assert eventually(lambda: site.connections == 0)
    for connection in slow:
        connection.close()


@BOTH
def test_an_answer_that_is_not_read_is_given_up(
    open_site: OpenSite, configured: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection and memory are freed in time, and a line says so."""
    site = open_site(configured, ConnectionLimits(answer=0.5, handshake=2.0), series=100_000)
    with caplog.at_level(logging.WARNING, "exporter"), site.connect(receive_bytes=4_096) as lazy:
        lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n")
        assert eventually(lambda: site.connections == 1)
        assert eventually(lambda: site.connections == 0)
        assert site.get("/-/ready").status_code == 200
    assert (
        "response not read in time: from 127.0.0.1 (1 since the last such line); the connection was closed"
        in caplog.text
    )


def test_answers_that_were_asked_for_in_advance_and_are_not_read_are_given_up(open_site: OpenSite) -> None:
    """Nor do a thousand small ones stay."""
    site = open_site(None, ConnectionLimits(answer=0.5, idle=1), series=1_000)
    with site.connect(receive_bytes=4_096) as lazy:
        lazy.setblocking(False)
        with pytest.raises(BlockingIOError):
            for _ in range(1_000_000):
                lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n")
        assert eventually(lambda: site.connections == 0)


def test_an_answer_that_is_read_slowly_but_in_time_comes_whole(open_site: OpenSite) -> None:
    """A slow network is no fault."""
    site = open_site(None, ConnectionLimits(answer=10, idle=1), series=20_000)
    with site.connect(receive_bytes=65_536) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n")
        parts = []
        while part := slow.recv(65_536):
            parts.append(part)
            time.sleep(0.02)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()


def test_an_idle_connection_is_closed(open_site: OpenSite) -> None:
    """After an answer the next request has some time to come."""
    site = open_site(None, ConnectionLimits(idle=1))
    with site.connect() as idle:
        idle.sendall(READY)
        started = time.monotonic()
        assert b"ready" in ends(idle)
        assert 0.8 < time.monotonic() - started < 6


@BOTH
def test_more_connections_than_there_may_be_are_cut_off(
    open_site: OpenSite, configured: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that there are stay, and when one goes another is let in."""
    site = open_site(configured, ConnectionLimits(connections=3))
    with caplog.at_level(logging.WARNING, "exporter"):
        kept = [site.connect() for _ in range(3)]
        assert eventually(lambda: site.connections == 3)
        with site.connect() as one_more:
            assert ends(one_more) == b""
        assert "too many connections: from 127.0.0.1 (1 since the last such line); 3 are in use" in caplog.text
        kept.pop().close()
        assert eventually(lambda: site.connections == 2)
        assert site.get("/-/ready").status_code == 200
    for connection in kept:
        connection.sendall(READY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert ends(connection).endswith(b"ready\n")
        connection.close()


@BOTH
def test_who_asks_gets_the_place_of_who_asks_no_more(open_site: OpenSite, configured: str | None) -> None:
    """Of connections that wait for their next request the one that has waited longest makes room."""
    site = open_site(configured, ConnectionLimits(connections=3))
    kept = [site.connect() for _ in range(3)]
    for connection in kept:
        connection.sendall(READY)
        answer = b""
        while not answer.endswith(b"ready\n"):
            answer += connection.recv(65_536)
    for _ in range(2):
        assert site.get("/-/ready").status_code == 200
    with site.connect():
        assert ends(kept[0]) == b""
    kept[2].sendall(READY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert ends(kept[2]).endswith(b"ready\n")
    for connection in kept:
        connection.close()


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /" + b"a" * LIMITS.head_bytes + b" HTTP/1.1\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nX-Long: " + b"a" * LIMITS.head_bytes,
        b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n" + b"X-Many: 1\r\n" * 2_000,
        b"\x16\x03\x01 nonsense\r\n\r\n",
    ],
    ids=["line", "header", "headers", "nonsense"],
)
def test_what_is_too_long_or_no_request_is_refused(open_site: OpenSite, request_head: bytes) -> None:
    """The connection ends with status 400, or without a word where the client goes on sending."""
    site = open_site(None)
    with site.connect() as greedy:
        greedy.sendall(request_head)
        answer = ends(greedy)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert eventually(lambda: site.connections == 0)


def test_headers_of_the_usual_length_are_read(open_site: OpenSite) -> None:
    """Proxies add long headers, which are no fault."""
    assert open_site(None).get("/-/ready", headers={"X-Long": "a" * 8_000}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/api/costs", "/api/alerts", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_bodies_are_refused(open_site: OpenSite, method: str, path: str) -> None:
    """No page takes one, so none is read, and the connection ends."""
    site = open_site(None)
    answer = site.get(path, method=method, content=b"x")
    assert (answer.status_code, answer.text) == (413, "Requests with a body are not accepted.\n")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("announced", [b"Content-Length: 1000000000000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("configured", [None, users(prometheus=PASSWORD)], ids=["open", "users"])
def test_a_body_is_not_waited_for(open_site: OpenSite, configured: str | None, announced: bytes) -> None:
    """The answer comes as soon as a body is announced, also where nobody said who they are."""
    site = open_site(configured)
    with site.connect() as posting:
        posting.sendall(b"POST /metrics HTTP/1.1\r\nHost: exporter\r\n" + announced + b"\r\n\r\n")
        answer = ends(posting)
    assert answer.startswith(b"HTTP/1.1 401 " if configured else b"HTTP/1.1 413 ")


def test_a_body_of_nothing_is_none(open_site: OpenSite) -> None:
    """Some clients announce that there is none."""
    assert open_site(None).get("/-/ready", headers={"Content-Length": "0"}).status_code == 200


@pytest.mark.parametrize("configured", [None, TLS + users(prometheus=PASSWORD)], ids=["http", "tls and users"])
@pytest.mark.parametrize("form", [PROMETHEUS_3, "text/plain"], ids=["openmetrics", "text"])
def test_many_scrapes_at_once(open_site: OpenSite, configured: str | None, form: str) -> None:
    """Fifty get a whole exposition each, which can be parsed; those rendered at once differ in process metrics only."""
    site = open_site(configured, series=5_000)
    headers = {"Accept": form, "Accept-Encoding": "identity"}
    named = {"auth": ("prometheus", PASSWORD)} if configured else {}
    with ThreadPoolExecutor(SCRAPES) as pool:
        asked = [pool.submit(site.get, "/metrics", headers=headers, **named) for _ in range(SCRAPES)]
        answers = [each.result() for each in asked]
    assert {answer.status_code for answer in answers} == {200}
    for body in {answer.text for answer in answers}:
        families = list((openmetrics if form == PROMETHEUS_3 else text)(body))
        many = next(family for family in families if family.name in {"app_many", "app_many_total"})
        assert sum(sample.value for sample in many.samples) == sum(range(5_000))


def test_scrapes_at_once_while_snapshots_change(open_site: OpenSite) -> None:
    """Each gets a whole exposition of some snapshot, compressed or not."""
    site = open_site(None, series=2_000)

    def scrape(number: int) -> tuple[bool, str]:
        if number % 10 == 0:
            site.show(series=2_000, commit_number=number + 8)
        encoding = "gzip" if number % 2 else "identity"
        answer = site.get("/metrics", headers={"Accept": PROMETHEUS_3, "Accept-Encoding": encoding})
        return answer.headers.get("content-encoding") == "gzip", answer.text

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(scrape, range(200)))
    assert {is_compressed for is_compressed, _ in answers} == {True, False}
    for body in {body for _, body in answers}:
        many = next(family for family in openmetrics(body) if family.name == "app_many")
        assert len(many.samples) == 2_000
        assert body.endswith("# EOF\n")
