"""The example of Alertmanager's configuration: as the exporter writes it for secrets that are none."""

from exporter.alertmanager import examples, write
from exporter.config.routing import Routing

HEAD = """\
# Written by `make docs`, to be read: what `cloudflare-exporter alertmanager-config` gives where every service has a
# secret, with secrets that are none. `make run` and `docker compose up` write their own from alerting/secrets/; for
# another Alertmanager run the command, or take what suits from here. docs/alerting.md tells more.
"""


def example() -> str:
    """Return the file."""
    routing = Routing.model_validate(
        {
            "grafana_url": "https://grafana.example.com",
            "runbook_url": "https://github.com/example/cloudflare-exporter/blob/main",
        }
    )
    return write(routing, examples(), head=HEAD)
