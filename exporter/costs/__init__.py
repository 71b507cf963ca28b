"""Statements: costs grouped as requested, as JSON and as CSV; the same from the command line and the API."""

from exporter.costs.document import as_document, budget_document, dollars_document, unpriced
from exporter.costs.focus import as_csv
from exporter.costs.statement import (
    GROUPS,
    Difference,
    Statement,
    StatementQuery,
    StatementRow,
    daily,
    make_statement,
    state_costs,
)

__all__ = [
    "GROUPS",
    "Difference",
    "Statement",
    "StatementQuery",
    "StatementRow",
    "as_csv",
    "as_document",
    "budget_document",
    "daily",
    "dollars_document",
    "make_statement",
    "state_costs",
    "unpriced",
]
