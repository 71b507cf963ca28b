"""Surveys: assets, projects, usage and health as programs and tables show them. Command line and API give the same."""

from exporter.survey.assets import NAME, NO_ASSET, SORTS, AssetRow, Choice, asset_document
from exporter.survey.groups import GROUP_SORTS, Group, group_by_project, wants
from exporter.survey.health import data_until, health_document
from exporter.survey.paging import ASCENDING, DEFAULT_LIMIT, DESCENDING, LARGEST_LIMIT, Page, Paging
from exporter.survey.projects import ProjectRow, budgets_document, product_document, project_document
from exporter.survey.survey import Survey
from exporter.survey.usage import Step, UsagePage, UsageQuery, find_usage, usage_document

__all__ = [
    "ASCENDING",
    "DEFAULT_LIMIT",
    "DESCENDING",
    "GROUP_SORTS",
    "LARGEST_LIMIT",
    "NAME",
    "NO_ASSET",
    "SORTS",
    "AssetRow",
    "Choice",
    "Group",
    "Page",
    "Paging",
    "ProjectRow",
    "Step",
    "Survey",
    "UsagePage",
    "UsageQuery",
    "asset_document",
    "budgets_document",
    "data_until",
    "find_usage",
    "group_by_project",
    "health_document",
    "product_document",
    "project_document",
    "usage_document",
    "wants",
]
