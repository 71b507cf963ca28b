"""What arrives at the services: every field as they document it, and what a person needs to know."""

import re
from collections.abc import Iterator

import pytest

from stack.tools import Tools

from .mail import read
from .scene import ACTION, LOGS, Scene, alert, marker, open_scene, write_configuration
from .standins import CHAT, StandIns

ALL = {"discord", "slack", "pagerduty", "telegram", "email", "webhook"}
CHATS = ALL - {"pagerduty", "webhook"}
ODD = '<b>&"_x_*[1](2)|`ü'


@pytest.fixture(scope="module")
def scene(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """An Alertmanager with a receiver for every service, and one on this machine."""
    folder = tmp_path_factory.mktemp("delivery")
    with StandIns() as standins:
        flags = [f"--webhook={standins.url}/also", "--web.external-url=https://example.com/prefix/"]
        configuration = write_configuration(folder, standins.secrets(), standins.routing(), *flags)
        with open_scene(tools, folder, standins, configuration) as opened:
            yield opened


@pytest.fixture(autouse=True)
def nothing_is_wrong(scene: Scene) -> Iterator[None]:
    """Whatever arrives anywhere is as the service documents it."""
    yield
    assert not scene.standins.faults(), "\n".join(scene.standins.faults())


def test_a_critical_alert_reaches_every_service(scene: Scene) -> None:
    """Each service is told of what is critical, with title, value, time and links, and of its end."""
    account = marker()
    scene.post([alert(account)])
    found = scene.standins.wait(account, ALL | {"also"}, status="firing")
    for name in sorted(CHATS):
        text = found[name].raw
        for part in (
            "[FIRING:1] CRITICAL CloudflareWorkerErrorRatioHigh",
            "checkout",
            "project blog",
            "A Worker fails more often than it should.",
            f"12.5% of the invocations of checkout (account {account}) failed over ten minutes.",
            "since 20",
            "https://example.com/prefix/runbook#cloudflareworkererrorratiohigh",
            "First steps: Roll back with wrangler rollback.",
            LOGS,
            "http://grafana.example:3000/d/cloudflare-overview/cloudflare-overview?var-account=Example%20GmbH",
            "http://prometheus.example:9090/graph?g0.expr=a+%3E+0.05",
            f"{scene.url}/#/silences/new?filter=%7Balertname%3D%22CloudflareWorkerErrorRatioHigh%22%2Caccount%3D%22{account}",
        ):
            assert part in text, (name, part, text)
    scene.post([alert(account, is_over=True)])
    for name, delivery in scene.standins.wait(account, ALL | {"also"}, status="resolved").items():
        if name in CHATS:
            assert "[RESOLVED] CRITICAL CloudflareWorkerErrorRatioHigh" in delivery.raw
            assert "checkout" in delivery.raw
            assert "/silences/new" not in delivery.raw


def test_pagerduty_opens_and_closes_one_incident(scene: Scene) -> None:
    """The event has severity, class, component, group, details and links, and is resolved under the same key."""
    account = marker()
    scene.post([alert(account)])
    trigger = scene.standins.wait(account, {"pagerduty"}, status="firing")["pagerduty"].body
    scene.post([alert(account, is_over=True)])
    resolve = scene.standins.wait(account, {"pagerduty"}, status="resolved")["pagerduty"].body
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"]
    payload = trigger["payload"]
    assert payload["summary"] == (
        f"[FIRING:1] CRITICAL CloudflareWorkerErrorRatioHigh · checkout · project blog · {account}"
    )
    assert [payload[key] for key in ("severity", "class", "component", "group")] == [
        "critical",
        "CloudflareWorkerErrorRatioHigh",
        "checkout",
        "blog",
    ]
    details = payload["custom_details"]
    assert "12.5%" in details["firing"]
    assert details["account"] == account
    assert details["action"].strip() == f"First steps: {ACTION}"
    assert "/runbook#" in str(details["links"])
    assert [link["text"] for link in trigger["links"]] == ["What to do", "Dashboard", "Logs", "Silence"]
    assert trigger["client_url"].startswith("http://grafana.example:3000/d/")


@pytest.mark.parametrize(("severity", "colour"), [("critical", "danger"), ("warning", "warning"), ("info", "#439FE0")])
def test_slack_shows_how_bad_it_is(scene: Scene, severity: str, colour: str) -> None:
    """The colour follows the severity, and turns good at the end; the title links to the dashboard."""
    account = marker()
    scene.post([alert(account, severity)])
    (attachment,) = scene.standins.wait(account, {"slack"}, status="firing")["slack"].body["attachments"]
    assert attachment["color"] == colour
    assert attachment["title_link"].startswith("http://grafana.example:3000/d/")
    scene.post([alert(account, severity, is_over=True)])
    (attachment,) = scene.standins.wait(account, {"slack"}, status="resolved")["slack"].body["attachments"]
    assert attachment["color"] == "good"


def test_many_alerts_are_one_notification(scene: Scene) -> None:
    """Of a large group some are written out and the rest counted; at its end too."""
    account = marker()
    names = [f"worker-{number:02}" for number in range(25)]
    scene.post([alert(account, script_name=name) for name in names])
    found = scene.standins.wait(account, ALL, status="firing")
    assert len(found["webhook"].body["alerts"]) == 25
    for name, shown in (("discord", 10), ("slack", 10), ("telegram", 8), ("email", 20), ("pagerduty", 10)):
        text = found[name].raw
        assert "[FIRING:25]" in text, name
        assert f"… and {25 - shown} more" in text, name
        assert [each for each in names if each in text] == names[:shown], name
    scene.post([alert(account, script_name=name, is_over=True) for name in names])
    found = scene.standins.wait(account, ALL, status="resolved")
    assert "[RESOLVED]" in found["telegram"].raw
    assert "… and 20 more" in found["telegram"].raw


def test_some_are_over_and_some_are_not(scene: Scene) -> None:
    """A notification of both lists those that fire first and then those that are over."""
    account = marker()
    scene.post([alert(account, script_name="one"), alert(account, script_name="two")])
    scene.standins.wait(account, ALL, status="firing")
    scene.post([alert(account, script_name="one", is_over=True)])
    found = scene.standins.first("discord", account, "[FIRING:1]", "Resolved")
    text = found.body["embeds"][0]["description"]
    assert text.index("of two") < text.index("**Resolved**") < text.index("• one (20")


def test_odd_and_long_names_do_no_harm(scene: Scene) -> None:
    """Names with markup are shown as they are, and long ones are cut, at every service."""
    account = marker()
    odd = alert(account, alertname="CloudflareKvOdd", script_name="", product="kv", kv_namespace=ODD)
    long = alert(account, alertname="CloudflareKvLong", script_name="", product="kv", kv_namespace="né&<" * 128)
    scene.post([odd, long])
    found = scene.standins.wait("CloudflareKvOdd", ALL, status="firing")
    assert ODD in found["email"].raw
    assert "&lt;b&gt;&amp;" in found["telegram"].raw
    assert "&lt;b&gt;&amp;" in found["slack"].raw
    assert r"\<b\>&\"\_x\_\*\[1\](2)\|" in found["discord"].body["embeds"][0]["title"].replace('"', r"\"")
    found = scene.standins.wait("CloudflareKvLong", ALL, status="firing")
    assert "né&<" * 15 + "…" in found["email"].raw


@pytest.mark.parametrize("text", ["used: 5, left: 0", 'a: [b, {c: "d', "*x &y !z", "{{ .Nothing }}", "line\nof: two"])
def test_a_description_is_only_text(scene: Scene, text: str) -> None:
    """What looks like YAML or a template in a description is neither."""
    account = marker()
    odd = alert(account)
    odd["annotations"]["description"] = text
    scene.post([odd])
    found = scene.standins.wait(account, ALL, status="firing")
    assert text in found["email"].raw.replace("\r\n", "\n")
    told = str(found["pagerduty"].body["payload"]["custom_details"]["firing"])
    assert all(word in told for word in re.findall(r"\w{4,}", text))


def test_texts_say_so_where_links_are_missing(scene: Scene) -> None:
    """An alert without annotations and links is still told."""
    account = marker()
    bare = alert(account)
    bare["annotations"], bare["generatorURL"] = {}, ""
    scene.post([bare])
    found = scene.standins.wait(account, ALL, status="firing")
    for name in sorted(CHATS):
        assert "• CloudflareWorkerErrorRatioHigh (since 20" in found[name].raw
        assert "runbook" not in found[name].raw
        assert "First steps" not in found[name].raw
    assert [link["text"] for link in found["pagerduty"].body["links"]] == ["Silence"]


def test_the_longest_telegram_message_is_whole(scene: Scene) -> None:
    """Where everything is as long as it can be, firing and over, the message has its end and is taken."""
    account = marker()
    wide = "w" * 200

    def group(is_over: bool, numbers: range) -> list[dict[str, object]]:
        found = []
        for number in numbers:
            each = alert(account, project=wide, script_name=f"{number:02}{wide}", is_over=is_over)
            each["annotations"] |= {"summary": wide * 5, "description": wide * 9, "action": wide * 9}
            each["annotations"] |= {name: f"https://{name}.test/{'r' * 250}" for name in ("runbook_url", "logs_url")}
            found.append(each)
        return found

    scene.post(group(False, range(30)))
    scene.standins.wait(account, ALL, status="firing")
    scene.post(group(True, range(15)))
    message = scene.standins.first("telegram", account, "<b>Resolved").body["text"]
    assert message.endswith("… and 10 more")


def test_a_message_in_another_chat_would_be_noticed() -> None:
    """The stand-ins refuse what is wrong: a mail without a subject, and a chat that is not the configured one."""
    assert read(b"From: a@example.com\n\nhello")[1]
    assert CHAT < 0
