"""A product that the catalog does not have, with Cloudflare's real names: queues, their consumers, and regions.

Queues and consumers are of lists, those of consumers one for each queue. No list has the regions that serve queries of
D1: only usage names them, here in lower case.
"""

from decimal import Decimal

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Metric, MetricPart, Tallied, Tally
from exporter.catalog.product import Product
from exporter.catalog.trait import Detail, Figure, FigurePart, State

QUEUE = AssetKind(
    kind="queue",
    label="queue",
    info="cloudflare_queue_info",
    asset="queue",
    assets="queues",
    endpoint=Endpoint(
        path="/accounts/{account_id}/queues",
        permission="Queues Read",
        permission_key="queues",
        paging="page",
        per_page=100,
        id="queue_id",
        name="queue_name",
        created="created_on",
        modified="modified_on",
    ),
    figures=(
        Figure(
            "cloudflare_queue_endpoints",
            "Producers and consumers of a queue.",
            (FigurePart("producers_total_count", "producer"), FigurePart("consumers_total_count", "consumer")),
            split="role",
        ),
        Figure(
            "cloudflare_queue_message_retention_seconds",
            "How long a queue keeps a message.",
            (FigurePart("settings.message_retention_period"),),
        ),
    ),
    states=(
        State(
            "cloudflare_queue_delivery_paused",
            "Whether the delivery of messages is paused.",
            "settings.delivery_paused",
            ("true", "false"),
        ),
    ),
)

CONSUMER = AssetKind(
    kind="queue_consumer",
    label="queue_consumer",
    info="cloudflare_queue_consumer_info",
    asset="consumer",
    assets="consumers of queues",
    parent=QUEUE.kind,
    endpoint=Endpoint(
        path="/accounts/{account_id}/queues/{parent_id}/consumers",
        permission="Queues Read",
        permission_key="queues",
        id="consumer_id",
        name="consumer_id",
        created="created_on",
    ),
    figures=(
        Figure(
            "cloudflare_queue_consumer_max_wait_seconds",
            "How long a consumer waits for a batch to be full.",
            (FigurePart("settings.max_wait_time_ms"),),
            unit=Decimal("0.001"),
        ),
    ),
    details=(Detail("type", "type"), Detail("script_name", "script_name")),
)

REGION = AssetKind(
    kind="d1_region",
    label="region",
    info="cloudflare_d1_region_info",
    asset="region",
    assets="regions of D1",
)

QUERIES = Dataset(
    name="d1AnalyticsAdaptiveGroups",
    variant="regions",
    version=1,
    kind=REGION.kind,
    id_dimension="servedByRegion",
    spell=str.lower,
    fields=(Field("readQueries"),),
    metrics=(
        Metric(
            "cloudflare_d1_region_read_queries_total",
            "Read queries that a region served.",
            (MetricPart("readQueries"),),
        ),
    ),
    tallies=(Tally(Tallied.REQUESTS, "cloudflare_d1_region_read_queries_total"),),
)

QUEUES = Product(
    name="queues",
    title="Queues",
    category="Integration",
    kinds=(QUEUE, CONSUMER, REGION),
    datasets=(QUERIES,),
)
