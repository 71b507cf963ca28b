"""Surveys: assets, projects, usage and health as programs and tables show them. Command line and API give the same."""

from exporter.survey.assets import ASCENDING, DESCENDING, NAME, NO_ASSET, SORTS, AssetRow, Choice, asset_document
from exporter.survey.health import health_document
from exporter.survey.paging import DEFAULT_LIMIT, LARGEST_LIMIT, Page, Paging
from exporter.survey.projects import budgets_document, product_document, project_document
from exporter.survey.survey import Survey
from exporter.survey.usage import Step, UsagePage, UsageQuery, find_usage, usage_document

__all__ = [
    "ASCENDING",
    "DEFAULT_LIMIT",
    "DESCENDING",
    "LARGEST_LIMIT",
    "NAME",
    "NO_ASSET",
    "SORTS",
    "AssetRow",
    "Choice",
    "Page",
    "Paging",
    "Step",
    "Survey",
    "UsagePage",
    "UsageQuery",
    "asset_document",
    "budgets_document",
    "find_usage",
    "health_document",
    "product_document",
    "project_document",
    "usage_document",
]
