"""The JSON API: what the snapshot and the ledger hold, for programs, with an OpenAPI document that describes it."""

from exporter.exposition.api.cached_views import CachedViews, asset_filter_of
from exporter.exposition.api.endpoints import AskUsage, ViewEndpoints
from exporter.exposition.api.routes import API_PREFIX, ERROR_HANDLERS, api_routes

__all__ = [
    "API_PREFIX",
    "ERROR_HANDLERS",
    "AskUsage",
    "CachedViews",
    "ViewEndpoints",
    "api_routes",
    "asset_filter_of",
]
