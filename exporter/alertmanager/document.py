"""The whole configuration of Alertmanager as YAML. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from exporter.alertmanager.inhibitions import inhibitions
from exporter.alertmanager.receivers import ALSO, NOBODY, receiver, webhook
from exporter.alertmanager.routes import receivers_of, root, time_intervals
from exporter.alertmanager.secrets import Secret
from exporter.alerts import SEVERITIES
from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.config.routing import Routing

_HEAD = """\
# Written by cloudflare-exporter alertmanager-config; edits are lost when it is written again.
"""


def write(
    routing: Routing,
    secrets: Iterable[Secret],
    also: Sequence[str] = (),
    head: str = _HEAD,
    products: Sequence[Product] = PRODUCTS,
    *,
    external_url: str | None = None,
) -> str:
    """Return the configuration, secrets included; every alert is also posted to the addresses in ``also``.

    The runbook is read at the exporter's ``external_url``, unless the routing has another place for it.
    """
    known, links = tuple(secrets), routing.links(external_url)
    extra = {f"{ALSO}-{number}" if number > 1 else ALSO: url for number, url in enumerate(also, start=1)}
    document = {
        "route": root(routing, known, tuple(extra)),
        "inhibit_rules": inhibitions(products),
        "receivers": [
            {"name": NOBODY},
            *(receiver(secret, routing, links, products) for secret in known),
            *(webhook(name, url) for name, url in extra.items()),
        ],
    }
    if routing.mute_times:
        document["time_intervals"] = time_intervals(routing.mute_times)
    return head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def unrouted(secrets: Iterable[Secret], also: Sequence[str] = ()) -> Iterator[str]:
    """Return the severities without a receiver."""
    known = tuple(secrets)
    yield from (severity for severity in SEVERITIES if not receivers_of(severity, known) and not also)


class _Dumper(yaml.SafeDumper):
    """Writes multi-line texts as blocks and lists of words on one line, without YAML aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    is_short = all(isinstance(item, str) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
