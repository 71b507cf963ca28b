"""``price``: the cost of given quantities, or of a whole billing cycle, before and after changes."""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from exporter.cli.commands.tables import make_table, printed
from exporter.costs.formatting import dollars, quantity, signed
from exporter.costs.history import CostHistory
from exporter.nearest import did_you_mean
from exporter.pricing import RateCard, load_card, plain
from exporter.pricing.costs import AccountCosts
from exporter.pricing.estimate import (
    Estimate,
    EstimatedLine,
    EstimateError,
    EstimateRequest,
    as_document,
    change,
    estimate,
    is_glob,
)
from exporter.pricing.rating import Terms, rate_usage
from exporter.pricing.rules import PAID_PLAN

NAME = "price"
HELP = "price given usage, or a whole cycle with changes"
DESCRIPTION = (
    "Print the cost of a billing cycle from the quantities in a file (by the rate card's meter ids), from those of a "
    "counted cycle, or from both, with optional changes. A cycle that still runs is projected to its end. Without "
    "--date each meter has its newest price."
)

SHORTEST_CYCLE, LONGEST_CYCLE = 28, 31
"""The days of a billing cycle: https://developers.cloudflare.com/billing/understand/how-billing-works/"""


class Basis(NamedTuple):
    """What is priced: quantities by meter, the plan, what is paid for subscriptions, and the cycle's days."""

    usage: Mapping[str, Any]
    plan: str
    subscriptions: Mapping[str, Decimal] | None
    days: int | None
    title: str = ""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--list", action="store_true", help="print all meters that quantities can be given of")
    command.add_argument("--file", type=Path, metavar="FILE", help="YAML with quantities in a cycle by meter id")
    command.add_argument(
        "--period",
        metavar="PERIOD",
        help="start from a counted billing cycle, projected to its end: current, previous, or a day in it",
    )
    command.add_argument("--account", metavar="NAME", help="account for --period")
    command.add_argument(
        "--change",
        action="append",
        default=[],
        metavar="METER=CHANGE",
        help="x2, +10%%, -10%% or a new quantity, for a meter or a glob such as 'workers_*' (repeatable); prints the "
        "cost before and after",
    )
    command.add_argument("--plan", choices=tuple(load_card().plans), help=f"default {PAID_PLAN}")
    command.add_argument("--date", type=_date, metavar="DAY", help="use the prices of this day, e.g. 2026-12-01")
    command.add_argument(
        "--days",
        type=int,
        choices=range(SHORTEST_CYCLE, LONGEST_CYCLE + 1),
        metavar="DAYS",
        help=f"length of the cycle, {SHORTEST_CYCLE} to {LONGEST_CYCLE} (default: that of --period, or of the month)",
    )
    command.add_argument(
        "--rounding",
        choices=("block", "proportional"),
        default="block",
        help="block: round usage up to whole blocks, as on invoices; proportional: do not (default block)",
    )
    command.add_argument("--no-included", action="store_true", help="ignore included quantities")
    command.add_argument("--output", choices=("table", "json"), default="table", help="default table")


def list_meters(options: argparse.Namespace, card: RateCard) -> str:
    """Return the meters of the card, and the quantities that people know and it takes, too."""
    rows = [[meter, rate.product, rate.unit, rate.name] for meter, rate in sorted(card.meters.items())]
    rows += [[name, "", "", f"{plain(known.factor)} {known.meter}"] for name, known in sorted(card.inputs.items())]
    if options.output == "json":
        return json.dumps([dict(zip(("meter", "product", "unit", "name"), row, strict=True)) for row in rows]) + "\n"
    return printed([make_table("Meters", ["meter", "product", "unit", "name"], rows, words=4)])


def run(
    options: argparse.Namespace, card: RateCard, today: date, given: Mapping[str, Any], history: CostHistory | None
) -> str:
    """Return the output; ``given`` are the file's quantities. Raises EstimateError or QueryError."""
    basis = Basis({}, PAID_PLAN, None, None)
    if history is not None:
        costs = _costs(options, history)
        card, basis = costs.card, _projected(costs)
    changes = dict(_changes(options.change))
    _check_names([*given, *(name for name in changes if not is_glob(name))], card)
    request = EstimateRequest(
        options.plan or basis.plan,
        today,
        options.date,
        Terms(is_proportional=options.rounding == "proportional", has_included=not options.no_included),
        None if options.plan else basis.subscriptions,
        options.days or basis.days,
    )
    usage = {**basis.usage, **given}
    before = estimate(card, usage, request)
    if not changes:
        is_json = options.output == "json"
        return _written(as_document(before)) if is_json else printed(_tables(before, basis.title))
    after = estimate(card, change(usage, changes), request)
    if options.output == "json":
        difference = {"difference_usd": plain(after.total - before.total)}
        return _written({**as_document(after), "before": as_document(before), **difference})
    return printed(_compared(before, after, basis.title))


def _costs(options: argparse.Namespace, history: CostHistory) -> AccountCosts:
    accounts = history.accounts([options.account] if options.account else ())
    if len(accounts) != 1:
        there = ", ".join(account.label for account in accounts) or "none"
        raise EstimateError(f"Choose an account with --account; known: {there}.")
    return history.costs(accounts[0], options.period)


def _projected(costs: AccountCosts) -> Basis:
    """Return the whole cycle of an account: what was used, and what is forecast for the rest of it."""
    usage = {}
    for cost in costs.meters:
        whole = costs.used[cost.meter].with_days(costs.ahead.get(cost.meter, {}))
        amount = rate_usage(costs.card.meters[cost.meter], whole, costs.cycle, costs.terms.rating).quantity
        if amount:
            usage[cost.meter] = amount
    title = f"billing cycle {costs.cycle}{', projected to its end' if costs.is_running else ''}"
    subscriptions = {each.meter: each.usd for each in costs.terms.subscriptions}
    return Basis(usage, costs.terms.plan, subscriptions, costs.cycle.length, title)


def _changes(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        meter, sign, wanted = text.partition("=")
        if not sign or not meter.strip() or not wanted.strip():
            raise EstimateError(f"--change {text}: must be METER=CHANGE, such as workers_requests=x2.")
        yield meter.strip(), wanted.strip()


def _check_names(names: Iterable[str], card: RateCard) -> None:
    known = [*card.meters, *card.inputs]
    for name in names:
        if name not in known:
            raise EstimateError(
                f"Unknown meter {name}.{did_you_mean(name, known)}",
                f"Run cloudflare-exporter {NAME} --list for all meters.",
            )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day such as 2026-12-01") from None


def _written(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _titled(plan: str, title: str) -> str:
    return f"Plan {plan}{title and ', '}{title}"


def _tables(given: Estimate, title: str) -> Iterator[Table | Text | str]:
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
    yield make_table(_titled(given.plan, title), columns, rows)
    yield from _unpriced(given)


def _compared(before: Estimate, after: Estimate, title: str) -> Iterator[Table | Text | str]:
    """Return each line before and after the changes; what is not there costs nothing."""
    old, new = ({line.meter: line for line in each.lines} for each in (before, after))
    rows = [_compared_row(meter, old.get(meter), new.get(meter)) for meter in {**old, **new}]
    rows += [[meter, "", "", "", dollars(usd), dollars(usd), "", ""] for meter, usd in after.subscriptions.items()]
    total = signed(after.total - before.total)
    rows.append(["total", "", "", "", dollars(before.total), dollars(after.total), total, ""])
    columns = ["meter", "quantity before", "after", "unit", "cost before", "after", "difference", ""]
    yield make_table(_titled(after.plan, title), columns, rows)
    yield from _unpriced(after)


def _compared_row(meter: str, old: EstimatedLine | None, new: EstimatedLine | None) -> list[str]:
    quantities = ["0" if line is None else quantity(line.line.quantity) for line in (old, new)]
    costs = [Decimal(0) if line is None else line.usd for line in (old, new)]
    difference = signed(costs[1] - costs[0]) if costs[0] != costs[1] else ""
    there = new or old
    assert there is not None
    return [meter, *quantities, there.unit, *map(dollars, costs), difference, there.note]


def _unpriced(given: Estimate) -> Iterator[str]:
    for name, reason in given.unpriced.items():
        yield f"Not priced: {name} {reason}."
