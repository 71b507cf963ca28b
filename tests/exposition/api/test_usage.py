"""``/api/usage``: what was used when, from the ledger."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.ledger import StorageError
from tests.cli.commands.scene import ODD, PIPED
from tests.configured import Site
from tests.exactness.worlds import ACCOUNT_ID
from tests.exposition.api.scene import Api, running_api

Json = dict[str, Any]
MONTHLY = "/api/usage?step=total&since=2025-09-01"


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[Api, Site]]:
    """An exporter that runs, and whose time stands still."""
    with running_api() as found:
        yield found


@pytest.fixture
def api(scene: tuple[Api, Site]) -> Api:
    """Its API."""
    return scene[0]


def sums(rows: list[Json], *keys: str) -> dict[tuple[str, ...], Decimal]:
    """The quantities of rows that have the same values."""
    found: dict[tuple[str, ...], Decimal] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        found[key] = found.get(key, Decimal(0)) + Decimal(row["quantity"])
    return found


def place(row: Json) -> tuple[str, ...]:
    """Where a row stands."""
    names = ("since", "account", "project", "kind", "asset", "asset_id", "meter")
    return tuple(row[name] for name in names)


def test_a_cycle_is_what_the_costs_are_made_of(api: Api) -> None:
    """The days of a billing cycle come to the quantities of ``/api/costs``, for each asset and meter."""
    rows = api.answer("/api/usage?step=total&since=2025-10-14&account=production&limit=1000")["usage"]
    used = sums([row for row in rows if row["unit"]], "project", "kind", "asset", "meter")
    costs = api.answer("/api/costs?by=item&account=production")["rows"]
    told = sums([row for row in costs if Decimal(row.get("quantity", 0))], "project", "kind", "asset", "meter")
    assert used.keys() == told.keys()
    assert len(used) == 14
    assert all(abs(used[key] - told[key]) < Decimal("0.000001") for key in used)
    units = {row["meter"]: row["unit"] for row in costs if "unit" in row}
    assert all(row["unit"] == units[row["meter"]] for row in rows if row["unit"])


def test_days_are_those_of_the_ledger(api: Api, scene: tuple[Api, Site]) -> None:
    """Each day's quantity is the daily sum, today so far included."""
    ledger = scene[1].exporter.ledger
    rows = api.pages("/api/usage?meter=workers_requests&account=production", "usage", 1_000)
    known = {
        (str(day), asset): amount
        for (day, asset, meter), amount in ledger.daily_sums(ACCOUNT_ID).items()
        if meter == "workers_requests" and not asset.startswith("dispatch:")
    }
    assert {(row["since"], row["asset_id"]): int(row["quantity"]) for row in rows} == {
        key: amount for key, amount in known.items() if key[0] >= "2025-09-21"
    }
    assert "2025-10-20" in {row["since"] for row in rows}
    assert all(date.fromisoformat(row["until"]) - date.fromisoformat(row["since"]) == timedelta(1) for row in rows)


@pytest.mark.parametrize(
    ("step", "starts"),
    [
        ("day", [f"2025-10-{day:02}" for day in range(2, 17)]),
        ("week", ["2025-10-02", "2025-10-06", "2025-10-13"]),
        ("month", ["2025-10-02"]),
        ("total", ["2025-10-02"]),
    ],
)
def test_steps_add_days_up(api: Api, step: str, starts: list[str]) -> None:
    """Weeks begin on Monday, months on their first day, both cut off at what is asked for; sums stay the same."""
    question = "/api/usage?since=2025-10-02&until=2025-10-17&account=production"
    rows = api.pages(f"{question}&step={step}", "usage", 200)
    assert list(dict.fromkeys(row["since"] for row in rows)) == starts
    assert max(row["until"] for row in rows) == "2025-10-17"
    by_step, by_day = sums(rows, "asset_id", "meter"), sums(api.pages(question, "usage", 1_000), "asset_id", "meter")
    assert by_step.keys() == by_day.keys()
    # Quantities are told with nine places.
    assert all(abs(by_step[key] - by_day[key]) <= Decimal("0.00000001") for key in by_day)


def test_months_begin_on_their_first_day(api: Api) -> None:
    """Over the end of a month there are two."""
    found = api.answer("/api/usage?step=month&since=2025-09-25&limit=1000")
    assert {(row["since"], row["until"]) for row in found["usage"]} == {
        ("2025-09-25", "2025-10-01"),
        ("2025-10-01", "2025-10-21"),
    }
    assert (found["since"], found["until"], found["step"]) == ("2025-09-25", "2025-10-21", "month")
    assert found["known_until"] == "2025-10-20T09:48:00Z"


@pytest.mark.parametrize("step", ["day", "week", "total"])
@pytest.mark.parametrize("limit", [7, 50])
def test_pages_cover_everything_once_in_order(api: Api, step: str, limit: int) -> None:
    """Over the ends of days too, each row comes once, where it belongs."""
    question = f"/api/usage?step={step}&since=2025-10-15"
    rows = api.pages(question, "usage", limit)
    assert rows == api.answer(f"{question}&limit=1000")["usage"]
    places = [place(row) for row in rows]
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("query", "key", "values"),
    [
        ("account=Other", "account", {"Other"}),
        ("project=shop", "asset", {"shop-web"}),
        ("project=shop&project=odd", "asset", {"shop-web", ODD}),
        ("kind=d1_database", "meter", {"d1_rows_read", "d1_rows_written", "d1_storage_gb_month"}),
        ("asset=media", "kind", {"r2_bucket"}),
        (f"asset={'1' * 32}", "asset", {"shop-web"}),
        ("asset=a%7Cb&meter=d1_rows_read", "asset", {PIPED}),
        ("asset=a%7Cb&meter=d1_rows_read", "meter", {"d1_rows_read"}),
        ("meter=wfp_requests", "asset", {"(dispatch tenants)"}),
        ("meter=workers_requests", "asset", {"shop-web", ODD, "blog"}),
        ("project=unassigned&kind=worker", "asset", {"(dispatch tenants)", "blog"}),
        ("project=unassigned&asset=blog&kind=d1_database", "asset", set()),
        ("meter=nothing", "asset", set()),
    ],
)
def test_filters(api: Api, query: str, key: str, values: set[str]) -> None:
    """What is left is what the whole answer has of it."""
    rows = api.answer(f"{MONTHLY}&limit=1000&{query}")["usage"]
    assert {row[key] for row in rows} == values
    whole = api.answer(f"{MONTHLY}&limit=1000")["usage"]
    assert all(row in whole for row in rows)
    if query.startswith(("project=shop", "account", "asset=media")):
        assert rows == [row for row in whole if row[key] in values]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "since=2025-10-20&until=2025-10-20",
            "until (2025-10-20) is not after since (2025-10-20). Set until to the day after the last one wanted.",
        ),
        ("since=2025-10-32", "since is a day such as 2026-11-30."),
        ("until=", "until is a day such as 2026-11-30."),
        ("step=hour", "step is one of day, week, month, total."),
        ("since=2025-10-01&since=2025-10-02", "since is given 2 times: give it once."),
        ("account=nobody", "Unknown account nobody. Known accounts: production, Other."),
        ("cursor=W10", "Invalid cursor. Use next_cursor from the previous page, or none for the first."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(api: Api, query: str, message: str) -> None:
    """It is refused as 400."""
    assert api.refusal(f"/api/usage?{query}") == ("bad_request", message)


@pytest.mark.parametrize(
    "days", [("0001-01-01", "0001-01-02"), ("9999-12-30", "9999-12-31"), ("2025-11-01", "2025-12-01")]
)
def test_days_without_usage_are_empty(api: Api, days: tuple[str, str]) -> None:
    """However far away they are."""
    since, until = days
    assert api.answer(f"/api/usage?since={since}&until={until}")["usage"] == []
    assert api.answer(f"/api/usage?until={until}")["until"] == until


def test_ancient_days_take_no_longer(api: Api) -> None:
    """What the ledger cannot have is not looked for."""
    rows = api.answer("/api/usage?since=0001-01-01&until=9999-12-31&limit=1")["usage"]
    assert rows[0]["since"] == "2025-09-19"


def test_usage_goes_on_being_told_under_the_last_name(api: Api, scene: tuple[Api, Site]) -> None:
    """The names are those under which costs are shown."""
    assets = {(row["kind"], row["asset"]) for row in api.answer(f"{MONTHLY}&limit=1000")["usage"]}
    costs = {(row["kind"], row["asset"]) for row in api.answer("/api/costs?by=asset")["rows"]}
    assert costs - assets == {("subscription", "")}


def test_a_ledger_that_cannot_be_read_is_told(
    api: Api, scene: tuple[Api, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a 503 with its own code, and with what to do."""

    def fail(*_: object) -> None:
        raise StorageError("The ledger could not be read (disk I/O error).", "Look at the disk.")

    monkeypatch.setattr(scene[1].exporter.ledger, "settled_sums", fail)
    assert api.refusal("/api/usage", 503) == (
        "storage",
        "The ledger could not be read (disk I/O error). Look at the disk.",
    )
