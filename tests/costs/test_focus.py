"""A statement as CSV with the columns of FOCUS."""

import csv
import io
from decimal import Decimal

import pytest

from exporter.costs import GROUPS, StatementQuery, as_csv, make_statement
from tests.cli.commands.scene import ODD, PIPED, open_books
from tests.exactness.worlds import ACCOUNT_ID

HEADER = [
    "ServiceProviderName",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ServiceCategory",
    "ServiceName",
    "SkuMeter",
    "ResourceType",
    "ResourceName",
    "ConsumedQuantity",
    "ConsumedUnit",
    "BilledCost",
    "EffectiveCost",
    "ContractedCost",
    "ListCost",
    "x_Project",
    "x_ForecastCost",
    "x_ForecastCostLow",
    "x_ForecastCostHigh",
]


def written(**query: object) -> str:
    """The CSV that a query gives."""
    with open_books() as history:
        return as_csv(make_statement(StatementQuery(**query), history))  # type: ignore[arg-type]


def rows(**query: object) -> list[dict[str, str]]:
    """Its rows, read again."""
    return list(csv.DictReader(io.StringIO(written(**query))))


@pytest.mark.parametrize("by", GROUPS)
def test_header_and_sum(by: str) -> None:
    """The columns are the same whatever a row is, each row has them all, and costs add up to the cent's fractions."""
    table = list(csv.reader(io.StringIO(written(by=by))))
    assert table[0] == HEADER
    assert {len(row) for row in table} == {len(HEADER)}
    assert len(table) > 1
    found = rows(by=by)
    for column in ("BilledCost", "EffectiveCost", "ContractedCost"):
        assert sum(Decimal(row[column]) for row in found) == Decimal("10.845")
    assert {row["BillingCurrency"] for row in found} == {"USD"}


def test_a_row_of_usage() -> None:
    """A row says whose, when, what, how much and what it costs; moments are written as FOCUS wants them."""
    row = next(row for row in rows(by="meter") if row["SkuMeter"] == "d1_storage_gb_month")
    assert row == {
        "ServiceProviderName": "Cloudflare",
        "BillingAccountId": ACCOUNT_ID,
        "BillingAccountName": "production",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2025-10-14T00:00:00Z",
        "BillingPeriodEnd": "2025-11-14T00:00:00Z",
        "ChargePeriodStart": "2025-10-14T00:00:00Z",
        "ChargePeriodEnd": "2025-10-21T00:00:00Z",
        "ChargeCategory": "Usage",
        "ServiceCategory": "Databases",
        "ServiceName": "d1",
        "SkuMeter": "d1_storage_gb_month",
        "ResourceType": "",
        "ResourceName": "",
        "ConsumedQuantity": "5.366666667",
        "ConsumedUnit": "GB-months",
        "BilledCost": "0.75",
        "EffectiveCost": "0.75",
        "ContractedCost": "0.75",
        "ListCost": row["ListCost"],
        "x_Project": "",
        "x_ForecastCost": "14.25",
        "x_ForecastCostLow": "14.25",
        "x_ForecastCostHigh": "14.25",
    }
    # 5.366… GB-months at 0.75; what a byte costs in an hour is rounded.
    assert round(Decimal(row["ListCost"]), 9) == Decimal("4.025")


def test_assets_are_resources() -> None:
    """By asset a row names project, kind and asset, whatever signs the name has; a subscription is a purchase."""
    found = {row["ResourceName"]: row for row in rows(by="asset", accounts=("production",))}
    assert {name: (row["x_Project"], row["ResourceType"], row["ChargeCategory"]) for name, row in found.items()} == {
        "shop-web": ("shop", "worker", "Usage"),
        ODD: ("odd", "worker", "Usage"),
        PIPED: ("unassigned", "d1_database", "Usage"),
        "attic": ("unassigned", "d1_database", "Usage"),
        "media": ("unassigned", "r2_bucket", "Usage"),
        "(dispatch tenants)": ("unassigned", "worker", "Usage"),
        "": ("unassigned", "subscription", "Purchase"),
    }


def test_products_have_focus_categories() -> None:
    """Each product's category is one that FOCUS knows."""
    found = {row["ServiceName"]: row["ServiceCategory"] for row in rows(by="product")}
    assert found == {
        "workers": "Compute",
        "workers_for_platforms": "Compute",
        "d1": "Databases",
        "kv": "Databases",
        "r2": "Storage",
    }


def test_days_are_charge_periods() -> None:
    """By day a row is from midnight to midnight, and has no forecast, for what is over needs none."""
    found = rows(by="day", accounts=("production",))
    assert [(row["ChargePeriodStart"], row["ChargePeriodEnd"], row["BilledCost"]) for row in found[-2:]] == [
        ("2025-10-19T00:00:00Z", "2025-10-20T00:00:00Z", "1.04"),
        ("2025-10-20T00:00:00Z", "2025-10-21T00:00:00Z", "1.125"),
    ]
    assert {row["x_ForecastCost"] for row in found} == {""}
    assert {row["BillingPeriodStart"] for row in found} == {"2025-10-14T00:00:00Z"}


def test_a_cycle_that_is_over_is_charged_to_its_end() -> None:
    """The charge period of a past cycle is all of it."""
    found = rows(by="product", accounts=("production",), period="previous")
    assert {(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in found} == {
        ("2025-09-14T00:00:00Z", "2025-10-14T00:00:00Z")
    }


def test_a_comparison_has_columns_of_its_own() -> None:
    """Both sides stand under what was asked for, with the difference."""
    lines = written(by="product", accounts=("production",), compare=("previous", "current")).splitlines()
    assert lines[:4] == [
        "product,previous,current,change",
        "workers,35.52,10.08,-25.44",
        "d1,10.50,0.75,-9.75",
        "r2,0.405,0.015,-0.39",
    ]
