"""``assets``: which assets there are, what their counters say and what they cost; read beside a running exporter."""

import argparse
import csv
import io
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from exporter.catalog import PRODUCTS
from exporter.cli.commands.options import add_account_option, add_output_option
from exporter.cli.commands.tables import make_table, printed
from exporter.costs.formatting import dollars
from exporter.model import format_time
from exporter.views import ASCENDING, DESCENDING, NO_ASSET, SORTS, AssetFilter, AssetRow, Views, asset_document
from exporter.views import NAME as BY_NAME

NAME = "assets"
HELP = "which assets there are, what they did and what they cost"
DESCRIPTION = (
    "Print the assets that Cloudflare lists, each with its counters and its share of the cost of the billing cycle, "
    "from what the exporter has counted. It may run meanwhile. GET /api/assets gives the same: see docs/api.md."
)

COLUMNS = ("account", "project", "kind", "name", "requests", "errors", "to date", "forecast", "last used (UTC)")
WORDS = 4


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_account_option(command)
    command.add_argument(
        "--project", action="append", default=[], metavar="NAME", help="only this project (repeatable)"
    )
    command.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=[product.kind for product in PRODUCTS],
        help="only this kind of asset (repeatable)",
    )
    command.add_argument(
        "--sort", choices=(BY_NAME, *SORTS), default=BY_NAME, help=f"by what they are sorted (default {BY_NAME})"
    )
    command.add_argument(
        "--order",
        choices=(ASCENDING, DESCENDING),
        default="",
        help="which way; usually names from A on, the largest figures and the newest times first",
    )
    add_output_option(command)


def run(options: argparse.Namespace, views: Views, accounts: Collection[str], until: datetime | None) -> str:
    """Return what is printed of the assets of some accounts, by id, whose usage is known ``until`` then.

    Raises QueryError.
    """
    asset_filter = AssetFilter(frozenset(accounts), frozenset(options.project), frozenset(options.kind))
    rows = [row for _, row in views.assets(options.sort, options.order).keyed if asset_filter.admits(row.listed.place)]
    match options.output:
        case "json":
            told = {
                "as_of": until and format_time(until),
                "total": len(rows),
                "next_cursor": None,
                "assets": [asset_document(row) for row in rows],
            }
            return json.dumps(told, indent=2) + "\n"
        case "csv":
            return _csv(rows)
        case _:
            return printed(_table(rows))


def _csv(rows: Sequence[AssetRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(asset_document(NO_ASSET))
    writer.writerows(asset_document(row).values() for row in rows)
    return out.getvalue()


def _table(rows: Sequence[AssetRow]) -> Iterator[Table | Text | str]:
    if not rows:
        yield "There are no such assets."
        return
    yield make_table("", COLUMNS, map(_cells, rows), words=WORDS)


def _cells(row: AssetRow) -> tuple[str, ...]:
    listed, amount = row.listed, row.amount
    return (
        listed.account,
        *listed.place[1:],
        _figure(row.use.requests),
        _figure(row.use.errors),
        "-" if amount is None else dollars(amount.to_date),
        "-" if amount is None else dollars(amount.forecast),
        f"{listed.last_used:%Y-%m-%d %H:%M}" if listed.last_used else "-",
    )


def _figure(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
