"""The example of Alertmanager's configuration, as the exporter writes it for dummy secrets."""

from exporter.alertmanager import examples, write
from exporter.config.routing import Routing

HEAD = """\
# An example written by `make docs`: the output of `cloudflare-exporter alertmanager-config` if every service has a
# secret, here dummy ones. `make run` and `docker compose up` write their own from alerting/secrets/; for another
# Alertmanager run the command, or copy the parts you need. See docs/alerting.md.
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
