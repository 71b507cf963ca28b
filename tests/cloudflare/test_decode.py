"""Rows of an answer to integer amounts."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exporter.catalog import DATASETS
from exporter.cloudflare.decode import check_hours, decode_interval, decode_names, decode_newest, decode_rows
from exporter.cloudflare.errors import Unreachable
from exporter.model import HOUR, UNKNOWN

NINE = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
TEN = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)

WORKERS = DATASETS["workersInvocationsAdaptive"]
R2 = DATASETS["r2OperationsAdaptiveGroups"]
KV = DATASETS["kvOperationsAdaptiveGroups"]
LATENCY = DATASETS["kvOperationsAdaptiveGroups/quantiles"]


def row(sums: dict[str, Any], hour: str = "2025-10-20T09:00:00Z", **dimensions: str) -> dict[str, Any]:
    """A row as Cloudflare gives it."""
    return {"dimensions": {"datetimeHour": hour, **dimensions}, "sum": sums}


def worker(duration: Any = 0, requests: Any = 3, **dimensions: str) -> dict[str, Any]:
    """A row of the Workers dataset."""
    sums = {
        "requests": requests,
        "errors": 1,
        "subrequests": 2,
        "responseBodySize": 4_000_000_000_000,
        "clientDisconnects": 0,
        "duration": duration,
        "cpuTimeUs": 1_500,
        "wallTime": 9_000,
        "requestDuration": Decimal("0.25"),
    }
    named = {"scriptTag": "t1", "scriptName": "shop", "dispatchNamespaceName": "", "status": "success"}
    return row(sums, **{**named, **dimensions})


def test_a_row_becomes_amounts_by_hour_asset_and_labels() -> None:
    """Amounts stand in the order of the dataset's fields, under their hour, asset id and label values."""
    rows = [worker(), worker(hour="2025-10-20T10:00:00Z", status="internalError")]
    amounts = (3, 1, 2, 4_000_000_000_000, 0, 0, 1_500, 9_000, 250_000)
    assert decode_rows(WORKERS, rows, NINE) == {
        NINE: {("t1", ("success",)): amounts},
        TEN: {("t1", ("internalError",)): amounts},
    }


@pytest.mark.parametrize(
    ("given", "millionths"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("0.1", 100_000),
        ("12345678.000001", 12_345_678_000_001),
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("0.00000250001", 3),
        ("1.5e-06", 2),
        ("2.5E+3", 2_500_000_000),
    ],
)
def test_fractions_become_millionths_half_even(given: str, millionths: int) -> None:
    """A float64 of Cloudflare's is rounded once, to the even neighbour where it lies in the middle."""
    number = json.loads(given, parse_float=Decimal)
    decoded = decode_rows(WORKERS, [worker(duration=number)], NINE)
    assert decoded[NINE]["t1", ("success",)][WORKERS.field_index["duration"]] == millionths


def test_a_whole_number_in_float_form_is_whole() -> None:
    """Cloudflare may write an integer as 1e+06."""
    decoded = decode_rows(WORKERS, [worker(requests=Decimal("1e+06"))], NINE)
    assert decoded[NINE]["t1", ("success",)][0] == 1_000_000


def test_rows_of_a_dispatch_namespace_belong_to_it() -> None:
    """All scripts of a dispatch namespace are counted together under its name."""
    rows = [
        worker(scriptTag="x", scriptName="tenant-1", dispatchNamespaceName="tenants"),
        worker(scriptTag="y", scriptName="tenant-2", dispatchNamespaceName="tenants"),
    ]
    assert decode_rows(WORKERS, rows, NINE) == {
        NINE: {("dispatch:tenants", ("success",)): (6, 2, 4, 8_000_000_000_000, 0, 0, 3_000, 18_000, 500_000)}
    }


def test_a_row_without_an_id_is_kept_by_its_name() -> None:
    """An empty id with a name is found by that name, and one without either belongs to the account."""
    rows = [worker(scriptTag="", scriptName="old"), worker(scriptTag="", scriptName="")]
    assert [asset for asset, _ in decode_rows(WORKERS, rows, NINE)[NINE]] == ["name:old", ""]


def test_rows_of_a_day_are_filed_under_its_start() -> None:
    """Where a day was asked, its date says where a row belongs, and a row without one is not taken."""
    made = row({"requests": 2, "objectBytes": 10}, namespaceId="k", actionType="read", result="x")
    made["dimensions"] = {**made["dimensions"], "date": "2025-10-20"}
    start = datetime(2025, 10, 20, tzinfo=UTC)
    assert decode_rows(KV, [made], NINE, grain="date") == {start: {("k", ("read", "x")): (2, 10)}}
    del made["dimensions"]["date"]
    with pytest.raises(Unreachable, match=r"^kvOperationsAdaptiveGroups: unexpected row in Cloudflare's answer"):
        decode_rows(KV, [made], NINE, grain="date")


def test_rows_that_fall_together_add_up() -> None:
    """The same hour, asset and labels twice in an answer are one row with the sum."""
    twice = row({"requests": 2, "objectBytes": 10}, namespaceId="k", actionType="read", result="hot_read")
    assert decode_rows(KV, [twice, twice], NINE) == {NINE: {("k", ("read", "hot_read")): (4, 20)}}


def test_keys_have_cloudflares_words() -> None:
    """A number becomes its text, and a word that two labels are made of is there once, without its class."""
    made = row(
        {"requests": 1, "responseBytes": 2, "responseObjectSize": 3},
        bucketName="eu_media",
        actionType="ListObjects",
        storageClass="Standard",
    )
    made["dimensions"]["responseStatusCode"] = 200
    assert decode_rows(R2, [made], NINE) == {NINE: {("eu_media", ("ListObjects", "200", "Standard")): (1, 2, 3)}}


def test_a_window_is_filed_under_its_start() -> None:
    """Rows without an hour belong to the window that was asked for; quantiles are kept in millionths."""
    latencies = {field.name: Decimal("4.5") for field in LATENCY.fields}
    made = {"dimensions": {"namespaceId": "k", "actionType": "read"}, "quantiles": latencies}
    assert decode_rows(LATENCY, [made], NINE, grain="") == {NINE: {("k", ("read",)): (4_500_000,) * 5}}
    assert decode_rows(LATENCY, [], NINE, grain="") == {}


def test_a_field_that_the_plan_lacks_is_unknown() -> None:
    """It counts nothing as usage, and is no reading of zero in a window."""
    made = {"dimensions": {"namespaceId": "k", "actionType": "read"}, "quantiles": {"latencyMsP50": 1}}
    missing = frozenset({"latencyMsP75", "latencyMsP90", "latencyMsP99", "latencyMsP999"})
    assert decode_rows(LATENCY, [made], NINE, missing, grain="")[NINE]["k", ("read",)] == (1_000_000, *[UNKNOWN] * 4)
    usage = row({"requests": 2}, namespaceId="k", actionType="read", result="x")
    assert decode_rows(KV, [usage], NINE, frozenset({"objectBytes"}))[NINE]["k", ("read", "x")] == (2, 0)


@pytest.mark.parametrize(
    ("averages", "interval"),
    [
        ([], "1"),
        ([{"sampleInterval": 1}, {"sampleInterval": Decimal("10.5")}], "10.5"),
        ([{"sampleInterval": None}, None, {}, "much"], "1"),
    ],
)
def test_the_coarsest_row_says_how_an_answer_was_sampled(averages: list[object], interval: str) -> None:
    """The largest sample interval counts; rows that do not tell are taken for exact."""
    rows: list[Any] = [*({"avg": average} for average in averages), {}, None]
    assert decode_interval(KV, rows) == Decimal(interval)


def test_no_rows_are_no_hours() -> None:
    """An empty answer holds no hour at all."""
    assert decode_rows(KV, [], NINE) == {}


BROKEN = {
    "no dimensions": {"sum": {"requests": 1, "objectBytes": 1}},
    "no hour": row({"requests": 1, "objectBytes": 1}, hour="soon", namespaceId="k", actionType="read", result="x"),
    "no id": row({"requests": 1, "objectBytes": 1}, actionType="read", result="x"),
    "no label": row({"requests": 1, "objectBytes": 1}, namespaceId="k", actionType="read"),
    "no field": row({"requests": 1}, namespaceId="k", actionType="read", result="x"),
    "null field": row({"requests": 1, "objectBytes": None}, namespaceId="k", actionType="read", result="x"),
    "text field": row({"requests": "1", "objectBytes": 1}, namespaceId="k", actionType="read", result="x"),
    "part of one": row({"requests": Decimal("1.5"), "objectBytes": 1}, namespaceId="k", actionType="read", result="x"),
    "list for a label": row({"requests": 1, "objectBytes": 1}, namespaceId="k", actionType=["read"], result="x"),
    "object for an id": row({"requests": 1, "objectBytes": 1}, namespaceId={"id": "k"}, actionType="read", result="x"),
    "no sum": {"dimensions": {"datetimeHour": "2025-10-20T09:00:00Z", "namespaceId": "k"}, "sum": None},
    "no row": None,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_row_that_is_not_as_asked_for_is_an_error(broken: str) -> None:
    """Whatever a row lacks, the answer is not taken, and the error names the dataset."""
    with pytest.raises(Unreachable, match=r"^kvOperationsAdaptiveGroups: unexpected row in Cloudflare's answer"):
        decode_rows(KV, [BROKEN[broken]], NINE)  # type: ignore[list-item]


NO_NUMBERS: dict[str, Any] = {
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
    "NaN as Decimal": Decimal("NaN"),
    "1e400": Decimal("1e400"),
    "an exponent that fills the memory": Decimal("1e999999999"),
    "400 digits": 10**400,
    "5,000 digits": Decimal("9" * 5_000),
    "too many for uint64": 2**64,
    "negative": -1,
    "negative fraction": Decimal("-0.5"),
    "text": "5",
    "words": "much",
    "empty": "",
    "true": True,
    "list": [1],
    "object": {"value": 1},
    "null": None,
}


@pytest.mark.parametrize("number", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("field", ["duration", "requests"])
def test_what_is_no_number_of_cloudflares_is_an_error(field: str, number: Any) -> None:
    """What cannot be counted is neither taken for zero nor for what it looks like, and the error stays a sentence."""
    with pytest.raises(Unreachable, match=r"^workersInvocationsAdaptive: unexpected row") as caught:
        decode_rows(WORKERS, [worker(**{field: number})], NINE)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("number", [value for value in NO_NUMBERS.values() if value is not None])
def test_what_is_no_sample_interval_is_an_error(number: Any) -> None:
    """How coarse such an answer is cannot be told."""
    with pytest.raises(Unreachable, match=r"^kvOperationsAdaptiveGroups: unexpected row .*sampleInterval"):
        decode_interval(KV, [{"avg": {"sampleInterval": number}}])


def test_the_largest_number_is_counted() -> None:
    """To the unit."""
    (amounts,) = decode_rows(WORKERS, [worker(requests=2**64 - 1)], NINE)[NINE].values()
    assert amounts[0] == 2**64 - 1


def test_rows_that_nobody_asked_about_are_an_error() -> None:
    """Those of the future would be shown as the newest data, and others counted twice."""
    check_hours(KV, [NINE], NINE, TEN)
    for hour in (NINE - HOUR, TEN, datetime(9999, 12, 31, tzinfo=UTC)):
        with pytest.raises(Unreachable, match=r"^kvOperationsAdaptiveGroups: .* was not asked about"):
            check_hours(KV, [NINE, hour], NINE, TEN)


def test_the_newest_minute_is_read() -> None:
    """One row with a minute is the newest; no row, or one that cannot be read, is none."""
    made = [{"dimensions": {"datetimeMinute": "2025-10-20T10:16:00Z"}}]
    assert decode_newest(made, "datetimeMinute") == datetime(2025, 10, 20, 10, 16, tzinfo=UTC)
    assert decode_newest([], "datetimeMinute") is None
    assert decode_newest([{"dimensions": {}}], "datetimeMinute") is None
    for text in ("late", "0001-01-01T00:00:00+14:00", 7, None):
        assert decode_newest([{"dimensions": {"datetimeMinute": text}}], "datetimeMinute") is None


def test_the_names_beside_ids_are_kept_where_a_dataset_has_both() -> None:
    """A row without an id or a name says nothing, and neither does a dataset with only one of them."""
    unnamed = worker(scriptTag="t3")
    del unnamed["dimensions"]["scriptName"]
    rows = [worker(), worker(scriptTag="t2", scriptName="blog"), worker(scriptTag="", scriptName="old"), unnamed]
    rows.append(worker(scriptTag="t4", scriptName=["no", "text"]))
    assert decode_names(WORKERS, rows) == {"t1": "shop", "t2": "blog"}
    assert decode_names(replace(WORKERS, spell=str.upper), rows) == {"T1": "shop", "T2": "blog"}
    assert decode_names(KV, [row({}, namespaceId="n1")]) == {}
