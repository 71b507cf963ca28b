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
    """Thresholds of one's own, who is told of what, and where Prometheus and Alertmanager are."""

    thresholds: tuple[ThresholdRule, ...] = Field(
        default=(),
        description="Thresholds for some accounts, projects or assets; of several rules for one alert and severity the "
        "first that matches counts.",
        examples=[[{"alert": "CloudflareWorkerErrorRatioHigh", "value": 0.2, "project": "shop"}]],
    )
    prometheus_url: PrometheusUrl | None = Field(
        default=None,
        description="Where the Prometheus is that evaluates the alerts, a path prefix included: for `/api/alerts`.",
        examples=[PROMETHEUS_EXAMPLE],
    )
    alertmanager_url: AlertmanagerUrl | None = Field(
        default=None,
        description="Where Alertmanager is: for `/api/alerts`, which then also tells what is silenced or inhibited.",
        examples=[ALERTMANAGER_EXAMPLE],
    )
    routing: Routing = Field(
        default=Routing(), description="Who is told of what, and when: what `alertmanager-config` writes."
    )
