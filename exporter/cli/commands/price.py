"""``price``: the cost of given quantities, or of a past billing cycle with changes."""

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from exporter.cli.commands.tables import make_table, printed
from exporter.costs.formatting import dollars, quantity
from exporter.costs.history import CostHistory
from exporter.pricing import RateCard, load_card
from exporter.pricing.estimate import Estimate, EstimateError, EstimateRequest, as_document, change, estimate
from exporter.pricing.rating import Terms
from exporter.pricing.rules import PAID_PLAN

NAME = "price"
HELP = "price given usage, or a past cycle with changes"
DESCRIPTION = (
    "Print the cost of a billing cycle from the quantities in a file (by the rate card's meter ids), from those of a "
    "counted cycle, or from both, with optional changes. Without --date each meter has its newest price."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--file", type=Path, metavar="FILE", help="YAML with quantities in a cycle by meter id")
    command.add_argument(
        "--period", metavar="PERIOD", help="start from a counted billing cycle: current, previous, or a day in it"
    )
    command.add_argument("--account", metavar="NAME", help="account for --period")
    command.add_argument(
        "--change",
        action="append",
        default=[],
        metavar="METER=CHANGE",
        help="x2, +10%%, -10%% or a new quantity, for a meter or a glob such as 'workers_*' (repeatable)",
    )
    command.add_argument("--plan", choices=tuple(load_card().plans), help=f"default {PAID_PLAN}")
    command.add_argument("--date", type=_date, metavar="DAY", help="use the prices of this day, e.g. 2026-12-01")
    command.add_argument(
        "--rounding",
        choices=("block", "proportional"),
        default="block",
        help="block: round usage up to whole blocks, as on invoices; proportional: do not (default block)",
    )
    command.add_argument("--no-included", action="store_true", help="ignore included quantities")
    command.add_argument("--output", choices=("table", "json"), default="table", help="default table")


def run(
    options: argparse.Namespace, card: RateCard, today: date, given: Mapping[str, Any], history: CostHistory | None
) -> str:
    """Return the output; ``given`` are the file's quantities. Raises EstimateError or QueryError."""
    usage: dict[str, Any] = {}
    plan, subscriptions = PAID_PLAN, None
    if history is not None:
        accounts = history.accounts([options.account] if options.account else ())
        if len(accounts) != 1:
            there = ", ".join(account.label for account in accounts) or "none"
            raise EstimateError(f"Choose an account with --account; known: {there}.")
        costs = history.costs(accounts[0], options.period)
        usage = {cost.meter: cost.line.quantity for cost in costs.meters if cost.line.quantity}
        card, plan = costs.card, costs.terms.plan
        if not options.plan:
            subscriptions = {each.meter: each.usd for each in costs.terms.subscriptions}
    usage |= given
    usage = change(usage, dict(_changes(options.change)))
    terms = Terms(is_proportional=options.rounding == "proportional", has_included=not options.no_included)
    found = estimate(card, usage, EstimateRequest(options.plan or plan, today, options.date, terms, subscriptions))
    return json.dumps(as_document(found), indent=2) + "\n" if options.output == "json" else printed(_tables(found))


def _changes(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        meter, sign, wanted = text.partition("=")
        if not sign or not meter.strip() or not wanted.strip():
            raise EstimateError(f"--change {text}: must be METER=CHANGE, such as workers_requests=x2.")
        yield meter.strip(), wanted.strip()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day such as 2026-12-01") from None


def _tables(given: Estimate) -> Iterator[Table | Text | str]:
    rows = [
        [
            line.meter,
            quantity(line.line.quantity),
            line.unit,
            quantity(line.line.included),
            quantity(line.line.billed),
            dollars(line.usd),
            line.note,
        ]
        for line in given.lines
    ]
    rows += [[meter, "", "", "", "", dollars(usd), "subscription"] for meter, usd in given.subscriptions.items()]
    rows.append(["total", "", "", "", "", dollars(given.total), ""])
    columns = ["meter", "quantity", "unit", "included", "billed", "cost", ""]
    yield make_table(f"Plan {given.plan}", columns, rows)
    for name, reason in given.unpriced.items():
        yield f"Not priced: {name} {reason}."
