"""The section ``alerting`` of the configuration."""

from exporter.choices import Section


class Alerting(Section):
    """Thresholds of one's own, who is told of what, and where Prometheus and Alertmanager are."""
