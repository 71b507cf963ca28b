"""A token, as one way of asking Cloudflare."""

from dataclasses import dataclass

from exporter.cloudflare.analytics import Analytics
from exporter.cloudflare.billing import BillingReader
from exporter.cloudflare.budget import RequestBudget
from exporter.cloudflare.discovery import Discovery


@dataclass(frozen=True, slots=True)
class Principal:
    """One token's way of asking: ``wanted`` limits it to some account ids, ``name`` stands for it in messages.

    Tokens of one user share one ``budget``.
    """

    name: str
    wanted: tuple[str, ...]
    discovery: Discovery
    analytics: Analytics
    billing: BillingReader
    budget: RequestBudget
