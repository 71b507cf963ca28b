"""What fires now, as Prometheus and Alertmanager say it. Nothing here is about Cloudflare's API."""

from exporter.alerts.alert import WATCHDOG, Alert, State
from exporter.alerts.client import PATIENCE_SECONDS, Addresses, AlertsClient, AlertsUnavailable, FetchedAlerts

__all__ = [
    "PATIENCE_SECONDS",
    "WATCHDOG",
    "Addresses",
    "Alert",
    "AlertsClient",
    "AlertsUnavailable",
    "FetchedAlerts",
    "State",
]
