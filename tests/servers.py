"""A product that the catalog does not have, with Cloudflare's real names: which servers answer queries of D1.

There are many of them, so the label keeps the busiest few.
"""

from exporter.catalog.d1 import DATABASE
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Metric, MetricPart, Tallied, Tally
from exporter.catalog.product import Product

MOST = 3

READS = "cloudflare_d1_server_rows_read_total"

SERVED = Dataset(
    name="d1AnalyticsAdaptiveGroups",
    variant="servers",
    version=1,
    kind=DATABASE.kind,
    id_dimension="databaseId",
    labels=(Label("role", "databaseRole"), Label("server", "servedByInstance", top=MOST)),
    fields=(Field("rowsRead"), Field("readQueries")),
    metrics=(
        Metric(READS, "Rows that a server read.", (MetricPart("rowsRead"),), labels=("server",), zeros=(("other",),)),
        Metric(
            "cloudflare_d1_role_read_queries_total",
            "Read queries.",
            (MetricPart("readQueries"),),
            labels=("role",),
            zeros=(),
        ),
    ),
    tallies=(Tally(Tallied.REQUESTS, "cloudflare_d1_role_read_queries_total"),),
)

SERVERS = Product(name="servers", title="Servers", category="Storage", kinds=(DATABASE,), datasets=(SERVED,))
