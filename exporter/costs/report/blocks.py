"""A report as headings, paragraphs and tables, for any output format."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.costs import unpriced
from exporter.costs.formatting import BUDGET_COLUMNS, budget_cells, dollars, quantity, quota_cells, signed
from exporter.costs.report.report import DAILY, IDLE_AFTER, AccountReport, Report, UsageChange


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a level, 1 being the title."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table; all but its first ``words`` columns are figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


Block = Heading | Paragraph | TableBlock


def blocks_of(report: Report) -> Iterator[Block]:
    """Yield the blocks of a report."""
    yield Heading(f"Cloudflare costs, {report.period}", 1)
    if not report.accounts:
        yield Paragraph("No usage has been counted yet.")
    for each in report.accounts:
        yield from _of_account(report, each)
    if report.budgets:
        yield Heading("Budgets", 2)
        yield TableBlock(BUDGET_COLUMNS, tuple(map(budget_cells, report.budgets)))


def _of_account(report: Report, each: AccountReport) -> Iterator[Block]:
    costs = each.costs
    yield Heading(f"Account {costs.account}", 2)
    yield Paragraph(_what_it_cost(report, each))
    yield Paragraph(
        f"Cycle {costs.cycle}: {dollars(costs.amount.to_date)} to date, "
        f"{dollars(costs.amount.forecast)} forecast ({dollars(costs.amount.low)} to {dollars(costs.amount.high)})."
    )
    yield Heading("What changed most", 3)
    if each.changes:
        yield TableBlock(
            ("project", "asset", "meter", "before", "after", "change", "because of"),
            tuple(map(_change, each.changes)),
            words=3,
        )
    else:
        known = each.billed_before is not None
        yield Paragraph("Nothing." if known else "The previous period is not known: counting began later.")
    if each.near:
        yield Heading("Quotas near their limit", 3)
        yield TableBlock(("meter", "used"), tuple(map(quota_cells, each.near)))
    if each.idle:
        yield Heading("Idle, but stored", 3)
        yield Paragraph(f"Not used for {IDLE_AFTER.days} days, with the storage cost of that time at list price.")
        yield TableBlock(
            ("project", "kind", "asset", "cost"),
            tuple((usage.project, usage.kind, usage.asset, dollars(usd)) for usage, usd in each.idle),
            words=3,
        )
    missing = unpriced(costs)
    yield Heading("Not in these figures", 3)
    yield Paragraph(
        f"{', '.join(missing)}."
        if missing
        else "Tax, credits, and products whose usage cannot be read (docs/costs.md)."
    )


def _what_it_cost(report: Report, each: AccountReport) -> str:
    span = each.span
    which = f"{span.since}" if report.period == DAILY else f"The {span.length} days from {span.since}"
    text = f"{which} added {dollars(each.billed)} to the bill; at list price its usage is {dollars(each.at_list)}."
    if each.billed_before is None:
        return text
    before = "the day before" if report.period == DAILY else f"the {each.before.length} days from {each.before.since}"
    return (
        f"{text} Against {before}: {signed(each.billed - each.billed_before)} on the bill, "
        f"{signed(each.at_list - each.at_list_before)} at list price."
    )


def _change(change: UsageChange) -> tuple[str, ...]:
    usage = change.usage
    because = f"{quantity(change.before.quantity)} to {quantity(change.after.quantity)} {change.unit}"
    return (
        usage.project,
        usage.asset or "-",
        usage.meter,
        dollars(change.before.usd),
        dollars(change.after.usd),
        signed(change.usd),
        because,
    )
