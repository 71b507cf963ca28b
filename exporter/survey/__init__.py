"""Surveys: assets, projects, usage and health as programs and tables show them. Command line and API give the same."""

from exporter.survey.assets import (
    ASCENDING,
    DESCENDING,
    NAME,
    SORTS,
    AssetRow,
    Choice,
    asset_document,
    asset_rows,
    page_of_assets,
)
from exporter.survey.health import health_document
from exporter.survey.paging import DEFAULT_LIMIT, LARGEST_LIMIT, Page, Paging
from exporter.survey.projects import (
    budgets_document,
    budgets_of,
    page_of_projects,
    product_document,
    product_rows,
    project_document,
    project_rows,
)
from exporter.survey.usage import Step, UsagePage, UsageQuery, find_usage, usage_document

__all__ = [
    "ASCENDING",
    "DEFAULT_LIMIT",
    "DESCENDING",
    "LARGEST_LIMIT",
    "NAME",
    "SORTS",
    "AssetRow",
    "Choice",
    "Page",
    "Paging",
    "Step",
    "UsagePage",
    "UsageQuery",
    "asset_document",
    "asset_rows",
    "budgets_document",
    "budgets_of",
    "find_usage",
    "health_document",
    "page_of_assets",
    "page_of_projects",
    "product_document",
    "product_rows",
    "project_document",
    "project_rows",
    "usage_document",
]
