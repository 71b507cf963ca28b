"""What fires now, as Prometheus and Alertmanager say it. Nothing here is about Cloudflare's API."""

from exporter.alerts.alert import WATCHDOG, Alert, State
from exporter.alerts.client import PATIENCE_SECONDS, Addresses, Heard, Monitoring, MonitoringError

__all__ = ["PATIENCE_SECONDS", "WATCHDOG", "Addresses", "Alert", "Heard", "Monitoring", "MonitoringError", "State"]
