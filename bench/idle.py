"""Count the GraphQL requests of an hour of refreshes with many datasets of which few are in use."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.figure import Figure
from bench.requests import WARM_UP, Requests
from bench.worlds import Counts
from exporter.catalog import PRODUCTS
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Metric, MetricPart
from exporter.catalog.product import Product

SIXTY_BOUND = 3
FIVE_BOUND = 1.5
FEW = Counts(workers=3, buckets=1, databases=1, kv_namespaces=1, object_namespaces=1)
WORKERS_ONLY = Counts(workers=3, buckets=0, databases=0, kv_namespaces=0, object_namespaces=0)


def made_up_products(datasets: int, in_use: int) -> tuple[Product, ...]:
    """Return the catalog with a number of made-up counters in place of its datasets, some of them those of Workers.

    The others are those of D1: in an account without databases they never have data.
    """
    numbers = {"workers": range(in_use), "d1": range(in_use, datasets)}
    return tuple(
        replace(
            product,
            datasets=tuple(_made_up(product.datasets[0], number) for number in numbers[product.name]),
        )
        if product.name in numbers
        else replace(product, datasets=())
        for product in PRODUCTS
    )


def _made_up(dataset: Dataset, number: int) -> Dataset:
    name, (first, *_) = f"cloudflare_made_up_{number}_total", dataset.fields
    return replace(
        dataset,
        variant=f"made_up_{number}",
        fields=(first,),
        labels=(),
        metrics=(Metric(name, "A made-up counter.", (MetricPart(first.name),)),),
        meters=(),
        tallies=(),
    )


async def average_requests(folder: Path, counts: Counts, products: Sequence[Product], refreshes: int = 60) -> float:
    """Return the average of the GraphQL requests of refreshes a minute apart, after warming up."""
    rig = Requests(counts, folder, products)
    for _ in range(WARM_UP):
        await rig.refresh()
    asked = [(await rig.refresh()).graphql for _ in range(refreshes)]
    await rig.exporter.close()
    return sum(asked) / refreshes


async def measure_idle(folder: Path, refreshes: int = 60) -> list[Figure]:
    """Return the averages with sixty datasets of which fifteen are in use, and with those of the five products."""
    sixty = await average_requests(folder / "sixty", WORKERS_ONLY, made_up_products(60, 15), refreshes)
    five = await average_requests(folder / "five", FEW, PRODUCTS, refreshes)
    return [
        Figure("graphql_requests_per_refresh_60_datasets_15_in_use", round(sixty, 2), "requests", SIXTY_BOUND),
        Figure("graphql_requests_per_refresh_five_products", round(five, 2), "requests", FIVE_BOUND),
    ]
