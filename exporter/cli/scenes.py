"""The scenes of the demo account: what happens in each, and which alerts it deserves.

They are known here without the simulator, which would take a fifth of every command's start-up.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene: its name, what happens in it, and the names of the alerts that fire."""

    name: str
    happens: str
    alerts: tuple[str, ...] = ()


SCENES = (
    Scene(
        "errors",
        "five minutes after the start a release breaks the Worker checkout; 15 minutes later it is rolled back",
        ("CloudflareWorkerFailing", "CloudflareWorkerErrorRatioHigh", "CloudflareWorkerSuccessRatioLow"),
    ),
    Scene("healthy", "nothing is wrong"),
    Scene(
        "full-scans",
        "each query of the D1 database data-warehouse reads a whole table",
        ("CloudflareD1FullScans",),
    ),
    Scene(
        "runaway-query",
        "a query without an index runs a thousand times a minute on the D1 database shop-orders",
        ("CloudflareListCostPerHourHigh", "CloudflareD1FullScans"),
    ),
    Scene(
        "rows-written",
        "a loop writes 150,000 rows a minute into the D1 database shop-orders",
        ("CloudflareListCostPerHourHigh",),
    ),
    Scene(
        "alarm-loop",
        "a Durable Object of chat-gateway sets its alarm again as soon as it has gone off",
        ("CloudflareListCostPerHourHigh",),
    ),
    Scene(
        "storage",
        "the R2 bucket shop-backups grows by five terabytes a day",
        ("CloudflareR2BucketLarge",),
    ),
)

DEFAULT_SCENE = SCENES[0].name
