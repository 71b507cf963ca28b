"""DNS: the queries for the names of each zone, which the account's node tells as well as the zone's."""

from collections.abc import Sequence

from exporter.simulator.dataset import Cell, Dataset, Listing, Measure
from exporter.simulator.world import Zone


def _cells(zone: Zone) -> Sequence[Cell]:
    def cell(query_type: str, code: str, share: int, *, colo: str = "FRA", is_cached: int = 0) -> Cell:
        return Cell(
            dimensions=(
                zone.id,
                colo,
                "203.0.113.53",
                4,
                "UDP",
                zone.name,
                "32-47",
                query_type,
                is_cached,
                code,
                "64-95",
                0,
                "198.51.100.7",
                "",
            ),
            share=share,
            weights=((1, 0), (900, 0)),
        )

    return (
        cell("A", "NOERROR", 550, is_cached=1),
        cell("A", "NOERROR", 100, colo="AMS"),
        cell("AAAA", "NOERROR", 300),
        cell("TXT", "NXDOMAIN", 50),
    )


DATASETS = (
    Dataset(
        name="dnsAnalyticsAdaptiveGroups",
        product="dns",
        kinds=("zone",),
        dimensions=(
            "zoneTag",
            "coloName",
            "destinationIP",
            "ipVersion",
            "protocol",
            "queryName",
            "querySizeBucket",
            "queryType",
            "responseCached",
            "responseCode",
            "responseSizeBucket",
            "responseStale",
            "sourceIP",
            "upstreamIP",
        ),
        measures=(Measure("queries", shown=False), Measure("processingTimeUs", shown=False)),
        cells=_cells,
        count=True,
        of_zones=True,
        of_accounts=True,
    ),
)

LISTINGS: tuple[Listing, ...] = ()
