"""Cloudflare's billed services: their lines on invoices, what each counts, and its price. Only values.

This table was written from the price pages, independently of the exporter's rate card, so that one checks the
other: https://developers.cloudflare.com/workers/platform/pricing/ and https://developers.cloudflare.com/r2/pricing/.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Row = Mapping[str, str | int | None]
"""The dimension values of a dataset's row."""

GB = 10**9
_MILLION = 1_000_000
_BILLION = 10**9

_CLASS_A = frozenset(
    {
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "LifecycleStorageTierTransition",
        "ListBuckets",
        "ListMultipartUploads",
        "ListObjects",
        "ListParts",
        "PutBucket",
        "PutBucketCors",
        "PutBucketEncryption",
        "PutBucketLifecycleConfiguration",
        "PutObject",
        "UploadPart",
        "UploadPartCopy",
    }
)
_CLASS_B = frozenset(
    {
        "GetBucketCors",
        "GetBucketEncryption",
        "GetBucketLifecycleConfiguration",
        "GetBucketLocation",
        "GetObject",
        "HeadBucket",
        "HeadObject",
        "UsageSummary",
    }
)
_REFUSED = frozenset({401, 403})
_INFREQUENT = "InfrequentAccess"


@dataclass(frozen=True)
class Feed:
    """Billed usage: ``times`` the sum of ``measures`` over the rows of a dataset that ``counts`` accepts."""

    dataset: str
    measures: tuple[str, ...]
    counts: Callable[[Row], bool] | None = None
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Service:
    """A line of the bill: ``price`` for each begun ``block`` of units beyond those ``included`` in a cycle.

    Usage is counted in integer parts, ``scale`` of which make one unit. A ``stored`` quantity is a size instead of a
    sum: each day's peak, divided by the days of a month.
    """

    name: str
    family: str
    unit: str
    price: Decimal
    block: int
    feeds: tuple[Feed, ...]
    included: int = 0
    scale: int = 1
    stored: bool = False


def _is_own_script(row: Row) -> bool:
    return row["status"] != "internalError" and not row["dispatchNamespaceName"]


def _of_class(actions: frozenset[str], *, infrequent: bool) -> Callable[[Row], bool]:
    """Return a test for R2 operations of a price class. Those without a storage class (ListBuckets) are Standard."""

    def counts(row: Row) -> bool:
        return (
            row["actionType"] in actions
            and row["responseStatusCode"] not in _REFUSED
            and (row["storageClass"] == _INFREQUENT) is infrequent
        )

    return counts


def _is_infrequent(row: Row) -> bool:
    return row["storageClass"] == _INFREQUENT


def _is_standard(row: Row) -> bool:
    return not _is_infrequent(row)


def _counted(
    family: str, name: str, price: str, included: int, *feeds: Feed, unit: str = "Requests", scale: int = 1
) -> Service:
    """Return a service that is sold per million."""
    return Service(
        name=name,
        family=family,
        unit=unit,
        price=Decimal(price),
        block=_MILLION,
        included=included,
        feeds=feeds,
        scale=scale,
    )


def _stored(family: str, name: str, price: str, included: int, feed: Feed) -> Service:
    """Return a service that is sold per GB-month."""
    return Service(
        name=name,
        family=family,
        unit="GB-month",
        price=Decimal(price),
        block=1,
        included=included,
        feeds=(feed,),
        scale=GB,
        stored=True,
    )


def _workers(measure: str) -> Feed:
    return Feed("workersInvocationsAdaptive", (measure,), _is_own_script)


def _r2(actions: frozenset[str], *, infrequent: bool = False) -> Feed:
    return Feed("r2OperationsAdaptiveGroups", ("requests",), _of_class(actions, infrequent=infrequent))


def _r2_held(counts: Callable[[Row], bool]) -> Feed:
    return Feed("r2StorageAdaptiveGroups", ("payloadSize", "metadataSize"), counts)


def _d1(measure: str) -> Feed:
    return Feed("d1AnalyticsAdaptiveGroups", (measure,))


def _objects(measure: str) -> Feed:
    return Feed("durableObjectsPeriodicGroups", (measure,))


def _kv(action: str) -> Feed:
    return Feed("kvOperationsAdaptiveGroups", ("requests",), lambda row: row["actionType"] == action)


_WORKERS = (
    _counted(
        "Workers",
        "Workers Standard Requests (first 10M are included)",
        "0.30",
        10 * _MILLION,
        _workers("requests"),
    ),
    _counted(
        "Workers",
        "Workers CPU ms (first 30M are included)",
        "0.02",
        30 * _MILLION,
        _workers("cpuTimeUs"),
        unit="Milliseconds",
        scale=1_000,
    ),
)

_R2 = (
    _counted("R2", "R2 Storage Class A Operations (First 1M included)", "4.50", _MILLION, _r2(_CLASS_A)),
    _counted("R2", "R2 Storage Class B Operations (First 10M included)", "0.36", 10 * _MILLION, _r2(_CLASS_B)),
    _stored("R2", "R2 Data Storage (First 10GB-Month included)", "0.015", 10, _r2_held(_is_standard)),
    _counted("R2", "R2 Infrequent Access - Class A Operations", "9.00", 0, _r2(_CLASS_A, infrequent=True)),
    _counted("R2", "R2 Infrequent Access - Class B Operations", "0.90", 0, _r2(_CLASS_B, infrequent=True)),
    _stored("R2", "R2 Infrequent Access - Storage", "0.01", 0, _r2_held(_is_infrequent)),
    Service(
        name="R2 Infrequent Access - Data Retrieval",
        family="R2",
        unit="GB",
        price=Decimal("0.01"),
        block=1,
        feeds=(Feed("r2OperationsAdaptiveGroups", ("responseBytes",), _is_infrequent),),
        scale=GB,
    ),
)

_D1 = (
    _counted("D1", "D1 - Rows Read (first 25 billion included)", "0.001", 25 * _BILLION, _d1("rowsRead"), unit="Rows"),
    _counted(
        "D1", "D1 - Rows Written (first 50 million included)", "1.00", 50 * _MILLION, _d1("rowsWritten"), unit="Rows"
    ),
    _stored(
        "D1",
        "D1 - Storage GB-mo (first 5GB included)",
        "0.75",
        5,
        Feed("d1StorageAdaptiveGroups", ("databaseSizeBytes",)),
    ),
)

_OBJECTS = "Durable Objects"
_DURABLE_OBJECTS = (
    # Twenty incoming WebSocket messages count as one request, so requests are counted in twentieths.
    _counted(
        _OBJECTS,
        "Durable Objects Compute Requests (First 1M is included)",
        "0.15",
        _MILLION,
        Feed("durableObjectsInvocationsAdaptiveGroups", ("requests",), times=20),
        _objects("inboundWebsocketMsgCount"),
        scale=20,
    ),
    _counted(
        _OBJECTS,
        "Durable Objects Compute Duration (GB*S, First 400,000 GB*S is included)",
        "12.50",
        400_000,
        _objects("duration"),
        unit="GB-seconds",
        scale=_MILLION,
    ),
    _counted(
        _OBJECTS,
        "Durable Objects Storage Rows Read (First 25B included)",
        "0.001",
        25 * _BILLION,
        _objects("rowsRead"),
        unit="Rows",
    ),
    _counted(
        _OBJECTS,
        "Durable Objects Storage Rows Written (First 50M included)",
        "1.00",
        50 * _MILLION,
        _objects("rowsWritten"),
        unit="Rows",
    ),
    _stored(
        _OBJECTS,
        "Durable Objects SQL Storage (First 5 GB-month included)",
        "0.20",
        5,
        Feed("durableObjectsSqlStorageGroups", ("storedBytes",)),
    ),
    _counted(
        _OBJECTS,
        "Durable Objects Storage Reads (First 1M is included)",
        "0.20",
        _MILLION,
        _objects("storageReadUnits"),
        unit="Units",
    ),
    _counted(
        _OBJECTS,
        "Durable Objects Storage Writes (First 1M is included)",
        "1.00",
        _MILLION,
        _objects("storageWriteUnits"),
        unit="Units",
    ),
    _counted(
        _OBJECTS, "Durable Objects Storage Deletes (First 1M is included)", "1.00", _MILLION, _objects("storageDeletes")
    ),
    _stored(
        _OBJECTS,
        "Durable Objects Storage (First 1 GB-month included)",
        "0.20",
        1,
        Feed("durableObjectsStorageGroups", ("storedBytes",)),
    ),
)

_KV = (
    _counted("Workers KV", "KV Read Operations (First 10M is included)", "0.50", 10 * _MILLION, _kv("read")),
    _counted("Workers KV", "KV Write Operations (First 1M is included)", "5.00", _MILLION, _kv("write")),
    _counted("Workers KV", "KV Delete Operations (First 1M is included)", "5.00", _MILLION, _kv("delete")),
    _counted("Workers KV", "KV List Operations (First 1M is included)", "5.00", _MILLION, _kv("list")),
    _stored(
        "Workers KV",
        "KV Storage (GB, First GB is included)",
        "0.50",
        1,
        Feed("kvStorageAdaptiveGroups", ("byteCount",)),
    ),
)

SERVICES = (*_WORKERS, *_R2, *_D1, *_DURABLE_OBJECTS, *_KV)
