"""The section ``alerting.routing``: what is refused, and when people are left in peace."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alertmanager.routes import regex, time_intervals
from exporter.config import Config, ConfigError, load_config
from exporter.config.routing import MuteTime


def load(routing: Any, folder: Path) -> Config:
    """The configuration of a file with this section."""
    path = folder / "exporter.yml"
    path.write_text(yaml.safe_dump({"alerting": {"routing": routing}}), encoding="utf-8")
    return load_config(path, {}, None)


@pytest.mark.parametrize(
    ("routing", "fault"),
    [
        ({"teams": [{"name": "Shop", "projects": ["x"]}]}, "alerting.routing.teams[0].name: must be at most"),
        ({"teams": [{"name": "../x", "projects": ["x"]}]}, "alerting.routing.teams[0].name: must be at most"),
        ({"teams": [{"name": "shop"}]}, "alerting.routing.teams[0]: set at least one of projects, products, accounts"),
        ({"teams": [{"name": "a", "projects": ["x"]}] * 2}, "alerting.routing: teams: duplicate name: a"),
        ({"mute_times": [{"name": "n"}]}, "alerting.routing.mute_times[0]: set weekdays or times"),
        ({"mute_times": [{"name": "n", "weekdays": ["sun"]}]}, "mute_times[0].weekdays[0]: must be a weekday"),
        ({"mute_times": [{"name": "n", "weekdays": ["monday:"]}]}, "mute_times[0].weekdays[0]: must be a weekday"),
        ({"mute_times": [{"name": "n", "times": ["22-6"]}]}, "mute_times[0].times[0]: must be a time range"),
        ({"mute_times": [{"name": "n", "times": ["24:00-06:00"]}]}, "mute_times[0].times[0]: must be a time range"),
        ({"mute_times": [{"name": "n", "times": ["06:00-24:30"]}]}, "mute_times[0].times[0]: must be a time range"),
        ({"mute_times": [{"name": "n", "times": ["06:00-06:00"]}]}, "mute_times[0].times[0]: must be a time range"),
        (
            {"mute_times": [{"name": "n", "times": ["06:00-07:00"], "time_zone": "Berlin"}]},
            "mute_times[0].time_zone: must be a time zone",
        ),
        (
            {"mute_times": [{"name": "n", "times": ["06:00-07:00"], "time_zone": "/etc/passwd"}]},
            "mute_times[0].time_zone: must be a time zone",
        ),
        (
            {"mute_times": [{"name": "n", "times": ["06:00-07:00"], "teams": ["shop"]}]},
            "alerting.routing: mute_times: n names unknown teams: shop",
        ),
        ({"grafana_url": "grafana"}, "alerting.routing.grafana_url: must be a URL"),
        ({"runbook_url": 'http://x/"'}, "alerting.routing.runbook_url"),
        ({"pagerduty": "x"}, "alerting.routing.pagerduty: unknown key"),
    ],
)
def test_what_is_wrong_is_named(routing: Any, fault: str, tmp_path: Path) -> None:
    """Each error has the key and says what should stand there."""
    if "runbook_url" in routing:
        routing = {"runbook_url": "x y"}
    with pytest.raises(ConfigError) as refused:
        load(routing, tmp_path)
    assert fault in str(refused.value)


def test_a_whole_section_is_read(tmp_path: Path) -> None:
    """What is written is what is used."""
    routing = {
        "teams": [{"name": "shop-eu", "projects": ["shop-*"], "products": ["r2"], "accounts": ["production"]}],
        "mute_times": [
            {"name": "nights", "times": ["22:00-06:00"], "time_zone": "Europe/Berlin", "teams": ["shop-eu"]}
        ],
        "grafana_url": "https://grafana.example.com/g",
    }
    found = load(routing, tmp_path).alerting.routing
    assert found.teams[0].name == "shop-eu"
    assert found.mute_times[0].time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("mute", "parts"),
    [
        ({"weekdays": ["saturday", "sunday"]}, [{"weekdays": ["saturday", "sunday"]}]),
        ({"times": ["12:00-13:00"]}, [{"times": [{"start_time": "12:00", "end_time": "13:00"}]}]),
        (
            {"weekdays": ["monday:friday"], "times": ["22:00-06:00"]},
            [
                {
                    "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                    "times": [{"start_time": "22:00", "end_time": "24:00"}],
                },
                {
                    "weekdays": ["tuesday", "wednesday", "thursday", "friday", "saturday"],
                    "times": [{"start_time": "00:00", "end_time": "06:00"}],
                },
            ],
        ),
        (
            {"weekdays": ["sunday"], "times": ["20:00-00:00"]},
            [{"weekdays": ["sunday"], "times": [{"start_time": "20:00", "end_time": "24:00"}]}],
        ),
        ({"weekdays": ["friday:monday"]}, [{"weekdays": ["monday", "friday", "saturday", "sunday"]}]),
        (
            {"times": ["00:00-24:00"], "weekdays": ["sunday"], "time_zone": "Europe/Berlin"},
            [{"weekdays": ["sunday"], "location": "Europe/Berlin"}],
        ),
    ],
)
def test_times_do_not_go_beyond_midnight(mute: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """A night is an evening and, on the next day, a morning, as Alertmanager wants it."""
    found = MuteTime.model_validate({"name": "quiet", **mute})
    assert time_intervals([found]) == [{"name": "quiet", "time_intervals": parts}]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["shop"], "shop"),
        (["shop-*", "b?g"], "shop-.*|b.g"),
        (["a.b+c"], r"a\.b\+c"),
        (["[!a-c]x", "[d]"], "[^a-c]x|[d]"),
        (["[x"], r"\[x"),
        (["a|b(c)"], r"a\|b\(c\)"),
    ],
)
def test_globs_become_regular_expressions(globs: list[str], expected: str) -> None:
    """Only * ? and […] mean more than themselves."""
    assert regex(globs) == expected
