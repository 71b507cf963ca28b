"""The section ``web`` of the configuration."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from exporter.config.fields import Section, check_url

EXTERNAL_EXAMPLE = "https://monitoring.example.com/cloudflare"

EXTERNAL_VARIABLE = "CLOUDFLARE_EXPORTER_EXTERNAL_URL"
"""The environment variable that overrides the key ``external_url``."""

ExternalUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, EXTERNAL_EXAMPLE).rstrip("/"))]


class Web(Section):
    """How people reach the exporter."""

    external_url: ExternalUrl | None = Field(
        default=None,
        description="URL at which people reach the exporter, with the path prefix of a reverse proxy if it has one. "
        "Alerts then link to the runbook there, at `/runbook`, and all paths are also answered below the prefix.",
        examples=[EXTERNAL_EXAMPLE],
    )
    start_timestamps: bool = Field(
        default=False,
        description="Tell in OpenMetrics since when each counter of usage is counted (`_created`). For a Prometheus "
        "with `--enable-feature=created-timestamp-zero-ingestion`; any other stores each as a series of its own.",
    )
