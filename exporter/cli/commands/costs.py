"""``costs``: the costs of accounts, to date and forecast, as a table, CSV or JSON; an exporter may be running."""

import argparse
import json
from collections.abc import Iterator
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from exporter.cli.commands.options import add_account_option, add_output_option
from exporter.cli.commands.tables import make_table, printed
from exporter.costs import (
    GROUPS,
    Difference,
    Statement,
    StatementQuery,
    StatementRow,
    as_csv,
    as_document,
    make_statement,
    unpriced,
)
from exporter.costs.formatting import BUDGET_COLUMNS, budget_cells, dollars, quantity, quota_cells, signed
from exporter.costs.history import CURRENT, PREVIOUS, CostHistory
from exporter.pricing import AccountCosts, CostAmount, to_cents
from exporter.pricing.money import add

NAME = "costs"
HELP = "print the costs of accounts, to date and forecast"
DESCRIPTION = (
    "Print the costs of accounts in a billing cycle, to date and forecast, from the exporter's ledger. An exporter may "
    "be running. Costs are estimated by the arithmetic of invoices: see docs/costs.md."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--by", choices=tuple(GROUPS), default="project", help="rows to print (default project)")
    add_account_option(command)
    command.add_argument(
        "--period",
        default=CURRENT,
        metavar="PERIOD",
        help=f"billing cycle: {CURRENT}, {PREVIOUS}, or a day in it such as 2026-11-30 (default {CURRENT})",
    )
    command.add_argument(
        "--compare", metavar="A,B", help=f"compare two projects, or two periods such as {PREVIOUS},{CURRENT}"
    )
    add_output_option(command)


def query_of(options: argparse.Namespace) -> StatementQuery:
    """Return the query for the options."""
    compare = tuple(word.strip() for word in options.compare.split(",")) if options.compare else ()
    return StatementQuery(options.by, tuple(options.account), options.period, compare)


def run(options: argparse.Namespace, history: CostHistory) -> str:
    """Return the output. Raises QueryError."""
    statement = make_statement(query_of(options), history)
    match options.output:
        case "json":
            return json.dumps(as_document(statement), indent=2) + "\n"
        case "csv":
            return as_csv(statement)
        case _:
            return printed(_tables(statement))


def _tables(statement: Statement) -> Iterator[Table | Text | str]:
    if not statement.accounts:
        yield "Nothing is counted yet: the exporter has received no usage so far."
        return
    if statement.query.compare:
        yield _comparison(statement)
        yield from statement.notes
        return
    for costs in statement.accounts:
        yield Text(f"{costs.account}: {costs.cycle} (billing cycle)", "bold")
        yield _known(costs)
        yield _rows(statement.query.by, [row for row in statement.rows if row.account == costs.account], costs)
        yield from _notes(costs)
        yield from _quotas(costs)
        yield ""
    yield from statement.notes
    yield from _budgets(statement)


def _known(costs: AccountCosts) -> str:
    terms = costs.terms
    text = f"Usage known until {costs.until:%Y-%m-%d %H:%M} UTC; plan {terms.plan} ({terms.plan_source})"
    return f"{text}, cycle from {terms.cycle_source}."


def _rows(by: str, rows: list[StatementRow], costs: AccountCosts) -> Table:
    names = list(GROUPS[by]) or ["account"]
    if by == "day":
        cells = [[row.labels["day"], dollars(row.amount.to_date), dollars(row.amount.list_price)] for row in rows]
        total = ["total", dollars(costs.amount.to_date), ""]
        return make_table("", ["day", "added to the bill", "at list price"], [*cells, total])
    columns = ["to date", "forecast", "low", "high"] if costs.is_running else ["cost"]
    has_quantity = "meter" in GROUPS[by]
    if has_quantity:
        columns = ["quantity", "unit", *columns]
    cells = []
    for row in rows:
        words = [row.labels.get(name, row.account) or "-" for name in names]
        used = ["" if row.quantity is None else quantity(row.quantity), row.unit] if has_quantity else []
        cells.append([*words, *used, *_figures(row.amount, costs)])
    total = ["total", *([""] * (len(names) - 1 + (2 if has_quantity else 0))), *_figures(costs.amount, costs)]
    return make_table("", [*names, *columns], [*cells, total], words=len(names))


def _figures(amount: CostAmount, costs: AccountCosts) -> list[str]:
    """Return the dollars to date and forecast; a cycle that is over has one figure."""
    if not costs.is_running:
        return [dollars(amount.to_date)]
    return [*map(dollars, (amount.to_date, amount.forecast, amount.low, amount.high))]


def _notes(costs: AccountCosts) -> Iterator[str]:
    """Yield notes on the invoice's total, Cloudflare's bill and unpriced usage."""
    if dollars(costs.invoice) != dollars(costs.amount.to_date):
        yield f"An invoice rounds each line to cents, and would say {dollars(costs.invoice)}."
    billed = [each for each in costs.billed if each.usd]
    if billed:
        total, used = (dollars(add(each)) for each in ([e.usd for e in billed], [c.line.usd for c in costs.meters]))
        paid = dollars(add([each.usd for each in costs.terms.subscriptions]))
        yield (
            f"Of the usage, {used} here, Cloudflare has billed {total}; the newest day is incomplete, and "
            f"subscriptions, {paid} here, are no part of it."
        )
    missing = unpriced(costs)
    if missing:
        yield f"Not in the estimate: {', '.join(missing)}."


def _quotas(costs: AccountCosts) -> Iterator[Table]:
    near = [quota_cells(cost) for cost in costs.meters if cost.is_near_limit]
    if near:
        yield make_table("", ["included in the plan", "used"], near)


def _budgets(statement: Statement) -> Iterator[Table]:
    if not statement.budgets:
        return
    yield make_table("Budgets", BUDGET_COLUMNS, map(budget_cells, statement.budgets))


def _comparison(statement: Statement) -> Table:
    first, second = statement.query.compare
    names = list(statement.differences[0].labels) if statement.differences else []
    rows = [
        [*(value or "-" for value in each.labels.values()), *_change(*_sides(each))] for each in statement.differences
    ]
    if names:
        before, after = (add(those) for those in zip(*map(_sides, statement.differences), strict=True))
        rows.append(["total", *[""] * (len(names) - 1), *_change(before, after)])
    return make_table("", [*names, first, second, "change"], rows, words=len(names))


def _sides(each: Difference) -> tuple[Decimal, Decimal]:
    return each.first.to_date, each.second.to_date


def _change(before: Decimal, after: Decimal) -> list[str]:
    """Return both amounts and the difference of what is printed, so that it can be reckoned from them."""
    return [dollars(before), dollars(after), signed(to_cents(after) - to_cents(before))]
