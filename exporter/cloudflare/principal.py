"""A token with its readers of Cloudflare's APIs."""

from dataclasses import dataclass

from exporter.cloudflare.analytics import Analytics
from exporter.cloudflare.billing import BillingReader
from exporter.cloudflare.budget import RequestBudget
from exporter.cloudflare.discovery import Discovery


@dataclass(frozen=True, slots=True)
class Principal:
    """One token with its readers; ``wanted`` restricts it to some account ids, ``name`` identifies it in messages.

    Tokens of one user share one ``budget``.
    """

    name: str
    wanted: tuple[str, ...]
    discovery: Discovery
    analytics: Analytics
    billing: BillingReader
    budget: RequestBudget
