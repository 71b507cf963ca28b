"""A report as a table and as JSON."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from exporter.check import CheckReport, Level, Topic, as_json, as_table, refusal
from exporter.simulator import Fault, Kind, TokenModel
from tests.check.scene import ACCOUNT_ID, ALL, OTHER_ID, TOKEN, Scene, account, world


def table(report: CheckReport, width: int = 80) -> str:
    """The table as it is written to a pipe."""
    return as_table(report, Console(width=width, force_terminal=False))


def section(text: str, title: str) -> str:
    """The lines of one part of a table."""
    return text.partition(f"{title}\n")[2].partition("\n\n")[0]


def lacking(folder: Path, *missing: str) -> CheckReport:
    """The report on a token that lacks permissions."""
    return Scene(folder, world(tokens=(TokenModel(token=TOKEN, permissions=ALL - set(missing)),))).check()


def test_a_table_of_a_good_check(tmp_path: Path) -> None:
    """Every part has its title, and the last line says that all will work and what was asked."""
    text = table(Scene(tmp_path).check())
    titles = ["Configuration", "Tokens", "Permissions", "Datasets", "Requests", "Sources", "State folder"]
    assert [line for line in text.splitlines() if line in titles] == titles
    assert section(text, "Permissions").splitlines()[1:] == [
        "  ok       Account Analytics Read   granted.",
        "           Billing Read",
        "  ok       Workers Scripts Read     granted (workers, durable_objects).",
        "  ok       Workers R2 Storage Read  granted (r2).",
        "  ok       D1 Read                  granted (d1).",
        "  ok       Workers KV Storage Read  granted (kv).",
    ]
    assert text.splitlines()[-1].startswith("Everything will work. This check took 2 GraphQL requests and 13 REST")
    assert "https://dash.cloudflare.com" not in text


def test_a_table_of_a_bad_check(tmp_path: Path) -> None:
    """What is wrong stands below its name with what to do, and the link is one whole line at the end."""
    report = lacking(tmp_path, "d1")
    text = table(report)
    assert (
        "  error    D1 Read\n"
        "           missing: Cloudflare refuses to list d1. Usage is counted as\n"
        "           '(unlisted)' instead of by name.\n"
        "           To do: Add 'D1 Read' to the token, or create a new one with the token\n"
        "           link, or leave d1 out with filters.products.\n"
    ) in text
    assert report.link in text.splitlines()
    assert text.splitlines()[-2].startswith("1 error, 0 warnings: some things will not work.")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_is_plain_and_fits(tmp_path: Path, width: int) -> None:
    """In a pipe there are neither colours nor boxes, no line but the link is too wide, and none ends in blanks."""
    text = table(lacking(tmp_path, "d1", "kv"), width)
    assert text.isascii() and "\x1b" not in text
    wide = [line for line in text.splitlines() if len(line) > width]
    assert [line.startswith("https://dash.cloudflare.com/") for line in wide] == [True]
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_a_terminal_has_colours(tmp_path: Path) -> None:
    """A person at a terminal sees at once what is red."""
    text = as_table(lacking(tmp_path, "d1"), Console(width=80, force_terminal=True, color_system="standard"))
    assert "\x1b[1;31m" in text


def test_what_holds_for_many_accounts_is_said_once(tmp_path: Path) -> None:
    """Findings in the same words are folded, with the accounts that they hold for."""
    scene = Scene(tmp_path, world(account(), account(OTHER_ID, "[eu]"), account("c" * 32, "Third")))
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=403, product="d1", account=OTHER_ID, api="rest"))
    lines = section(table(scene.check(), 200), "Permissions").splitlines()
    assert "  ok       Account Analytics Read   granted. [all 3 accounts]" in lines
    assert "  ok       D1 Read                  granted (d1). [Example, Third]" in lines
    refused = "missing: Cloudflare refuses to list d1. Usage is counted as '(unlisted)' instead of by name. [[eu]]"
    assert f"           {refused}" in lines


def test_names_of_accounts_are_not_read_as_markup(tmp_path: Path) -> None:
    """An account may be called anything."""
    text = table(Scene(tmp_path, world(account(name="[bold red]x[/] :smile: \\"))).check(), 200)
    assert "[bold red]x[/] :smile: \\" in text


def test_the_json_of_a_good_check(tmp_path: Path) -> None:
    """The shape is the one that is documented."""
    document = json.loads(as_json(Scene(tmp_path).check()))
    assert {key: document[key] for key in ("ok", "exit_code")} == {"ok": True, "exit_code": 0}
    assert document["counts"] == {"ok": len(document["findings"]), "warning": 0, "error": 0}
    assert [part for part in dict.fromkeys(finding["part"] for finding in document["findings"])] == list(Topic)
    assert {
        "part": "permissions",
        "level": "ok",
        "subject": "D1 Read",
        "token": "token 1",
        "account": ACCOUNT_ID,
        "account_name": "Example",
        "message": "granted (d1).",
    } in document["findings"]
    assert {
        "account": ACCOUNT_ID,
        "dataset": "d1AnalyticsAdaptiveGroups",
        "state": "ok",
        "enabled": True,
        "page_size": 10_000,
        "longest_seconds": 31 * 86_400,
        "retention_seconds": 31 * 86_400,
        "missing_fields": [],
    } in document["datasets"]
    assert document["budget"] == {
        "period_seconds": 300,
        "refresh_interval_seconds": 60,
        "discovery_interval_seconds": 600,
        "groups": [
            {
                "group": "",
                "tokens": ["token 1"],
                "accounts": 1,
                "assets": 9,
                "graphql": {
                    "requests_per_round": 1,
                    "allowance": 210,
                    "share": 0.7,
                    "configured_seconds": 60,
                    "interval_seconds": 60,
                },
                "rest": {
                    "requests_per_round": 7,
                    "allowance": 600,
                    "share": 0.5,
                    "configured_seconds": 600,
                    "interval_seconds": 600,
                },
                "readings": None,
            }
        ],
        "requests_of_this_check": {"graphql": 2, "rest": 13},
    }
    assert document["token_link"].startswith("https://dash.cloudflare.com/profile/api-tokens?")


def test_the_json_of_a_bad_check(tmp_path: Path) -> None:
    """A finding that is not ok carries its remedy."""
    document = json.loads(as_json(lacking(tmp_path, "d1")))
    (error,) = [finding for finding in document["findings"] if finding["level"] == "error"]
    assert (document["ok"], document["exit_code"]) == (False, 1)
    assert (error["subject"], error["account"]) == ("D1 Read", ACCOUNT_ID)
    assert error["remedy"].startswith("Add 'D1 Read' to the token")


def test_the_json_of_a_refused_configuration() -> None:
    """It has the same keys, and code 2."""
    document = json.loads(as_json(refusal("No API token.")))
    assert (document["ok"], document["exit_code"], document["datasets"]) == (False, 2, [])
    assert document["findings"] == [
        {"part": "configuration", "level": "error", "subject": "configuration", "message": "No API token."}
    ]


def test_no_token_in_any_output(tmp_path: Path) -> None:
    """Whatever goes wrong, and wherever the token stands, neither form shows it."""
    path = tmp_path / "token"
    path.write_text(TOKEN, encoding="utf-8")
    worlds = [
        world(),
        world(tokens=(TokenModel(token="another"),)),
        world(tokens=(TokenModel(token=TOKEN, status="expired"),)),
        world(tokens=(TokenModel(token=TOKEN, permissions=frozenset()),)),
    ]
    for tokens in ([{"token": TOKEN}], [{"token_file": str(path)}]):
        for simulated in worlds:
            report = Scene(tmp_path, simulated, cloudflare={"tokens": tokens}).check({"CLOUDFLARE_API_TOKEN": TOKEN})
            assert TOKEN not in table(report) + as_json(report) + repr(report)


def test_levels_are_words() -> None:
    """What scripts compare stays as it is documented."""
    assert [level.value for level in Level] == ["ok", "warning", "error"]
