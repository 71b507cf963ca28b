"""One row of each dataset, as Cloudflare's documentation shows it, and the amounts that it decodes to."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from exporter.catalog import DATASETS
from exporter.catalog.dataset import Dataset
from exporter.catalog.readable import RestResource
from exporter.cloudflare.decode import decode_rows
from exporter.cloudflare.documents import Piece
from exporter.cloudflare.items import read_items
from tests.readings import BACKLOG, SIZE, STREAM

HOUR = datetime(2025, 10, 20, 10, tzinfo=UTC)

Row = tuple[str, tuple[str, tuple[str, ...]], dict[str, int]]
"""The JSON of a row or item, its asset and words, and its amounts."""

ROWS: dict[str, Row] = {
    "workersInvocationsAdaptive": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "scriptTag": "e8f70fdbc8b1fb0b8ddb1af166186758",
        "scriptName": "my-worker", "dispatchNamespaceName": "", "status": "success"},
        "sum": {"requests": 1200, "errors": 0, "subrequests": 340, "responseBodySize": 9876543,
        "clientDisconnects": 3, "duration": 12.3456785, "cpuTimeUs": 4567890, "wallTime": 45678900,
        "requestDuration": 56789012.3456785}}""",
        ("e8f70fdbc8b1fb0b8ddb1af166186758", ("success",)),
        {
            "requests": 1200,
            "subrequests": 340,
            "responseBodySize": 9876543,
            "clientDisconnects": 3,
            "duration": 12_345_678,
            "cpuTimeUs": 4567890,
            "wallTime": 45_678_900,
            "requestDuration": 56_789_012_345_678,
        },
    ),
    "r2OperationsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "bucketName": "eu_media",
        "actionType": "GetObject", "responseStatusCode": 200, "storageClass": "Standard"},
        "sum": {"requests": 17, "responseBytes": 123456, "responseObjectSize": 120000}}""",
        ("eu_media", ("GetObject", "200", "Standard")),
        {"requests": 17, "responseBytes": 123456, "responseObjectSize": 120000},
    ),
    "d1AnalyticsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z",
        "databaseId": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21"},
        "sum": {"readQueries": 90, "writeQueries": 10, "rowsRead": 25000000000, "rowsWritten": 12,
        "queryBatchResponseBytes": 1024.5}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {
            "readQueries": 90,
            "writeQueries": 10,
            "rowsRead": 25_000_000_000,
            "rowsWritten": 12,
            "queryBatchResponseBytes": 1_024_500_000,
        },
    ),
    "durableObjectsInvocationsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0",
        "status": "scriptThrewException"}, "sum": {"requests": 40, "errors": 40, "wallTime": 1850000}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ("scriptThrewException",)),
        {"requests": 40, "errors": 40, "wallTime": 1_850_000},
    ),
    "durableObjectsPeriodicGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0"},
        "sum": {"duration": 0.0000005, "activeTime": 3600000000, "cpuTime": 12000000, "rowsRead": 5, "rowsWritten": 4,
        "storageReadUnits": 3, "storageWriteUnits": 2, "storageDeletes": 1, "subrequests": 6,
        "inboundWebsocketMsgCount": 700, "outboundWebsocketMsgCount": 900, "exceededCpuErrors": 1,
        "exceededMemoryErrors": 2, "fatalInternalErrors": 3}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ()),
        {
            "activeTime": 3_600_000_000,
            "cpuTime": 12_000_000,
            "rowsRead": 5,
            "rowsWritten": 4,
            "storageReadUnits": 3,
            "storageWriteUnits": 2,
            "storageDeletes": 1,
            "subrequests": 6,
            "inboundWebsocketMsgCount": 700,
            "outboundWebsocketMsgCount": 900,
            "exceededCpuErrors": 1,
            "exceededMemoryErrors": 2,
            "fatalInternalErrors": 3,
        },
    ),
    "kvOperationsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "0f2ac74b498b48028cb68387c421e279",
        "actionType": "read", "result": "hot_read"}, "sum": {"requests": 5000, "objectBytes": 81920000}}""",
        ("0f2ac74b498b48028cb68387c421e279", ("read", "hot_read")),
        {"requests": 5000, "objectBytes": 81920000},
    ),
    "workersInvocationsAdaptive/quantiles": (
        """{"dimensions": {"scriptTag": "e8f70fdbc8b1fb0b8ddb1af166186758"},
        "quantiles": {"cpuTimeP50": 1520.5, "cpuTimeP75": 2000, "cpuTimeP90": 3100, "cpuTimeP95": 4000.25,
        "cpuTimeP99": 9000, "cpuTimeP999": 30000, "wallTimeP50": 12000, "wallTimeP75": 15000, "wallTimeP90": 20000,
        "wallTimeP95": 25000, "wallTimeP99": 90000, "wallTimeP999": 1500000, "requestDurationP50": 18000.125,
        "requestDurationP75": 0, "requestDurationP90": 0, "requestDurationP95": 0, "requestDurationP99": 0,
        "requestDurationP999": 0.0000005}}""",
        ("e8f70fdbc8b1fb0b8ddb1af166186758", ()),
        {
            "cpuTimeP50": 1_520_500_000,
            "cpuTimeP75": 2_000_000_000,
            "cpuTimeP90": 3_100_000_000,
            "cpuTimeP95": 4_000_250_000,
            "cpuTimeP99": 9_000_000_000,
            "cpuTimeP999": 30_000_000_000,
            "wallTimeP50": 12_000_000_000,
            "wallTimeP75": 15_000_000_000,
            "wallTimeP90": 20_000_000_000,
            "wallTimeP95": 25_000_000_000,
            "wallTimeP99": 90_000_000_000,
            "wallTimeP999": 1_500_000_000_000,
            "requestDurationP50": 18_000_125_000,
        },
    ),
    "r2StorageAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "bucketName": "eu_media",
        "storageClass": "InfrequentAccess"},
        "max": {"payloadSize": 5000000000000, "metadataSize": 96000, "objectCount": 1000, "uploadCount": 2}}""",
        ("eu_media", ("InfrequentAccess",)),
        {"payloadSize": 5_000_000_000_000, "metadataSize": 96_000, "objectCount": 1_000, "uploadCount": 2},
    ),
    "d1QueriesAdaptiveGroups": (
        """{"count": 120, "dimensions": {"datetimeHour": "2025-10-20T10:00:00Z",
        "databaseId": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21"},
        "sum": {"queryDurationMs": 345.678901}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {"queryDurationMs": 345_678_901, "count": 120},
    ),
    "d1QueriesAdaptiveGroups/failed": (
        """{"count": 4, "dimensions": {"datetimeHour": "2025-10-20T10:00:00Z",
        "databaseId": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21"}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {"count": 4},
    ),
    "d1QueriesAdaptiveGroups/quantiles": (
        """{"dimensions": {"databaseId": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21"},
        "quantiles": {"queryDurationMsP50": 0.125, "queryDurationMsP95": 3, "queryDurationMsP99": 17.5}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {"queryDurationMsP50": 125_000, "queryDurationMsP95": 3_000_000, "queryDurationMsP99": 17_500_000},
    ),
    "d1StorageAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z",
        "databaseId": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21"},
        "max": {"databaseSizeBytes": 10737418240}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {"databaseSizeBytes": 10_737_418_240},
    ),
    "durableObjectsInvocationsAdaptiveGroups/quantiles": (
        """{"dimensions": {"namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0"}, "quantiles": {"wallTimeP50": 18500,
        "wallTimeP75": 20000, "wallTimeP90": 30000, "wallTimeP99": 90000, "wallTimeP999": 100000.5}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ()),
        {
            "wallTimeP50": 18_500_000_000,
            "wallTimeP75": 20_000_000_000,
            "wallTimeP90": 30_000_000_000,
            "wallTimeP99": 90_000_000_000,
            "wallTimeP999": 100_000_500_000,
        },
    ),
    "durableObjectsPeriodicGroups/connections": (
        """{"dimensions": {"namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0"},
        "max": {"activeWebsocketConnections": 32000}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ()),
        {"activeWebsocketConnections": 32_000},
    ),
    "durableObjectsPeriodicGroups/objects": (
        """{"dimensions": {"namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0",
        "objectId": "fe7803fc55b964e09d94666545aab688d360c6bda69ba349ced1e5f28d2fc2c8"}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ()),
        {"objects": 1},
    ),
    "durableObjectsSqlStorageGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0"},
        "max": {"storedBytes": 123456789}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ()),
        {"storedBytes": 123_456_789},
    ),
    "durableObjectsStorageGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z"}, "max": {"storedBytes": 987654321}}""",
        ("", ()),
        {"storedBytes": 987_654_321},
    ),
    "kvOperationsAdaptiveGroups/quantiles": (
        """{"dimensions": {"namespaceId": "0f2ac74b498b48028cb68387c421e279", "actionType": "read"},
        "quantiles": {"latencyMsP50": 4.5, "latencyMsP75": 8, "latencyMsP90": 60, "latencyMsP99": 120,
        "latencyMsP999": 400}}""",
        ("0f2ac74b498b48028cb68387c421e279", ("read",)),
        {
            "latencyMsP50": 4_500_000,
            "latencyMsP75": 8_000_000,
            "latencyMsP90": 60_000_000,
            "latencyMsP99": 120_000_000,
            "latencyMsP999": 400_000_000,
        },
    ),
    "kvStorageAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "0f2ac74b498b48028cb68387c421e279"},
        "max": {"byteCount": 81920000, "keyCount": 5000}}""",
        ("0f2ac74b498b48028cb68387c421e279", ()),
        {"byteCount": 81_920_000, "keyCount": 5_000},
    ),
}


BY_REST = {
    BACKLOG.key: (
        """{"backlog_count": 42, "backlog_bytes": 12345, "oldest_message_timestamp_ms": 1710950954154}""",
        ("9a1e6f4cbd1d4a0db9f3a3a7e9d3d2c1", ()),
        {"backlog_count": 42, "backlog_bytes": 12_345},
    ),
    SIZE.key: (
        """{"uuid": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", "name": "prod-db", "version": "production",
        "file_size": 12345678, "num_tables": 12, "read_replication": {"mode": "disabled"}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {"file_size": 12_345_678},
    ),
    STREAM.key: (
        """{"creator": null, "totalStorageMinutes": 1234.5, "totalStorageMinutesLimit": 2000, "videoCount": 42}""",
        ("", ()),
        {"totalStorageMinutes": 1_234_500_000, "videoCount": 42},
    ),
}
"""The same of datasets that no product has yet."""


@pytest.mark.parametrize(
    ("dataset", "row"),
    [
        *((dataset, ROWS[name]) for name, dataset in DATASETS.items()),
        *((dataset, BY_REST[dataset.key]) for dataset in (BACKLOG, SIZE, STREAM)),
    ],
    ids=[*DATASETS, *BY_REST],
)
def test_a_row_decodes_to_amounts(dataset: Dataset, row: Row) -> None:
    """The example row of each dataset gives integers in the smallest unit, halves to even; the rest is 0."""
    text, key, amounts = row
    expected = tuple(amounts.get(entry.name, 0) for entry in dataset.fields)
    said = [json.loads(text, parse_float=Decimal)]
    if isinstance(dataset.reads, RestResource):
        assert read_items(dataset, said, key[0], dataset.name) == {key: expected}
    else:
        grain = Piece(dataset, HOUR, HOUR).grain
        assert decode_rows(dataset, said, HOUR, grain=grain) == {HOUR: {key: expected}}


def test_a_row_of_a_dispatch_namespace_belongs_to_the_namespace() -> None:
    """Scripts of a dispatch namespace are counted together, under the namespace."""
    row = json.loads(ROWS["workersInvocationsAdaptive"][0], parse_float=Decimal)
    row["dimensions"]["dispatchNamespaceName"] = "tenants"
    (decoded,) = decode_rows(DATASETS["workersInvocationsAdaptive"], [row], HOUR).values()
    assert list(decoded) == [("dispatch:tenants", ("success",))]


def test_a_row_without_an_id_goes_by_its_name() -> None:
    """A Worker's row that carries no tag is known by the script's name."""
    row = json.loads(ROWS["workersInvocationsAdaptive"][0], parse_float=Decimal)
    row["dimensions"]["scriptTag"] = ""
    (decoded,) = decode_rows(DATASETS["workersInvocationsAdaptive"], [row], HOUR).values()
    assert list(decoded) == [("name:my-worker", ("success",))]
