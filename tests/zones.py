"""Products of zones that the catalog does not have yet, with Cloudflare's real names: Cache Reserve, and DNS."""

from dataclasses import replace

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart, Tallied, Tally
from exporter.catalog.product import Product
from exporter.catalog.readable import AccountNodeByZone, Readable, ZoneNode
from exporter.model import ZONE

ZONES = AssetKind(
    kind=ZONE,
    label="zone",
    info="cloudflare_zone_info",
    asset="zone",
    assets="zones",
    endpoint=Endpoint(
        path="/zones",
        permission="Zone Read",
        permission_key="zone",
        params={"account.id": "{account_id}", "status": "active"},
        paging="page",
        per_page=50,
        created="created_on",
        modified="modified_on",
    ),
)

OPERATIONS = Dataset(
    name="cacheReserveOperationsAdaptiveGroups",
    version=1,
    kind=ZONE,
    id_dimension="",
    reads=ZoneNode(),
    labels=(Label("class", "operationClass"), Label("status", "actionStatus")),
    fields=(Field("requests"),),
    metrics=(
        Metric(
            "cloudflare_zone_cache_reserve_operations_total",
            "Operations on a zone's Cache Reserve.",
            (MetricPart("requests"),),
            labels=("class", "status"),
            zeros=(("A", "success"), ("B", "success")),
        ),
    ),
    meters=(
        Meter("cache_reserve_class_a", "requests", where={"class": frozenset({"A"})}),
        Meter("cache_reserve_class_b", "requests", where={"class": frozenset({"B"})}),
    ),
    tallies=(Tally(Tallied.REQUESTS, "cloudflare_zone_cache_reserve_operations_total"),),
)

CACHE_RESERVE = Product(
    name="cache_reserve",
    title="Cache Reserve",
    category="Networking",
    kinds=(ZONES,),
    datasets=(OPERATIONS,),
)

QUERIES = Dataset(
    name="dnsAnalyticsAdaptiveGroups",
    version=1,
    kind=ZONE,
    id_dimension="",
    reads=ZoneNode(),
    labels=(Label("type", "queryType"), Label("response", "responseCode")),
    fields=(Field("count", ""),),
    metrics=(
        Metric(
            "cloudflare_zone_dns_queries_total",
            "Queries for a zone's names.",
            (MetricPart("count"),),
            labels=("type", "response"),
            zeros=(("A", "NOERROR"),),
        ),
    ),
    tallies=(Tally(Tallied.REQUESTS, "cloudflare_zone_dns_queries_total"),),
)
"""What both the node of each zone and that of the account tell."""

QUERIES_BY_ACCOUNT = replace(QUERIES, reads=AccountNodeByZone())


def dns(reads: Readable) -> Product:
    """DNS as it is read from one of its nodes."""
    return Product(
        name="dns",
        title="DNS",
        category="Networking",
        kinds=(ZONES,),
        datasets=(replace(QUERIES, reads=reads),),
    )
