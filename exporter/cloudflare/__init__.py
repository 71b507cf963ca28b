"""How to ask Cloudflare: HTTP client, REST paging, GraphQL documents built and decoded.

Every fault is raised as a ``CloudflareError``; nothing here decides what it means for the exporter.
"""

from exporter.cloudflare.analytics import Analytics
from exporter.cloudflare.client import Client, RequestTally
from exporter.cloudflare.discovery import Discovery
from exporter.cloudflare.errors import CloudflareError, Forbidden, NotEnabled, Refused, Throttled, TokenRejected
from exporter.cloudflare.time import CloudflareTime

__all__ = [
    "Analytics",
    "Client",
    "CloudflareError",
    "CloudflareTime",
    "Discovery",
    "Forbidden",
    "NotEnabled",
    "Refused",
    "RequestTally",
    "Throttled",
    "TokenRejected",
]
