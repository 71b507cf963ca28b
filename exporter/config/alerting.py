"""The section ``alerting`` of the configuration."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from exporter.config.fields import Section, check_url
from exporter.config.routing import Routing
from exporter.config.thresholds import ThresholdRule

PROMETHEUS_EXAMPLE = "http://127.0.0.1:9090"
ALERTMANAGER_EXAMPLE = "http://127.0.0.1:9093"

PrometheusUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, PROMETHEUS_EXAMPLE))]
AlertmanagerUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, ALERTMANAGER_EXAMPLE))]


class Alerting(Section):
    """Custom thresholds, notification routing, and the addresses of Prometheus and Alertmanager."""

    thresholds: tuple[ThresholdRule, ...] = Field(
        default=(),
        description="Thresholds for individual accounts, projects or assets; of several rules for one alert and "
        "severity, the first match applies.",
        examples=[[{"alert": "CloudflareWorkerErrorRatioHigh", "value": 0.2, "project": "shop"}]],
    )
    prometheus_url: PrometheusUrl | None = Field(
        default=None,
        description="URL of the Prometheus that evaluates the alerts, with any path prefix; used by `/api/alerts`.",
        examples=[PROMETHEUS_EXAMPLE],
    )
    alertmanager_url: AlertmanagerUrl | None = Field(
        default=None,
        description="URL of Alertmanager; `/api/alerts` then also shows which alerts are silenced or inhibited.",
        examples=[ALERTMANAGER_EXAMPLE],
    )
    routing: Routing = Field(
        default=Routing(), description="Who is notified of which alerts, and when; used by `alertmanager-config`."
    )
