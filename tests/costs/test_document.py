"""A statement as JSON, whose dollars are text."""

import json
from decimal import Decimal
from typing import Any

import pytest

from exporter.costs import GROUPS, StatementQuery, as_document, make_statement
from exporter.pricing import Budget, CostRules
from tests.cli.commands.scene import OTHER_ID, open_books, read_json
from tests.exactness.worlds import ACCOUNT_ID

DOLLARS = ["to_date_usd", "forecast_usd", "forecast_low_usd", "forecast_high_usd", "list_price_usd"]


def document(rules: CostRules | None = None, **query: object) -> Any:
    """What a query gives as JSON, read again."""
    with open_books(rules=rules) as history:
        given = as_document(make_statement(StatementQuery(**query), history))  # type: ignore[arg-type]
    return read_json(json.dumps(given))


def test_keys() -> None:
    """A document says what was asked, and gives accounts, their total, budgets, notes and rows."""
    found = document(by="product")
    assert list(found) == ["by", "period", "accounts", "total", "budgets", "notes", "rows"]
    assert (found["by"], found["period"], found["budgets"], found["notes"]) == ("product", "current", [], [])
    assert list(found["total"]) == DOLLARS


@pytest.mark.parametrize("by", GROUPS)
def test_rows_add_up_to_the_total(by: str) -> None:
    """What is read from the text adds up exactly."""
    found = document(by=by)
    assert sum(Decimal(row["to_date_usd"]) for row in found["rows"]) == Decimal(found["total"]["to_date_usd"])
    assert found["total"]["to_date_usd"] == "10.845"
    if by != "day":
        for name in DOLLARS:
            assert sum(Decimal(row[name]) for row in found["rows"]) == Decimal(found["total"][name])


def test_rows_name_what_they_are_of() -> None:
    """A row has the account, the group's columns and dollars; by meter also quantity and unit, by day no forecast."""
    keys = {by: list(document(by=by, accounts=("production",))["rows"][1]) for by in GROUPS if by != "account"}
    assert keys == {
        "project": ["account", "project", *DOLLARS],
        "product": ["account", "product", *DOLLARS],
        "meter": ["account", "product", "meter", "quantity", "unit", *DOLLARS],
        "asset": ["account", "project", "kind", "asset", *DOLLARS],
        "item": ["account", "project", "product", "meter", "kind", "asset", "quantity", "unit", *DOLLARS],
        "day": ["account", "day", "to_date_usd", "list_price_usd"],
    }
    (row,) = document(by="account", accounts=("Other",))["rows"]
    assert list(row) == ["account", *DOLLARS]


def test_an_account_says_how_it_is_billed() -> None:
    """Cycle, plan and their sources, what is known, the invoice's sum and the subscriptions."""
    production, other = document()["accounts"]
    said = {key: value for key, value in production.items() if isinstance(value, str) and key not in DOLLARS}
    assert said == {
        "account": "production",
        "account_id": ACCOUNT_ID,
        "cycle_start": "2025-10-14",
        "cycle_end": "2025-11-14",
        "known_from": said["known_from"],
        "known_until": "2025-10-20T09:48:00Z",
        "plan": "workers_paid",
        "plan_source": "subscriptions",
        "cycle_source": "subscriptions",
        "invoice_usd": "10.85",
    }
    assert said["known_from"] <= "2025-10-14"
    assert production["subscriptions"] == [
        {"name": "Workers Paid", "usd": "5.00", "frequency": "monthly", "is_assumed": False}
    ]
    assert (other["account_id"], other["plan"], other["cycle_source"]) == (OTHER_ID, "workers_free", "assumed")
    assert other["subscriptions"] == []


def test_lines_are_those_of_the_invoice() -> None:
    """A line has quantity, what is included, what is billed and cents; those without usage are left out."""
    lines = {line.pop("meter"): line for line in document()["accounts"][0]["lines"]}
    assert lines["r2_storage_gb_month"] == {
        "product": "r2",
        "basis": "exact",
        "quantity": "10.5252",
        "included": "10",
        "billed": "1",
        "unit": "GB-months",
        "usd": "0.02",
        "note": "",
    }
    assert {meter: lines[meter]["usd"] for meter in ("workers_requests", "workers_cpu_ms", "d1_storage_gb_month")} == {
        "workers_requests": "4.50",
        "workers_cpu_ms": "0.58",
        "d1_storage_gb_month": "0.75",
    }
    assert "kv_reads" not in lines


def test_the_bill_stands_beside_the_estimate() -> None:
    """Each billed line has its meter, and its ratio of the days that are complete: exactly one."""
    billed = {line["meter"]: line for line in document()["accounts"][0]["billed"]}
    assert billed["workers_requests"] == {
        "line": "Workers Standard Requests (first 10M are included)",
        "meter": "workers_requests",
        "billed_usd": "4.50",
        "ratio": "1.00",
    }
    # R2 and D1 cost something for the first time today.
    assert billed["d1_storage_gb_month"]["billed_usd"] == "0.75"
    assert billed["d1_storage_gb_month"]["ratio"] is None
    assert document()["accounts"][1]["billed"] == []


def test_a_comparison() -> None:
    """Instead of rows there are both sides by name, and the difference."""
    found = document(by="product", accounts=("production",), compare=("previous", "current"))
    assert "rows" not in found
    first = found["compare"][0]
    assert list(first) == ["product", "first", "second", "change_usd"]
    assert (first["product"], first["first"]["of"], first["second"]["of"]) == ("workers", "previous", "current")
    assert (first["first"]["to_date_usd"], first["second"]["to_date_usd"]) == ("35.52", "10.08")
    assert first["change_usd"] == "-25.44"
    assert found["notes"] == [
        "production, cycle from 2025-09-14: no usage is known before 2025-09-19, so the cost shown is too low."
    ]


def test_a_comparison_by_account_names_the_accounts() -> None:
    """Each account has a line of its own."""
    found = document(by="account", compare=("previous", "current"))
    assert [(each["account"], each["change_usd"]) for each in found["compare"]] == [
        ("production", "-35.58"),
        ("Other", "0.00"),
    ]


def test_budgets() -> None:
    """Ratios are text as well, and a budget that is exceeded already has no day on which it will be."""
    budgets = (Budget("tight", Decimal(10)), Budget("shop", Decimal(100), project="shop"))
    found = document(CostRules(budgets=budgets))["budgets"]
    assert found[0] == {
        "budget": "tight",
        "account": "",
        "project": "",
        "product": "",
        "amount_usd": "10.00",
        "used_ratio": "1.0845",
        "forecast_ratio": "5.8645",
        "exceeded_on": None,
    }
    assert (found[1]["project"], found[1]["used_ratio"], found[1]["exceeded_on"]) == ("shop", "0.035027", None)
