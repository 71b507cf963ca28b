"""What fires now, as Prometheus and Alertmanager say it. Nothing here is about Cloudflare's API."""

from exporter.monitoring.alert import WATCHDOG, Alert, State
from exporter.monitoring.asking import PATIENCE_SECONDS, Addresses, Heard, Monitoring, MonitoringError

__all__ = ["PATIENCE_SECONDS", "WATCHDOG", "Addresses", "Alert", "Heard", "Monitoring", "MonitoringError", "State"]
