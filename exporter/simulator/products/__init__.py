"""The products that the simulated Cloudflare has: one module each, and this list."""

from types import MappingProxyType

from exporter.simulator.products import cache_reserve, d1, dns, durable_objects, kv, queues, r2, stream, workers

_PRODUCTS = (workers, r2, d1, durable_objects, kv, cache_reserve, dns, queues)

DATASETS = MappingProxyType({dataset.name: dataset for product in _PRODUCTS for dataset in product.DATASETS})
LISTINGS = tuple(listing for product in _PRODUCTS for listing in product.LISTINGS)
RESOURCES = (*d1.RESOURCES, *queues.RESOURCES, *stream.RESOURCES)
