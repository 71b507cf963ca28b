"""The report: the cost of a day or billing cycle, the largest changes and their causes, and idle assets."""

from exporter.costs.report.blocks import Heading, Paragraph, TableBlock, blocks_of
from exporter.costs.report.document import as_document
from exporter.costs.report.report import DAILY, MONTHLY, AccountReport, Report, UsageChange, make_report
from exporter.costs.report.text import as_html, as_markdown

__all__ = [
    "DAILY",
    "MONTHLY",
    "AccountReport",
    "Heading",
    "Paragraph",
    "Report",
    "TableBlock",
    "UsageChange",
    "as_document",
    "as_html",
    "as_markdown",
    "blocks_of",
    "make_report",
]
