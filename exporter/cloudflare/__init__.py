"""Access to Cloudflare's APIs: HTTP client, REST paging, GraphQL documents and their decoding.

Every fault is raised as a ``CloudflareError``; what it means for the exporter is decided elsewhere.
"""

from exporter.cloudflare.analytics import Analytics
from exporter.cloudflare.billing import BillingReader
from exporter.cloudflare.budget import RequestBudget
from exporter.cloudflare.client import Client, RequestCounts
from exporter.cloudflare.discovery import Discovery
from exporter.cloudflare.documents import MOST_ALIASES
from exporter.cloudflare.errors import (
    CloudflareError,
    Forbidden,
    NotEnabled,
    OverBudget,
    Rejected,
    Throttled,
    TokenRejected,
)
from exporter.cloudflare.limits import PAGE_LIMIT, USUAL_LIMITS, DatasetLimits, find_limits
from exporter.cloudflare.principal import Principal
from exporter.cloudflare.rest_reader import RestReader
from exporter.cloudflare.time import CloudflareTime
from exporter.cloudflare.zone_documents import MOST_ZONES, count_zone_documents

__all__ = [
    "MOST_ALIASES",
    "MOST_ZONES",
    "PAGE_LIMIT",
    "USUAL_LIMITS",
    "Analytics",
    "BillingReader",
    "Client",
    "CloudflareError",
    "CloudflareTime",
    "DatasetLimits",
    "Discovery",
    "Forbidden",
    "NotEnabled",
    "OverBudget",
    "Principal",
    "Rejected",
    "RequestBudget",
    "RequestCounts",
    "RestReader",
    "Throttled",
    "TokenRejected",
    "count_zone_documents",
    "find_limits",
]
