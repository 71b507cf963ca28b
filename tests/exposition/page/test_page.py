"""The status page: what is wrong and what to do comes first, everything is text, nothing has to be loaded."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.exposition.page.words import dollars, duration
from exporter.metrics.snapshot import Snapshot
from exporter.model import DayProgress, Scope
from exporter.status import BEGINNING, AccountStatus, Problem, SourceStatus
from tests.exposition.page.reader import Page, page_of, page_response
from tests.exposition.snapshots import ACCOUNT_ID, AT, SINCE, snapshot

KV = "kvOperationsAdaptiveGroups"

API = {
    "./api/assets",
    "./api/projects",
    "./api/costs",
    "./api/usage",
    "./api/alerts",
    "./api/health",
    "./api/openapi.json",
    "./runbook",
}


def well() -> Snapshot:
    """A snapshot with nothing wrong in it."""
    shown = snapshot()
    datasets = tuple(replace(entry, state="ok", reason="", detail="", remedy="") for entry in shown.status.datasets)
    lists = tuple(replace(entry, state="ok", reason="", detail="", remedy="") for entry in shown.status.lists)
    accounts = (AccountStatus(ACCOUNT_ID, True, since=SINCE),)
    return replace(shown, status=replace(shown.status, accounts=accounts, datasets=datasets, lists=lists))


def test_problems_come_first() -> None:
    """What is wrong, since when and for how long, and what to do; then how everything stands."""
    page = page_of(snapshot())
    assert list(page.tables)[1:] == ["Problems", "Accounts", "Assets by project", "Datasets", "Lists of assets"]
    assert page.tables["Problems"] == [
        {
            "Account": "token 2",
            "Part": "token",
            "Since (UTC)": "2025-10-20 07:50 (2 h 10 min)",
            "What is wrong": "The <token> was rejected.",
            "What to do": "Check it.",
        },
        {"Account": "Example", "Part": KV, "Since (UTC)": "", "What is wrong": "No answer.", "What to do": "Wait."},
        {
            "Account": "Example",
            "Part": "list of kv_namespace",
            "Since (UTC)": "2025-10-20 07:50 (2 h 10 min)",
            "What is wrong": "May not.",
            "What to do": "Give 'KV Read'.",
        },
    ]


def test_all_is_well_in_one_line() -> None:
    """Without a problem there is no table of them, and no row stands out."""
    page = page_of(well())
    assert "The exporter has no problem." in page.texts
    assert page.tables["Problems"] == []
    assert page.bad_rows == []
    assert page.open_details == 0


def test_accounts_datasets_and_lists_stand_with_their_state() -> None:
    """Up or down with the reason, up to when data are there, since when it stands so."""
    page = page_of(snapshot())
    up, down = page.tables["Accounts"]
    assert (up["Account"], up["Id"], up["State"], up["Since (UTC)"]) == ("Example", ACCOUNT_ID, "up", "")
    assert (up["Data until (UTC)"], up["Problems"]) == ("2025-10-20 09:51 (9 min ago)", "2")
    assert (down["Account"], down["Id"], down["State"]) == ("token 2", "", "down (unauthorized)")
    assert (down["Since (UTC)"], down["Data until (UTC)"], down["Problems"]) == ("2025-10-20 07:50", "-", "1")
    assert down["Cost to date"] == down["Forecast"] == "-"
    (dataset,) = page.tables["Datasets"]
    assert (dataset["Dataset"], dataset["State"], dataset["Data until (UTC)"], dataset["Sampled"]) == (
        KV,
        "failing (unreachable)",
        "2025-10-20 09:51",
        "",
    )
    assert [(row["Kind"], row["State"]) for row in page.tables["Lists of assets"]] == [
        ("kv_namespace", "unavailable (forbidden)"),
        ("worker", "ok"),
    ]
    bad = [row[:3] for row in page.bad_rows]
    assert ["token 2", "", "down (unauthorized)"] in bad
    assert ["Example", ACCOUNT_ID, "up"] not in bad
    assert page.open_details == 2


def test_sources_stand_with_when_they_were_last_read() -> None:
    """Bad is one that fails, also while its last reading counts; one that has just begun is not."""
    sources = (
        SourceStatus("fresh", False, BEGINNING),
        SourceStatus("tides", True, since=SINCE, last_success=AT, duration=timedelta(milliseconds=250)),
        SourceStatus("foggy", True, "failed", "Fog.", "Wait.", SINCE, SINCE, timedelta(seconds=30)),
    )
    page = page_of(replace(well(), status=replace(well().status, sources=sources)))
    assert [list(row.values()) for row in page.tables["Sources"]] == [
        ["fresh", "down (new)", "", "-", "-"],
        ["tides", "up", "2025-10-20 07:50", "2025-10-20 10:00 (less than 1 min ago)", "0.2"],
        ["foggy", "up (failed)", "2025-10-20 07:50", "2025-10-20 07:50 (2 h 10 min ago)", "30.0"],
    ]
    assert page.tables["Problems"] == [
        {
            "Account": "",
            "Part": "source foggy",
            "Since (UTC)": "2025-10-20 07:50 (2 h 10 min)",
            "What is wrong": "Fog.",
            "What to do": "Wait.",
        }
    ]
    assert [row[0] for row in page.bad_rows] == ["", "foggy"]


@pytest.mark.parametrize(("interval", "shown"), [(1.0, ""), (10.0, "1:10"), (2.5, "1:2.5"), (133.33, "1:133")])
def test_a_sampled_dataset_says_how_coarsely(interval: float, shown: str) -> None:
    """One event in so many was kept; an exact dataset says nothing."""
    sampled = replace(well().status, sample_intervals={(Scope(ACCOUNT_ID), KV): interval})
    page = page_of(replace(well(), status=sampled))
    assert page.tables["Datasets"][0]["Sampled"] == shown


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (DayProgress(AT - timedelta(days=2), 0), ("2025-10-18 10:00", "")),
        (DayProgress(AT, 30), ("2025-10-20 10:00", "30")),
        (DayProgress(None, 2), ("", "2")),
    ],
)
def test_a_dataset_tells_how_far_its_closed_days_have_come(progress: DayProgress, shown: tuple[str, str]) -> None:
    """Up to when its counters are final, and how many days before counting are still to be asked."""
    asked = replace(well().status, days={(Scope(ACCOUNT_ID), KV): progress})
    (dataset,) = page_of(replace(well(), status=asked)).tables["Datasets"]
    assert (dataset["Audited until (UTC)"], dataset["Days of history to fill"]) == shown


def test_how_long_is_by_the_clock_that_said_since_when() -> None:
    """The machine's clock is half an hour ahead of Cloudflare's, by which the beginning was taken down."""
    status = replace(snapshot().status, clock_offset=timedelta(minutes=30))
    page = page_of(replace(snapshot(), status=status))
    assert page.tables["Problems"][0]["Since (UTC)"] == "2025-10-20 07:50 (1 h 40 min)"
    assert page.tables["Problems"][-1]["Part"] == "clock"


def test_nothing_is_taken_for_html() -> None:
    """Names and answers come from outside: they stand on the page as they are."""
    nasty = "<script>alert('x')</script>&\"{}{0}"
    problem = Problem(nasty, nasty, nasty, SINCE, nasty, nasty)
    shown = replace(well(), account_labels={ACCOUNT_ID: nasty}, status=replace(well().status, own_problems=(problem,)))
    page = page_of(shown, f"/{nasty}")
    assert page.tables["Problems"][0]["What is wrong"] == nasty
    assert page.tables["Accounts"][0]["Account"] == page.tables["Datasets"][0]["Account"] == nasty
    assert f"./{nasty}" in page.outside
    assert "script" not in page.outside


def test_nothing_has_to_be_loaded() -> None:
    """No script, style sheet, font or picture: the page shows on a machine without a network, light or dark."""
    html = page_response(snapshot()).text
    assert {url for url in Page(html).outside if url[0] not in "?#"} == {"./metrics", *API}
    assert "url(" not in html and "@import" not in html
    assert "color-scheme: light dark" in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html


def test_before_the_first_snapshot_it_says_what_is_under_way() -> None:
    """There is nothing to tell yet, and nothing wrong."""
    page = page_of(None)
    assert "The first refresh is under way." in page.texts
    assert page.tables == {"Alerts": []}


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-5), "less than 1 min"),
        (timedelta(seconds=59), "less than 1 min"),
        (timedelta(minutes=1, seconds=59), "1 min"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(days=3, minutes=5), "3 d"),
        (timedelta(days=400), "400 d"),
    ],
)
def test_a_length_has_at_most_two_units(length: timedelta, words: str) -> None:
    """The largest ones, rounded down; a clock that stepped back makes no negative length."""
    assert duration(length) == words


def test_the_time_of_the_snapshot_is_shown() -> None:
    """A reader sees how old the page's figures are."""
    assert f"6 series, as of {AT:%Y-%m-%d %H:%M:%S} UTC." in page_of(snapshot()).texts


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "$0.00"), ("0.004", "<$0.01"), ("0.01", "$0.01"), ("1234.565", "$1,234.57")],
)
def test_less_than_a_cent_is_not_nothing(amount: str, text: str) -> None:
    """What is in use and cheap is told from what costs nothing."""
    assert dollars(Decimal(amount)) == text


def test_every_dashboard_that_is_linked_is_there() -> None:
    """The page leads to each dashboard that comes with the exporter, and to no other, where Grafana is known."""
    there = {json.loads(path.read_text(encoding="utf-8"))["uid"] for path in Path("dashboards/out").glob("*.json")}
    page = page_of(well(), grafana_url="https://grafana.test/base")
    start = "https://grafana.test/base/d/"
    assert {url.removeprefix(start) for url in page.outside if url.startswith(start)} == there
    assert not any("/d/" in url for url in page_of(well()).outside)
