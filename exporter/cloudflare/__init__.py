"""How to ask Cloudflare: HTTP client, REST paging, GraphQL documents built and decoded.

Every fault is raised as a ``CloudflareError``; nothing here decides what it means for the exporter.
"""

from exporter.cloudflare.analytics import Analytics
from exporter.cloudflare.billing import BillingReader
from exporter.cloudflare.budget import Budget
from exporter.cloudflare.client import Client, RequestTally
from exporter.cloudflare.discovery import Discovery
from exporter.cloudflare.documents import MOST_ALIASES
from exporter.cloudflare.errors import (
    CloudflareError,
    Forbidden,
    NotEnabled,
    Refused,
    Throttled,
    TokenRejected,
    Withheld,
)
from exporter.cloudflare.limits import PAGE_LIMIT, RETENTION, USUAL, Limits
from exporter.cloudflare.principal import Principal
from exporter.cloudflare.time import CloudflareTime

__all__ = [
    "MOST_ALIASES",
    "PAGE_LIMIT",
    "RETENTION",
    "USUAL",
    "Analytics",
    "BillingReader",
    "Budget",
    "Client",
    "CloudflareError",
    "CloudflareTime",
    "Discovery",
    "Forbidden",
    "Limits",
    "NotEnabled",
    "Principal",
    "Refused",
    "RequestTally",
    "Throttled",
    "TokenRejected",
    "Withheld",
]
