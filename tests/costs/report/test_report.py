"""What a day or a cycle cost, and what changed: figures, and the report as JSON."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from exporter.catalog import DATASETS
from exporter.costs import StatementQuery, make_statement
from exporter.costs.history import QueryError
from exporter.costs.report import AccountReport, Report, as_document, make_report
from exporter.costs.report.report import Span
from exporter.ledger import Ledger
from exporter.pricing import Budget, CostRules
from tests.cli.commands.scene import ODD, open_books, read_json

YESTERDAY = Span(date(2025, 10, 19), date(2025, 10, 20))


def report(period: str, *wanted: str, rules: CostRules | None = None) -> Report:
    """A report of the filled state folder."""
    with open_books(rules=rules) as history:
        return make_report(period, history, wanted)


def production(period: str, rules: CostRules | None = None) -> AccountReport:
    """The report of the account that pays."""
    (found,) = report(period, "production", rules=rules).accounts
    return found


def added_by_day(period: str) -> dict[str, Decimal]:
    """What each day of a cycle added to the bill, as the statement has it."""
    with open_books() as history:
        rows = make_statement(StatementQuery("day", ("production",), period), history).rows
    return {row.labels["day"]: row.amount.to_date for row in rows}


def test_a_daily_report_is_about_yesterday() -> None:
    """It compares the last whole day with the one before, by what they added to the bill."""
    found = production("daily")
    assert (found.span, found.before) == (YESTERDAY, Span(date(2025, 10, 18), date(2025, 10, 19)))
    days = added_by_day("current")
    assert (found.billed, found.billed_before) == (days["2025-10-19"], days["2025-10-18"])
    assert found.billed == Decimal("1.04")
    assert found.costs.amount.to_date == Decimal("10.845")


def test_a_daily_report_adds_its_day_up() -> None:
    """What the day's usage costs at list price is the sum of all assets and meters."""
    found = production("daily")
    with open_books() as history:
        (account,) = history.accounts(["production"])
        used = history.list_prices(account, YESTERDAY.since, YESTERDAY.until)
        before = history.list_prices(account, found.before.since, found.before.until)
    assert found.at_list == sum(price.usd for price in used.values()) > 0
    assert found.at_list_before == sum(price.usd for price in before.values()) > 0


def test_a_monthly_report_is_about_the_cycle_up_to_yesterday() -> None:
    """As many days of the cycle before are compared with it; the subscription belongs to the first of them."""
    found = production("monthly")
    assert found.span == Span(date(2025, 10, 14), date(2025, 10, 20))
    assert found.before == Span(date(2025, 9, 14), date(2025, 9, 20))
    days = added_by_day("current")
    assert found.billed == sum(days.values()) - days["2025-10-20"] == Decimal("9.72")


def test_a_period_that_is_not_known_is_not_compared() -> None:
    """Where counting began later there is neither a sum of the days before nor a change."""
    found = production("monthly")
    assert (found.billed_before, found.changes) == (None, ())


def test_the_greatest_changes_come_first() -> None:
    """Five at most, each with both sides, and none that costs the same as before."""
    changes = production("daily").changes
    assert len(changes) == 5
    assert [abs(change.usd) for change in changes] == sorted((abs(change.usd) for change in changes), reverse=True)
    assert [(change.usage.asset, change.usage.meter, change.unit) for change in changes[:2]] == [
        ("shop-web", "workers_requests", "requests"),
        (ODD, "workers_requests", "requests"),
    ]
    first = changes[0]
    assert first.usd == (first.after.quantity - first.before.quantity) * Fraction("0.30") / 10**6
    assert all(change.usd for change in changes)


def test_what_is_stored_and_never_used_is_idle() -> None:
    """A database without a query for fourteen days is named with what that cost: 3 GB for 14 days at 0.75 a month."""
    ((usage, usd),) = production("daily").idle
    assert (usage.project, usage.kind, usage.asset) == ("unassigned", "d1_database", "attic")
    assert round(usd, 9) == Decimal("1.05")


def test_quotas_near_their_limit_are_named() -> None:
    """From four fifths on; on the free plan it is what a day allows."""
    near = {cost.meter: cost.quota_ratio for cost in production("daily").near}
    assert list(near) == ["workers_requests", "workers_cpu_ms", "r2_storage_gb_month", "d1_storage_gb_month"]
    assert near["r2_storage_gb_month"] == Fraction("1.05252")
    (other,) = report("daily", "Other").accounts
    assert [cost.meter for cost in other.near] == ["kv_writes"]


def test_all_accounts_or_some() -> None:
    """Each account has its own cycle, and one that is not there is an error."""
    assert [(each.costs.account, each.span.length) for each in report("monthly").accounts] == [
        ("production", 6),
        ("Other", 19),
    ]
    with pytest.raises(QueryError, match=r"^Unknown account nobody\. Known accounts: production, Other\.$"):
        report("daily", "nobody")


def test_a_free_plan_adds_nothing_to_a_bill() -> None:
    """It still has a cost at list price."""
    (found,) = report("daily", "Other").accounts
    assert found.billed == found.billed_before == 0
    assert found.at_list > 0


def test_of_an_empty_ledger_there_is_nothing_to_report(tmp_path: Path) -> None:
    """No account is no error."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    with open_books(tmp_path) as history:
        assert make_report("daily", history) == Report("daily", (), ())


def document(period: str, rules: CostRules | None = None) -> Any:
    """A report as JSON, read again."""
    return read_json(json.dumps(as_document(report(period, rules=rules))))


def test_json() -> None:
    """Amounts are text; spans, cycle, changes, quotas and idle things have names of their own."""
    found = document("daily", CostRules(budgets=(Budget("all", Decimal(20)),)))
    assert list(found) == ["period", "accounts", "budgets"]
    account = found["accounts"][0]
    assert account["span"] == {"since": "2025-10-19", "until": "2025-10-20"}
    assert account["before"] == {"since": "2025-10-18", "until": "2025-10-19"}
    assert (account["billed_usd"], account["billed_before_usd"]) == ("1.04", "1.04")
    assert account["cycle"] == {
        "start": "2025-10-14",
        "end": "2025-11-14",
        "to_date_usd": "10.845",
        "forecast_usd": account["cycle"]["forecast_usd"],
        "forecast_low_usd": account["cycle"]["forecast_low_usd"],
        "forecast_high_usd": account["cycle"]["forecast_high_usd"],
        "list_price_usd": "18.9864399064",
    }
    change = account["changes"][0]
    assert Decimal(change["change_usd"]) == Decimal(change["after_usd"]) - Decimal(change["before_usd"])
    assert (change["project"], change["asset"], change["meter"]) == ("shop", "shop-web", "workers_requests")
    assert {"meter": "r2_storage_gb_month", "used_ratio": "1.05252"} in account["quotas_near_limit"]
    assert [each["asset"] for each in account["idle"]] == ["attic"]
    assert account["unpriced"] == []
    budget = found["budgets"][0]
    assert (budget["budget"], budget["amount_usd"], budget["used_ratio"]) == ("all", "20.00", "0.54225")
    assert "2025-10-20" < budget["exceeded_on"] < "2025-11-14"


def test_json_of_what_is_not_known() -> None:
    """A sum that is not known is null, and nothing has changed against it."""
    account = document("monthly")["accounts"][0]
    assert (account["billed_usd"], account["billed_before_usd"], account["changes"]) == ("9.72", None, [])
