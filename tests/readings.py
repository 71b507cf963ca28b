"""Readings by REST that the catalog does not have yet, with Cloudflare's real names: backlogs, and what is stored."""

from dataclasses import replace
from datetime import timedelta

from exporter.catalog import PRODUCTS, d1
from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import GIGABYTE, Field, Meter, gauge
from exporter.catalog.product import Product
from exporter.catalog.readable import RestResource
from exporter.catalog.timing import HourlyGauge, Instant

BACKLOG = Dataset(
    name="queueMetrics",
    version=1,
    timing=Instant(expires=timedelta(minutes=15)),
    min_interval=timedelta(minutes=5),
    kind="queue",
    id_dimension="",
    reads=RestResource(
        path="/accounts/{account_id}/queues/{asset_id}/metrics", permission="Queues Read", permission_key="queues"
    ),
    fields=(Field("backlog_count", ""), Field("backlog_bytes", "")),
    metrics=(
        gauge("cloudflare_queue_backlog_messages", "Messages that wait in a queue.", "backlog_count"),
        gauge("cloudflare_queue_backlog_bytes", "Size of the messages that wait in a queue.", "backlog_bytes"),
    ),
)
"""An instant, a request for each queue."""

QUEUES = Product(
    name="queues",
    title="Queues",
    category="Integration",
    kinds=(
        AssetKind(
            kind="queue",
            asset="queue",
            assets="Queues",
            label="queue_name",
            info="cloudflare_queue_info",
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
        ),
    ),
    datasets=(BACKLOG,),
)

SIZE = Dataset(
    name="d1Database",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=30),
    kind="d1_database",
    id_dimension="",
    reads=RestResource(
        path="/accounts/{account_id}/d1/database/{asset_id}", permission="D1 Read", params={"fields": "file_size"}
    ),
    fields=(Field("file_size", ""),),
    metrics=(gauge("cloudflare_d1_file_bytes", "Size of a database.", "file_size"),),
    meters=(Meter("d1_storage_gb_month", "file_size", scale=GIGABYTE),),
)
"""A stored quantity that an invoice counts, a request for each database."""

D1 = replace(
    d1.PRODUCT, datasets=(*(each for each in d1.PRODUCT.datasets if each.name != "d1StorageAdaptiveGroups"), SIZE)
)
"""D1 if its storage were read by REST only."""

STREAM = Dataset(
    name="streamStorageUsage",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=30),
    kind="queue",
    id_dimension="",
    reads=RestResource(
        path="/accounts/{account_id}/stream/storage-usage", permission="Stream Read", permission_key="stream"
    ),
    fields=(Field("totalStorageMinutes", "", fractional=True), Field("videoCount", "")),
    metrics=(gauge("cloudflare_stream_videos", "Videos of an account.", "videoCount", is_of_account=True),),
)
"""A stored quantity of the account, in fractions."""

RUNS = Dataset(
    name="workflows",
    version=1,
    timing=Instant(),
    kind="queue",
    id_dimension="id",
    reads=RestResource(
        path="/accounts/{account_id}/workflows", permission="Workers Scripts Read", paging="page", per_page=2
    ),
    fields=(Field("running", "instances"), Field("errored", "instances")),
    metrics=(gauge("cloudflare_workflow_running_instances", "Instances that run.", "running"),),
)
"""An instant of each item of a list that comes in pages."""

PRODUCTS_BY_REST = (*(each for each in PRODUCTS if each.name != "d1"), D1, QUEUES)
