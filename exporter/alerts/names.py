"""Words that alerts, routes and whoever reads them share: severities, and the alerts and products known by name."""

PREFIX = "Cloudflare"
"""How the names of our alerts begin; whoever else uses the same Prometheus is not our business."""

SEVERITIES = ("critical", "warning", "info")
"""The worst first."""

WATCHDOG = "CloudflareWatchdog"
"""An alert that always fires: who does not have it has not been told what fires."""

ESCALATION = "CloudflareCriticalUnresolved"
"""The alert about a critical alert that nobody has ended."""

EXPORTER_DOWN = "CloudflareExporterDown"
EXPORTER_ABSENT = "CloudflareExporterAbsent"
ACCOUNT_DOWN = "CloudflareAccountDown"
DATASET_REFUSED = "CloudflareDatasetRefused"

OF_EXPORTER, OF_COSTS = "exporter", "costs"
"""The label ``product`` of alerts that are about no product of Cloudflare's."""
