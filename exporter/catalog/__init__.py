"""Catalog of everything Cloudflare measures, one file per product. A new product is added to ``PRODUCTS``."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from exporter.catalog import d1, durable_objects, kv, r2, workers
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Metering
from exporter.catalog.product import Product

PRODUCTS: tuple[Product, ...] = (
    workers.PRODUCT,
    r2.PRODUCT,
    d1.PRODUCT,
    durable_objects.PRODUCT,
    kv.PRODUCT,
)


def datasets_of(products: Iterable[Product]) -> Mapping[str, Dataset]:
    """Return the datasets of some products by key."""
    return MappingProxyType({dataset.key: dataset for product in products for dataset in product.datasets})


def kinds_of(products: Iterable[Product]) -> Mapping[str, AssetKind]:
    """Return the kinds of assets of some products, each once."""
    return MappingProxyType({kind.kind: kind for product in products for kind in product.kinds})


def meters_of(datasets: Iterable[Dataset]) -> Mapping[str, Metering]:
    """Return the meters of some datasets by id."""
    return MappingProxyType(
        {
            meter.id: Metering(
                dataset.kind,
                meter.scale,
                is_stored=dataset.timing.is_stored,
                is_of_account=not dataset.id_dimension and dataset.reads.is_of_account,
            )
            for dataset in datasets
            for meter in dataset.meters
        }
    )


DATASETS = datasets_of(PRODUCTS)

KINDS = kinds_of(PRODUCTS)

METERS = meters_of(DATASETS.values())
