"""``GET /api/alerts`` where those who are asked are missing, slow, wrong, or asked by many."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from exporter.alerts import WATCHDOG, Addresses
from exporter.config import load_config
from tests.configured import Site
from tests.exposition.api.monitored import ALERTMANAGER, PROMETHEUS, Monitored, evaluated, labels, of_prometheus, told
from tests.poller.scene import listed_world

ODD = "its answer is not a list of alerts: "
SOME = labels("CloudflareSomething")
NO_STATUS = {key: value for key, value in told(SOME).items() if key != "status"}


def refused() -> Exception:
    """What the client raises where nobody listens, as its layers wrap it."""
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9093)")
    return error


class Sent(httpx.AsyncByteStream):
    """A body as it comes from the network, not yet decoded."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


def zipped(body: bytes) -> Callable[[], Awaitable[httpx.Response]]:
    """An answer that is compressed, or says so."""

    async def answer() -> httpx.Response:
        return httpx.Response(200, stream=Sent(body), headers={"Content-Encoding": "gzip"})

    return answer


UNUSABLE: list[tuple[Any, str]] = [
    (refused(), "connection refused"),
    (httpx.ConnectTimeout("too slow"), "no answer within 3 s"),
    (httpx.ReadTimeout(""), "no answer within 3 s"),
    (httpx.RemoteProtocolError("server disconnected"), "server disconnected"),
    (httpx.ReadError(""), "ReadError"),
    (httpx.InvalidURL("Invalid port"), "Invalid port"),
    (UnicodeError("label too long"), "label too long"),
    (httpx.Response(401, json=[]), "it answered HTTP 401"),
    (httpx.Response(500), "it answered HTTP 500"),
    (httpx.Response(204), "it answered HTTP 204"),
    (httpx.Response(302, headers={"Location": "http://elsewhere.test/"}), "it answered HTTP 302"),
    (b"<html>", "it did not answer with JSON"),
    (b"", "it did not answer with JSON"),
    (b"\xff[]", "it did not answer with JSON"),
    (b"[" * 100_000, "it did not answer with JSON"),
    (b"1" * 5_000, "it did not answer with JSON"),
    (zipped(b"[]"), "Error -3 while decompressing data"),
    (b" " * 10_000_001, "its answer is larger than 10 MB"),
    (zipped(gzip.compress(b" " * 20_000_000)), "its answer is larger than 10 MB"),
]


@pytest.mark.parametrize(("answer", "reason"), UNUSABLE, ids=map(str, range(len(UNUSABLE))))
def test_who_does_not_answer_is_named_with_the_reason(answer: Any, reason: str) -> None:
    """Whichever it is: with nobody else to ask there is no answer, and never an error of our own."""
    for addresses, name in ((Addresses(ALERTMANAGER), "Alertmanager"), (Addresses(None, PROMETHEUS), "Prometheus")):
        site = Monitored(addresses)
        site.alertmanager = site.prometheus = answer
        code, message = site.refusal()
        url = addresses.alertmanager or addresses.prometheus
        assert code == "alerts_unreachable"
        assert message.startswith(f"The alerts could not be fetched. {name} ({url}): {reason}")
        assert message.endswith("and their addresses (alerting.alertmanager_url, alerting.prometheus_url).")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({}, "the answer is not a list"),
        (None, "the answer is not a list"),
        (of_prometheus(), "the answer is not a list"),
        ([1], "an alert is not an object"),
        ([NO_STATUS], "status is not an object"),
        ([told(SOME, silencedBy="5ea1")], "status.silencedBy is not a list"),
        ([told(SOME, inhibitedBy={"a": 1})], "status.inhibitedBy is not a list"),
        ([{**told(SOME), "startsAt": "yesterday"}], "startsAt is not a time"),
        ([{**told(SOME), "startsAt": 1760954400}], "startsAt is not a time"),
        ([told(SOME, "0001-01-01T00:00:00+23:00")], "startsAt is not a time"),
        ([{**told(SOME), "labels": ["alertname"]}], "labels is not an object"),
        ([{**told(SOME), "labels": {"alertname": 1}}], "labels.alertname is not a string"),
        ([{**told(SOME), "annotations": {"summary": None}}], "annotations.summary is not a string"),
        ([told({**SOME, "project": "\ud800"})], "labels.project is not a string"),
        ([told(labels("Another")), {**told(labels("Another")), "labels": 1}], "labels is not an object"),
    ],
)
def test_alertmanagers_odd_answer_is_none(answer: Any, reason: str) -> None:
    """What it is not is told; one odd alert is enough, for what else is wrong nobody knows."""
    site = Monitored(Addresses(ALERTMANAGER))
    site.alertmanager = answer
    assert f"{ODD}{reason}." in site.refusal()[1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (1, "the answer is not an object"),
        ({"status": "error", "error": "not ready"}, "status is not success"),
        ({"status": "success"}, "data is not an object"),
        ({"status": "success", "data": {"alerts": None}}, "data.alerts is not a list"),
        (of_prometheus({**evaluated(SOME), "state": "inactive"}), "state is neither firing nor pending"),
        (of_prometheus({**evaluated(SOME), "state": None}), "state is not a string"),
        (of_prometheus({**evaluated(SOME), "activeAt": None}), "activeAt is not a time"),
        (of_prometheus({**evaluated(SOME), "value": "much"}), "value is not a number"),
        (of_prometheus({**evaluated(SOME), "value": 1}), "value is not a number"),
        (of_prometheus({**evaluated(SOME), "labels": {"alertname": []}}), "labels.alertname is not a string"),
    ],
)
def test_prometheus_odd_answer_is_none(answer: Any, reason: str) -> None:
    """The same of the other."""
    site = Monitored(Addresses(None, PROMETHEUS))
    site.prometheus = answer
    assert f"{ODD}{reason}." in site.refusal()[1]


@pytest.mark.parametrize("answer", [refused(), httpx.Response(503), b"no", {"status": "success"}])
def test_prometheus_is_asked_where_alertmanager_does_not_answer(answer: Any) -> None:
    """The answer says what it therefore lacks."""
    site = Monitored()
    site.alertmanager, site.prometheus = answer, of_prometheus(evaluated(SOME), evaluated(SOME, "pending"))
    document = site.document()
    assert (document["source"], [alert["state"] for alert in document["alerts"]]) == ("prometheus", ["firing"])
    (note,) = document["notes"]
    assert note.startswith(f"Alertmanager ({ALERTMANAGER}): ")
    assert note.endswith(". Silenced and inhibited alerts are shown as firing.")


def test_an_alertmanager_that_was_not_told_is_not_believed() -> None:
    """Started anew it knows nothing for up to a minute, which must not look as if nothing fired."""
    site = Monitored()
    site.is_told = False
    site.prometheus = of_prometheus(evaluated(SOME), evaluated(labels(WATCHDOG, severity="info")))
    document = site.document()
    assert (document["source"], [alert["alert"] for alert in document["alerts"]]) == ("prometheus", [SOME["alertname"]])
    assert document["notes"] == [
        f"Alertmanager ({ALERTMANAGER}): it has not received any alerts yet. Silenced and inhibited alerts are shown "
        "as "
        "firing."
    ]


@pytest.mark.parametrize("answer", [refused(), of_prometheus(evaluated(SOME))])
def test_without_a_watchdog_alertmanager_is_believed(answer: Any) -> None:
    """Where Prometheus cannot say that there is one, or has no such rule."""
    site = Monitored()
    site.is_told, site.alertmanager, site.prometheus = False, [told(SOME, silencedBy=["5ea1"])], answer
    for addresses in (site.addresses, Addresses(ALERTMANAGER)):
        site.addresses = addresses
        document = site.document()
        assert (document["source"], [alert["state"] for alert in document["alerts"]]) == ("alertmanager", ["silenced"])


def test_both_are_named_where_neither_answers() -> None:
    """Each with its own reason."""
    site = Monitored()
    site.alertmanager, site.prometheus = refused(), httpx.Response(503)
    assert site.refusal() == (
        "alerts_unreachable",
        f"The alerts could not be fetched. Alertmanager ({ALERTMANAGER}): connection refused. Prometheus "
        f"({PROMETHEUS}): it "
        "answered HTTP 503. Check that they run, and their addresses (alerting.alertmanager_url, "
        "alerting.prometheus_url).",
    )


def test_what_is_pending_needs_prometheus() -> None:
    """An answer without it would look as if nothing were; everything else does not need it."""
    site = Monitored()
    site.prometheus = refused()
    for query in ("?state=pending", "?state=all"):
        assert site.refusal(query) == (
            "alerts_unreachable",
            f"Only Prometheus knows pending alerts. Prometheus ({PROMETHEUS}): connection refused. Check that it "
            "runs, and its address (alerting.prometheus_url).",
        )
    assert site.names() == []
    site.addresses = Addresses(ALERTMANAGER)
    assert site.refusal("?state=all") == (
        "not_configured",
        "Only Prometheus knows pending alerts, and its address is not configured. Set alerting.prometheus_url in the "
        "configuration, or give the flag --alerting.prometheus-url.",
    )


def test_nobody_is_named() -> None:
    """The message says what to set; no client is opened."""
    site = Monitored(Addresses())
    assert site.refusal() == (
        "not_configured",
        "No Alertmanager or Prometheus address is configured. Set alerting.alertmanager_url or alerting.prometheus_url "
        "in the configuration, or give the flag --alerting.alertmanager-url or --alerting.prometheus-url.",
    )
    assert site.opened == 0


def waiting(*answers: Any) -> tuple[Callable[[], Awaitable[Any]], asyncio.Event]:
    """Answers, one for each question, that wait to be let go."""
    event, left = asyncio.Event(), list(answers)

    async def answer() -> Any:
        await event.wait()
        return left.pop(0)

    return answer, event


def test_who_hangs_is_not_waited_for() -> None:
    """After its time the other is asked, and the message has the time."""
    site = Monitored(patience=0.05)
    site.alertmanager, _ = waiting()
    site.prometheus = of_prometheus(evaluated(SOME))
    began = time.monotonic()
    assert site.document()["notes"] == [
        f"Alertmanager ({ALERTMANAGER}): no answer within 0.05 s. Silenced and inhibited alerts are shown as firing."
    ]
    assert time.monotonic() - began < 2.5


def test_a_body_that_trickles_is_not_waited_for() -> None:
    """The time is for the whole answer, not for each piece of it."""

    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.01)

    site = Monitored(Addresses(ALERTMANAGER), patience=0.1)
    site.alertmanager = httpx.Response(200, stream=Trickle())
    assert "no answer within 0.1 s" in site.refusal()[1]


def test_who_asks_at_once_shares_a_question() -> None:
    """All get the one answer, each with its own filter; a failure is shared as well."""

    async def script() -> None:
        site = Monitored()
        site.alertmanager, event = waiting([told(SOME), told(labels("CloudflareOther", severity="info"))])
        asking = asyncio.create_task(site.request("", "?severity=info", "?severity=critical", ""))
        while not site.asked:
            await asyncio.sleep(0)
        event.set()
        answers = [[alert["alert"] for alert in answer.json()["alerts"]] for answer in await asking]
        both = ["CloudflareSomething", "CloudflareOther"]
        assert answers == [both, ["CloudflareOther"], [], both]
        assert len(site.asked) == 1
        site.alertmanager, site.prometheus = refused(), refused()
        assert {answer.status_code for answer in await site.request("", "", "?state=all")} == {503}
        assert len(site.asked) == 3

    asyncio.run(asyncio.wait_for(script(), 20))


def test_after_a_second_it_is_asked_again() -> None:
    """Within it the answer stays, with the time of its question."""
    site = Monitored()
    answers = asyncio.run(site.request("", "", "", pause=0.6))
    assert len(site.asked) == 2
    assert [answer.json()["asked_at"][-3:] for answer in answers] == ["05Z", "05Z", "06Z"]
    assert site.opened == 1


def test_who_gives_up_leaves_the_question_to_the_others() -> None:
    """A client that hangs up takes nobody's answer."""

    async def script() -> None:
        site = Monitored()
        site.alertmanager, event = waiting([told(SOME)])
        asking = asyncio.create_task(site.request("", ""))
        while not site.asked:
            await asyncio.sleep(0)
        impatient = asyncio.create_task(site.request(""))
        await asyncio.sleep(0)
        impatient.cancel()
        event.set()
        assert [answer.status_code for answer in await asking] == [200, 200]
        await asyncio.gather(impatient, return_exceptions=True)

    asyncio.run(asyncio.wait_for(script(), 20))


def test_what_is_sent_holds_nothing_of_the_caller() -> None:
    """A GET without parameters, that asks for plain JSON."""
    site = Monitored()
    site.ask("?account=Example")
    (request,) = site.asked
    assert (request.method, request.url.query, request.content) == ("GET", b"", b"")
    assert request.headers["accept-encoding"] == "identity"


def test_the_addresses_are_those_of_the_configuration(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload changes them at once; proxies of the environment are not asked, and closing closes."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps([told(SOME)]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def script() -> None:
        async with Site(listed_world(), tmp_path / "state") as site:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            transport = httpx.ASGITransport(app=site.exporter.web)
            async with server, httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
                assert (await http.get("/api/alerts")).json()["error"]["code"] == "not_configured"
                site.configure(alerting={"alertmanager_url": f"http://127.0.0.1:{port}"})
                answer = (await http.get("/api/alerts")).json()
                assert [alert["alert"] for alert in answer["alerts"]] == ["CloudflareSomething"]
                site.configure(alerting={"alertmanager_url": "http://127.0.0.1:9"})
                message = (await http.get("/api/alerts")).json()["error"]["message"]
                assert "Alertmanager (http://127.0.0.1:9): connection refused." in message

    asyncio.run(asyncio.wait_for(script(), 30))


def test_flags_overrule_the_file(tmp_path: Any) -> None:
    """Each by itself; what else the section says stays."""
    path = tmp_path / "exporter.yml"
    path.write_text(
        "alerting:\n  prometheus_url: http://one.test\n  alertmanager_url: http://two.test\n"
        "  thresholds: [{alert: CloudflareD1SizeHigh, value: 1}]\n",
        encoding="utf-8",
    )
    alerting = load_config(path, {}, None, {"prometheus_url": "http://three.test"}).alerting
    assert (alerting.prometheus_url, alerting.alertmanager_url) == ("http://three.test", "http://two.test")
    assert len(alerting.thresholds) == 1
    assert load_config(None, {}, None, {"alertmanager_url": "http://f.test"}).alerting.prometheus_url is None
