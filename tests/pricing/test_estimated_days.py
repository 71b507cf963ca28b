"""Days on which what is stored was not read: their sums count, and the line says that it is estimated in part."""

from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.catalog.entry import estimated_id
from exporter.costs import StatementQuery, as_document
from exporter.costs.statement import state_costs
from exporter.pricing import AccountCosts, Now, UsageTable
from exporter.pricing.card import Basis
from tests.pricing.cost_scene import CARD, compute, every_day, line_of, terms

START = date(2025, 10, 1)
GB = 10**9
NOTE = "estimated in part: on 2 days something was not read, and counts as the last reading before"


def costs(*days: int, meter: str = "d1_storage_gb_month") -> AccountCosts:
    """Return the costs of ten days with 20 GB, of which these days of October are estimates."""
    stored = {START + timedelta(days=number): 20 * GB for number in range(10)}
    entries = [
        *every_day(meter, "db", stored),
        *every_day(meter, "", stored),
        *every_day(estimated_id(meter), "db", {date(2025, 10, day): 20 * GB for day in days}),
        *every_day(estimated_id(meter), "", {date(2025, 10, day): 20 * GB for day in days}),
        *every_day(estimated_id(meter), "db", {date(2025, 9, 30): 20 * GB}),
    ]
    return compute(entries, datetime(2025, 10, 10, 12, tzinfo=UTC))


def test_a_line_is_estimated_in_part() -> None:
    """Each day counts once, those of other cycles do not, and the dollars are those of the sums."""
    known, estimated = costs(), costs(3, 4)
    assert line_of(known, "d1_storage_gb_month").estimated_days == 0
    line = line_of(estimated, "d1_storage_gb_month")
    assert (line.estimated_days, line.basis) == (2, Basis.ESTIMATED)
    assert line.amount == line_of(known, "d1_storage_gb_month").amount
    assert estimated.amount == known.amount


def test_the_statement_says_so() -> None:
    """In a note, and with the line."""
    statement = state_costs(StatementQuery(by="meter"), [costs(3, 4)], ())
    assert f"acme, cycle from 2025-10-01: d1 Storage is {NOTE}." in statement.notes
    (account,) = as_document(statement)["accounts"]
    (line,) = account["lines"]
    assert line["note"].endswith(f" {NOTE[:1].upper()}{NOTE[1:]}.")
    assert line["basis"] == "estimated"
    assert not [note for note in state_costs(StatementQuery(), [costs()], ()).notes if "in part" in note]


@pytest.mark.parametrize("days", [(), (3,), (3, 4)])
def test_a_copy_knows_its_own(days: tuple[int, ...]) -> None:
    """What is added to a copy is not in the original."""
    now = Now(terms().cycle_of(START), datetime(2025, 10, 10, 12, tzinfo=UTC))
    table = UsageTable(CARD, now)
    table.add(every_day(estimated_id("d1_storage_gb_month"), "", {date(2025, 10, day): 1 for day in days}))
    copy = table.copy()
    copy.add(every_day(estimated_id("d1_storage_gb_month"), "", {date(2025, 10, 9): 1}))
    found = {meter: len(each) for meter, each in table.usage().estimated.items()}
    assert found == ({"d1_storage_gb_month": len(days)} if days else {})
    assert len(copy.usage().estimated["d1_storage_gb_month"]) == len(days) + 1
