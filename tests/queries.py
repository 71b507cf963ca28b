"""A product that the catalog does not have, with Cloudflare's real names: the queries of D1 by their text.

A label with the text would be as long as the query, so a hash stands for it.
"""

from dataclasses import replace

from exporter.catalog.d1 import DATABASE
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart, Tallied, Tally
from exporter.catalog.product import Product

RUN = "cloudflare_d1_query_runs_total"

INSERT = "INSERT INTO items VALUES (?, ?)"

ASKED = Dataset(
    name="d1QueriesAdaptiveGroups",
    variant="texts",
    version=1,
    kind=DATABASE.kind,
    id_dimension="databaseId",
    labels=(Label("query", "query", is_text=True),),
    fields=(Field("count", ""),),
    metrics=(Metric(RUN, "Runs of a query.", (MetricPart("count"),), labels=("query",), zeros=()),),
    meters=(Meter("d1_inserts", "count", where={"query": frozenset({INSERT})}),),
    tallies=(Tally(Tallied.REQUESTS, RUN),),
)

BUSIEST = replace(ASKED, variant="busiest", labels=(replace(ASKED.labels[0], top=1),), meters=())
"""The same, but only the busiest query has series of its own."""

QUERIES = Product(name="queries", title="Queries", category="Storage", kinds=(DATABASE,), datasets=(ASKED,))
BUSIEST_QUERIES = replace(QUERIES, datasets=(BUSIEST,))
