"""Alerts: the table of their numbers, and the current alerts from Prometheus and Alertmanager."""

from exporter.alerts.alert import Alert, State
from exporter.alerts.client import PATIENCE_SECONDS, Addresses, AlertsClient, AlertsUnavailable, FetchedAlerts
from exporter.alerts.names import SEVERITIES, WATCHDOG

__all__ = [
    "PATIENCE_SECONDS",
    "SEVERITIES",
    "WATCHDOG",
    "Addresses",
    "Alert",
    "AlertsClient",
    "AlertsUnavailable",
    "FetchedAlerts",
    "State",
]
