"""The report: what a day or a billing cycle cost, what changed most and why, and what to look at."""

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
