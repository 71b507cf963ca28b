"""How far back rules and panels look: at least three of the intervals at which Cloudflare is asked. Data only."""

from exporter.catalog import DATASETS
from exporter.model import MINUTE

_MINUTES = max(dataset.shortest_window for dataset in DATASETS.values() if dataset.is_counted) // MINUTE

RECENT = f"{_MINUTES}m"
"""The window of rates that show what is going on now, in PromQL."""

IN_WORDS = f"{_MINUTES} minutes"
"""The same window, in texts."""

STALE_SECONDS = max(dataset.shortest_window for dataset in DATASETS.values()).total_seconds()
"""The age up to which the data of any dataset is not stale."""
