"""Cache Reserve: the operations of each zone, by their billable class."""

from collections.abc import Sequence

from exporter.simulator.dataset import Cell, Dataset, Listing, Measure
from exporter.simulator.world import Zone


def _cells(zone: Zone) -> Sequence[Cell]:
    def cell(status: str, operation_class: str, share: int) -> Cell:
        return Cell(
            dimensions=(zone.id, status, f"cache-reserve-{zone.id[:8]}", "default", operation_class),
            share=share,
            weights=((1, 0),),
        )

    return (cell("success", "A", 250), cell("success", "B", 700), cell("userError", "B", 50))


DATASETS = (
    Dataset(
        name="cacheReserveOperationsAdaptiveGroups",
        product="cache_reserve",
        kinds=("zone",),
        dimensions=("zoneTag", "actionStatus", "bucketName", "jurisdiction", "operationClass"),
        measures=(Measure("requests"),),
        cells=_cells,
        of_zones=True,
    ),
)

LISTINGS: tuple[Listing, ...] = ()
