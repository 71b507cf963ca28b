"""Who is told of what: by severity, by team, and at which times."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stack.tools import Tools

from .scene import alert, marker, open_scene, routes, write_configuration
from .standins import TEAM_ROUTING_KEY, StandIns

ALL = ["discord", "slack", "pagerduty", "telegram", "email", "webhook"]
SUBJECT = "CloudflareWorkerErrorRatioHigh"
TEAM = {"name": "shop", "projects": ["shop", "shop-*"]}
WEEKENDS = {"name": "always", "weekdays": ["monday:sunday"], "time_zone": "Europe/Berlin"}


@pytest.fixture(scope="module")
def standins() -> Iterator[StandIns]:
    """All services."""
    with StandIns() as opened:
        yield opened


@pytest.fixture
def shop(standins: StandIns) -> dict[str, str]:
    """The secrets of everyone and of the team shop, which has Slack and PagerDuty."""
    slack = {"slack-shop": f"{standins.url}/services/T0/B0/shop", "pagerduty-shop": TEAM_ROUTING_KEY}
    return {**standins.secrets(), **slack}


@pytest.fixture
def with_team(shop: dict[str, str], tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Return the configuration in which the team shop takes what is said."""
    return lambda team: write_configuration(tmp_path, shop, {"teams": [{"name": "shop", **team}]})


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        ("critical", ALL),
        ("warning", ["discord", "slack", "telegram", "email", "webhook"]),
        ("info", ["discord", "slack", "webhook"]),
        ("odd", ["discord", "slack", "telegram", "email", "webhook"]),
    ],
)
def test_the_severity_decides_who_is_told(
    tools: Tools, standins: StandIns, tmp_path: Path, severity: str, told: list[str]
) -> None:
    """Only what is critical wakes people, and infos go where nobody is disturbed."""
    configuration = write_configuration(tmp_path, standins.secrets(), {})
    assert routes(tools, configuration, alertname=SUBJECT, severity=severity, project="shop") == told


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"project": "shop", "severity": "critical"}, ["slack-shop", "pagerduty-shop"]),
        ({"project": "shop-eu", "severity": "warning"}, ["slack-shop"]),
        ({"project": "shop", "severity": "info"}, ["slack-shop"]),
        ({"project": "workshop", "severity": "critical"}, ALL),
        ({"severity": "critical"}, ALL),
        ({"alertname": "CloudflareCriticalUnresolved", "project": "shop", "severity": "critical"}, ALL),
        ({"alertname": "CloudflareWatchdog", "project": "shop", "severity": "info"}, ["watchdog"]),
    ],
)
def test_a_team_takes_its_alerts(
    tools: Tools, shop: dict[str, str], tmp_path: Path, labels: dict[str, str], told: list[str]
) -> None:
    """A team is told of its projects' alerts instead of everyone, but for what nobody resolves, and the watchdog."""
    configuration = write_configuration(tmp_path, shop, {"teams": [TEAM]})
    assert routes(tools, configuration, **{"alertname": SUBJECT, **labels}) == told


def test_what_a_team_cannot_take_goes_to_everyone(tools: Tools, standins: StandIns, tmp_path: Path) -> None:
    """A team with a pager only leaves warnings to everyone."""
    secrets = {**standins.secrets(), "pagerduty-shop": TEAM_ROUTING_KEY}
    configuration = write_configuration(tmp_path, secrets, {"teams": [TEAM]})
    warned = routes(tools, configuration, alertname=SUBJECT, project="shop", severity="warning")
    assert warned == ["discord", "slack", "telegram", "email", "webhook"]
    assert routes(tools, configuration, alertname=SUBJECT, project="shop", severity="critical") == ["pagerduty-shop"]


@pytest.mark.parametrize(
    ("team", "labels", "is_theirs"),
    [
        ({"products": ["r2"]}, {"product": "r2", "project": "x"}, True),
        ({"products": ["r2"]}, {"product": "r2x", "project": "x"}, False),
        ({"projects": ["a"], "accounts": ["prod"]}, {"project": "a", "account": "prod"}, True),
        ({"projects": ["a"], "accounts": ["prod"]}, {"project": "a", "account": "test"}, False),
        ({"projects": ["a.b"]}, {"project": "axb"}, False),
        ({"projects": ["a?b"]}, {"project": "axb"}, True),
        ({"projects": ["[ab]c", 'd"\\']}, {"project": "bc"}, True),
        ({"projects": ["[ab]c", 'd"\\']}, {"project": 'd"\\'}, True),
        ({"projects": ["[!ab]c"]}, {"project": "ac"}, False),
        ({"projects": ["[!ab]c"]}, {"project": "xc"}, True),
        ({"projects": ["a|b", "[x"]}, {"project": "a"}, False),
        ({"projects": ["a|b", "[x"]}, {"project": "[x"}, True),
        ({"projects": ["Zürich (*)"]}, {"project": "Zürich (1)"}, True),
        ({"projects": ["*"]}, {}, True),
    ],
)
def test_globs_are_matched_as_everywhere(
    tools: Tools,
    with_team: Callable[[dict[str, Any]], Path],
    team: dict[str, list[str]],
    labels: dict[str, str],
    is_theirs: bool,
) -> None:
    """A glob of a team matches the whole label, and only * ? and […] mean more than themselves."""
    told = routes(tools, with_team(team), alertname=SUBJECT, severity="warning", **labels)
    assert (told == ["slack-shop"]) is is_theirs


def test_without_secrets_nothing_is_sent(tools: Tools, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder gives a configuration that is valid, and says what to do."""
    configuration = write_configuration(tmp_path, {}, {})
    for name in (SUBJECT, "CloudflareWatchdog", "CloudflareCriticalUnresolved"):
        assert routes(tools, configuration, alertname=name, severity="critical") == ["nobody"]
    assert f"put a webhook URL into {tmp_path / 'secrets/discord'}" in capsys.readouterr().err


def test_only_the_watchdog_reaches_the_dead_mans_switch(tools: Tools, standins: StandIns, tmp_path: Path) -> None:
    """The switch is told at once that all is well, of nothing else, and nobody else is told of it."""
    account = marker()
    configuration = write_configuration(tmp_path, standins.secrets(), standins.routing())
    with open_scene(tools, tmp_path, standins, configuration) as scene:
        watchdog = alert(account, "info", alertname="CloudflareWatchdog", script_name="", project="")
        scene.post([watchdog, alert(account, "info")])
        standins.wait(account, {"watchdog", "slack", "discord", "webhook"})
        time.sleep(1)
        found = standins.with_text(account)
    assert found.keys() == {"watchdog", "slack", "discord", "webhook"}
    assert [each["labels"]["alertname"] for each in found["watchdog"].body["alerts"]] == ["CloudflareWatchdog"]
    assert not any("CloudflareWatchdog" in found[name].raw for name in ("slack", "discord", "webhook"))
    assert not standins.faults(), "\n".join(standins.faults())


def test_warnings_wait_in_mute_times_and_critical_alerts_do_not(
    tools: Tools, standins: StandIns, tmp_path: Path
) -> None:
    """In a mute time a warning and an info are held back, and what is critical is told."""
    quiet, loud = marker(), marker()
    configuration = write_configuration(tmp_path, standins.secrets(), {**standins.routing(), "mute_times": [WEEKENDS]})
    with open_scene(tools, tmp_path, standins, configuration) as scene:
        scene.post([alert(quiet, "warning"), alert(quiet, "info"), alert(loud)])
        standins.wait(loud, set(ALL))
        time.sleep(1.5)
        assert standins.with_text(quiet) == {}


def test_mute_times_of_a_team_are_its_own(
    tools: Tools, standins: StandIns, shop: dict[str, str], tmp_path: Path
) -> None:
    """Warnings of others are told while a team has its quiet."""
    account, muted = marker(), marker()
    routing = {**standins.routing(), "teams": [TEAM], "mute_times": [{**WEEKENDS, "teams": ["shop"]}]}
    configuration = write_configuration(tmp_path, shop, routing)
    with open_scene(tools, tmp_path, standins, configuration) as scene:
        scene.post([alert(muted, "warning", project="shop"), alert(account, "warning")])
        standins.wait(account, {"slack"})
        time.sleep(1)
        assert standins.with_text(muted) == {}
        scene.post([alert(muted, project="shop")])
        standins.wait(muted, {"slack-shop", "pagerduty-shop"})
        assert standins.with_text(muted).keys() == {"slack-shop", "pagerduty-shop"}
