"""Words shared by alerts and routes: severities, and the alerts and products known by name."""

PREFIX = "Cloudflare"
"""The prefix of our alerts' names; other alerts in the same Prometheus are ignored."""

SEVERITIES = ("critical", "warning", "info")
"""The worst first."""

WATCHDOG = "CloudflareWatchdog"
"""An alert that always fires: a source without it has not received the alerts."""

ESCALATION = "CloudflareCriticalUnresolved"
"""The alert about a critical alert that nobody has resolved."""

OF_EXPORTER, OF_COSTS = "exporter", "costs"
"""The label ``product`` of alerts that concern no product of Cloudflare."""
