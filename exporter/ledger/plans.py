"""The series plans of the catalog's datasets and of their list cost. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.ledger.list_cost import list_cost_of
from exporter.ledger.series import SeriesPlan


class Plans(NamedTuple):
    """The plans of all datasets, and those of their list cost, each by its dataset's key."""

    datasets: Mapping[str, SeriesPlan]
    list_costs: Mapping[str, SeriesPlan]

    def find(self, key: str) -> SeriesPlan | None:
        """Return the plan of a dataset or of a list cost; None if the catalog no longer has it."""
        return self.datasets.get(key) or self.list_costs.get(key)


def plan_datasets(datasets: Iterable[Dataset]) -> Plans:
    """Return the plans of some datasets and of their list cost, which those have that lost their meters, too."""
    known = tuple(datasets)
    costly = [dataset for dataset in known if dataset.timing.is_metered]
    return Plans(_by_key(known), _by_key(map(list_cost_of, costly)))


def _by_key(datasets: Iterable[Dataset]) -> dict[str, SeriesPlan]:
    return {dataset.key: SeriesPlan(dataset) for dataset in datasets}
