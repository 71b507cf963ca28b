"""Catalog of everything Cloudflare measures, one file per product. A new product is added to ``PRODUCTS``."""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.catalog import d1, durable_objects, kv, r2, workers
from exporter.catalog.entry import Dataset, Metering, Product, Role

PRODUCTS: tuple[Product, ...] = (
    workers.PRODUCT,
    r2.PRODUCT,
    d1.PRODUCT,
    durable_objects.PRODUCT,
    kv.PRODUCT,
)

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {dataset.key: dataset for product in PRODUCTS for dataset in product.datasets}
)

METERS: Mapping[str, Metering] = MappingProxyType(
    {
        meter.id: Metering(dataset.kind, meter.scale, dataset.role is Role.STATE, not dataset.id_dimension)
        for dataset in DATASETS.values()
        for meter in dataset.meters
    }
)
"""The meters of all datasets by id."""
