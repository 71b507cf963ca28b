"""Assets, projects, usage, texts and health as documents and tables, the same for the command line and the API."""

from exporter.views.assets import NAME, NO_ASSET, SORTS, AssetFilter, AssetRow, asset_document
from exporter.views.groups import GROUP_SORTS, Group, group_by_project, wants
from exporter.views.health import data_until, health_document
from exporter.views.paging import ASCENDING, DEFAULT_LIMIT, DESCENDING, LARGEST_LIMIT, Page, Paging
from exporter.views.projects import ProjectRow, budgets_document, product_document, project_document
from exporter.views.texts import TextRow, text_document
from exporter.views.usage import Step, UsagePage, UsageQuery, find_usage, usage_document
from exporter.views.views import Views

__all__ = [
    "ASCENDING",
    "DEFAULT_LIMIT",
    "DESCENDING",
    "GROUP_SORTS",
    "LARGEST_LIMIT",
    "NAME",
    "NO_ASSET",
    "SORTS",
    "AssetFilter",
    "AssetRow",
    "Group",
    "Page",
    "Paging",
    "ProjectRow",
    "Step",
    "TextRow",
    "UsagePage",
    "UsageQuery",
    "Views",
    "asset_document",
    "budgets_document",
    "data_until",
    "find_usage",
    "group_by_project",
    "health_document",
    "product_document",
    "project_document",
    "text_document",
    "usage_document",
    "wants",
]
