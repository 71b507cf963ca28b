"""Daily sums: what meters count, in their smallest unit, settled and open hours alike."""

from datetime import date, datetime

import pytest

from exporter.catalog import DATASETS, METERS
from exporter.ledger.daily_sums import meter_hours
from exporter.model import Rows
from tests.ledger.factories import MONDAY, SCOPE, Scene, Usage, at, worker

TUESDAY = date(2025, 10, 21)

RowTotals = tuple[str, tuple[str, ...], dict[str, int]]
"""Asset id, label values, and the fields that are not 0."""

CASES: dict[str, tuple[str, list[RowTotals], dict[tuple[str, str], int]]] = {
    "requests to Durable Objects count twenty twentieths": (
        "durableObjectsInvocationsAdaptiveGroups",
        [("n1", ("success",), {"requests": 3}), ("n1", ("scriptThrewException",), {"requests": 1, "errors": 1})],
        {("n1", "do_requests"): 80},
    ),
    "an incoming message counts one twentieth, an outgoing one nothing": (
        "durableObjectsPeriodicGroups",
        [("n1", (), {"inboundWebsocketMsgCount": 7, "outboundWebsocketMsgCount": 90})],
        {("n1", "do_requests"): 7},
    ),
    "each Durable Object quantity has its own meter": (
        "durableObjectsPeriodicGroups",
        [
            (
                "n1",
                (),
                {
                    "duration": 1_500_000,
                    "rowsRead": 5,
                    "rowsWritten": 4,
                    "storageReadUnits": 3,
                    "storageWriteUnits": 2,
                    "storageDeletes": 1,
                    "cpuTime": 99,
                },
            )
        ],
        {
            ("n1", "do_duration_gb_s"): 1_500_000,
            ("n1", "do_sqlite_rows_read"): 5,
            ("n1", "do_sqlite_rows_written"): 4,
            ("n1", "do_kv_read_units"): 3,
            ("n1", "do_kv_write_units"): 2,
            ("n1", "do_kv_deletes"): 1,
        },
    ),
    "internal errors of Workers are kept apart": (
        "workersInvocationsAdaptive",
        [
            ("w1", ("success",), {"requests": 10, "cpuTimeUs": 2_500}),
            ("w1", ("scriptThrewException",), {"requests": 2, "errors": 2, "cpuTimeUs": 300}),
            ("w1", ("internalError",), {"requests": 1, "errors": 1, "cpuTimeUs": 40}),
        ],
        {
            ("w1", "workers_requests"): 12,
            ("w1", "workers_cpu_ms"): 2_800,
            ("w1", "workers_requests_internal_error"): 1,
            ("w1", "workers_cpu_ms_internal_error"): 40,
        },
    ),
    "unauthorized R2 operations are kept apart, other failures are not": (
        "r2OperationsAdaptiveGroups",
        [
            ("media", ("PutObject", "200", "Standard"), {"requests": 5}),
            ("media", ("PutObject", "403", "Standard"), {"requests": 2}),
            ("media", ("GetObject", "404", "Standard"), {"requests": 3}),
            ("media", ("GetObject", "401", "Standard"), {"requests": 4}),
            ("media", ("DeleteObject", "204", "Standard"), {"requests": 6}),
            ("media", ("Frobnicate", "200", "Standard"), {"requests": 1}),
        ],
        {
            ("media", "r2_class_a"): 5,
            ("media", "r2_class_a_unauthorized"): 2,
            ("media", "r2_class_b"): 3,
            ("media", "r2_class_b_unauthorized"): 4,
            ("media", "r2_class_unknown"): 1,
        },
    ),
    "infrequent access has its own classes and retrieval": (
        "r2OperationsAdaptiveGroups",
        [
            ("cold", ("PutObject", "200", "InfrequentAccess"), {"requests": 5}),
            ("cold", ("GetObject", "200", "InfrequentAccess"), {"requests": 3, "responseBytes": 700}),
            ("cold", ("GetObject", "200", "Standard"), {"requests": 1, "responseBytes": 90}),
        ],
        {
            ("cold", "r2_ia_class_a"): 5,
            ("cold", "r2_ia_class_b"): 3,
            ("cold", "r2_ia_retrieval_gb"): 700,
            ("cold", "r2_class_b"): 1,
            ("cold", "r2_retrieval_gb"): 90,
        },
    ),
    "operations on no bucket count for the account": (
        "r2OperationsAdaptiveGroups",
        [("", ("ListBuckets", "200", ""), {"requests": 8})],
        {("", "r2_class_a"): 8},
    ),
    "databases count rows": (
        "d1AnalyticsAdaptiveGroups",
        [("d1", (), {"readQueries": 2, "rowsRead": 1_000, "rowsWritten": 30})],
        {("d1", "d1_rows_read"): 1_000, ("d1", "d1_rows_written"): 30},
    ),
    "KV counts by action": (
        "kvOperationsAdaptiveGroups",
        [
            ("k1", ("read", "hot_read"), {"requests": 9, "objectBytes": 4_096}),
            ("k1", ("read", "not_found"), {"requests": 1}),
            ("k1", ("write", "uploaded"), {"requests": 2}),
            ("k1", ("delete", "deleted"), {"requests": 3}),
            ("k1", ("list", "cold_read"), {"requests": 4}),
        ],
        {("k1", "kv_reads"): 10, ("k1", "kv_writes"): 2, ("k1", "kv_deletes"): 3, ("k1", "kv_lists"): 4},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_meters_count_what_is_billed(case: str) -> None:
    """The rows of an hour add to the day's meters what the table says."""
    name, found, expected = CASES[case]
    assert {key: amount for key, amount in counted(name, found).items() if key[1] in METERS} == expected


TALLIES: dict[str, tuple[str, list[RowTotals], dict[tuple[str, str], int]]] = {
    "Workers: all outcomes, those that are not billed too": (
        "workersInvocationsAdaptive",
        [
            ("w1", ("success",), {"requests": 7}),
            ("w1", ("scriptThrewException",), {"requests": 2, "errors": 2}),
            ("w1", ("internalError",), {"requests": 1, "errors": 1}),
            ("dispatch:tenants", ("success",), {"requests": 3}),
        ],
        {("w1", "worker/requests"): 10, ("w1", "worker/errors"): 3, ("dispatch:tenants", "worker/requests"): 3},
    ),
    "R2: every operation, and those answered with 5xx": (
        "r2OperationsAdaptiveGroups",
        [
            ("b1", ("GetObject", "200", "Standard"), {"requests": 7, "responseBytes": 90}),
            ("b1", ("DeleteObject", "403", "Standard"), {"requests": 2}),
            ("b1", ("PutObject", "503", "InfrequentAccess"), {"requests": 4}),
            ("", ("ListBuckets", "500", ""), {"requests": 1}),
        ],
        {("b1", "r2_bucket/requests"): 13, ("b1", "r2_bucket/errors"): 4}
        | {("", "r2_bucket/requests"): 1, ("", "r2_bucket/errors"): 1},
    ),
    "D1: queries that read and that write": (
        "d1AnalyticsAdaptiveGroups",
        [("d1", (), {"readQueries": 2, "writeQueries": 3, "rowsRead": 1_000})],
        {("d1", "d1_database/requests"): 5},
    ),
    "D1: no query twice": ("d1QueriesAdaptiveGroups", [("d1", (), {"count": 2, "queryDurationMs": 9})], {}),
    "Durable Objects: requests, and no messages": (
        "durableObjectsInvocationsAdaptiveGroups",
        [("n1", ("success",), {"requests": 3}), ("n1", ("scriptThrewException",), {"requests": 1, "errors": 1})],
        {("n1", "do_namespace/requests"): 4, ("n1", "do_namespace/errors"): 1},
    ),
    "messages of Durable Objects are no requests": (
        "durableObjectsPeriodicGroups",
        [("n1", (), {"inboundWebsocketMsgCount": 7, "exceededCpuErrors": 2})],
        {},
    ),
    "KV: every operation": (
        "kvOperationsAdaptiveGroups",
        [("k1", ("read", "hot_read"), {"requests": 9}), ("k1", ("write", "error"), {"requests": 1})],
        {("k1", "kv_namespace/requests"): 10, ("k1", "kv_namespace/errors"): 1},
    ),
}


@pytest.mark.parametrize("case", TALLIES)
def test_tallies_count_requests_and_errors(case: str) -> None:
    """They have ids of their own, which no meter has, and count what the published counters add up to."""
    name, found, expected = TALLIES[case]
    assert {key: amount for key, amount in counted(name, found).items() if key[1] not in METERS} == expected


def counted(name: str, found: list[RowTotals]) -> dict[tuple[str, str], int]:
    """Return what the rows of an hour add to the day, by asset and the id of a meter or tally."""
    dataset = DATASETS[name]
    hour = {
        (asset, values): tuple(fields.get(entry.name, 0) for entry in dataset.fields) for asset, values, fields in found
    }
    sums = meter_hours(dataset, {at("10:00"): hour})
    assert {day for day, _, _ in sums} <= {MONDAY}
    return {(asset, meter): amount for (_, asset, meter), amount in sums.items()}


def test_hours_belong_to_their_utc_day() -> None:
    """The hour before midnight and the one after count for different days."""
    dataset = DATASETS["d1AnalyticsAdaptiveGroups"]
    hours: dict[datetime, Rows] = {
        at(clock): {("d1", ()): (0, 0, amount, 0, 0)} for clock, amount in (("23:00", 5), ("24:00", 7))
    }
    assert meter_hours(dataset, hours) == {(MONDAY, "d1", "d1_rows_read"): 5, (TUESDAY, "d1", "d1_rows_read"): 7}


def test_open_hours_count_at_once() -> None:
    """A daily sum holds settled and open hours, each once, and what was revised in an open hour."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say("10:00", {})
    seen = []
    answers: list[tuple[str, dict[str, Usage]]] = [
        ("10:10", {"10": {"w1": 4, ("w1", "unbilled"): 1}}),
        ("11:00", {"10": {"w1": 9, ("w1", "unbilled"): 1}}),
        ("11:30", {"10": {"w1": 9, ("w1", "unbilled"): 1}, "11": {"w1": 2}}),
        ("11:31", {"11": {"w1": 3}}),
    ]
    for clock, usage in answers:
        scene.say(clock, usage)
        seen.append(scene.daily())
    unbilled = {(MONDAY, "w1", "calls_unbilled"): 1}
    assert seen == [{(MONDAY, "w1", "calls"): amount, **unbilled} for amount in (4, 9, 11, 12)]


def test_daily_sums_outlive_a_reset_of_the_counters() -> None:
    """Totals begin anew, the open hours' usage stays in the daily sums, and nothing is counted twice."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say("10:00", {})
    scene.say("11:30", {"10": {"w1": 9}, "11": {"w1": 2}})
    scene.ledger.reset_counters()
    assert (scene.totals(), scene.series(), scene.daily()) == ({}, {}, {(MONDAY, "w1", "calls"): 11})
    scene.say("11:40", {"11": {"w1": 4}})
    assert scene.ledger.open_from(SCOPE, "calls") == at("11:40")
    scene.say("11:50", {"11": {"w1": 5}})
    assert (scene.totals(), scene.daily()) == ({("w1", "success"): 5}, {(MONDAY, "w1", "calls"): 16})
