"""Rows of an answer to integer amounts."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exporter.catalog import DATASETS
from exporter.cloudflare.decode import decode_newest, decode_rows
from exporter.cloudflare.errors import Unreachable

NINE = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
TEN = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)

WORKERS = DATASETS["workersInvocationsAdaptive"]
R2 = DATASETS["r2OperationsAdaptiveGroups"]
KV = DATASETS["kvOperationsAdaptiveGroups"]


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
    }
    named = {"scriptTag": "t1", "scriptName": "shop", "dispatchNamespaceName": "", "status": "success"}
    return row(sums, **{**named, **dimensions})


def test_a_row_becomes_amounts_by_hour_asset_and_labels() -> None:
    """Amounts stand in the order of the dataset's fields, under their hour, asset id and label values."""
    rows = [worker(), worker(hour="2025-10-20T10:00:00Z", status="internalError")]
    amounts = (3, 1, 2, 4_000_000_000_000, 0, 0, 1_500)
    assert decode_rows(WORKERS, rows) == {
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
    decoded = decode_rows(WORKERS, [worker(duration=number)])
    assert decoded[NINE]["t1", ("success",)][WORKERS.field_index["duration"]] == millionths


def test_a_whole_number_in_float_form_is_whole() -> None:
    """Cloudflare may write an integer as 1e+06."""
    decoded = decode_rows(WORKERS, [worker(requests=Decimal("1e+06"))])
    assert decoded[NINE]["t1", ("success",)][0] == 1_000_000


def test_rows_of_a_dispatch_namespace_belong_to_it() -> None:
    """All scripts of a dispatch namespace are counted together under its name."""
    rows = [
        worker(scriptTag="x", scriptName="tenant-1", dispatchNamespaceName="tenants"),
        worker(scriptTag="y", scriptName="tenant-2", dispatchNamespaceName="tenants"),
    ]
    assert decode_rows(WORKERS, rows) == {
        NINE: {("dispatch:tenants", ("success",)): (6, 2, 4, 8_000_000_000_000, 0, 0, 3_000)}
    }


def test_a_row_without_an_id_is_kept_by_its_name() -> None:
    """An empty id with a name is found by that name, and one without either belongs to the account."""
    rows = [worker(scriptTag="", scriptName="old"), worker(scriptTag="", scriptName="")]
    assert [asset for asset, _ in decode_rows(WORKERS, rows)[NINE]] == ["name:old", ""]


def test_rows_that_fall_together_add_up() -> None:
    """The same hour, asset and labels twice in an answer are one row with the sum."""
    twice = row({"requests": 2, "objectBytes": 10}, namespaceId="k", actionType="read", result="hot_read")
    assert decode_rows(KV, [twice, twice]) == {NINE: {("k", ("read", "hot_read")): (4, 20)}}


def test_labels_are_cloudflares_words_and_their_classes() -> None:
    """A number becomes its text, and a classified label stands beside the word it comes from."""
    made = row(
        {"requests": 1, "responseBytes": 2, "responseObjectSize": 3},
        bucketName="eu_media",
        actionType="ListObjects",
        storageClass="Standard",
    )
    made["dimensions"]["responseStatusCode"] = 200
    assert decode_rows(R2, [made]) == {NINE: {("eu_media", ("ListObjects", "A", "200", "Standard")): (1, 2, 3)}}


def test_no_rows_are_no_hours() -> None:
    """An empty answer holds no hour at all."""
    assert decode_rows(KV, []) == {}


BROKEN = {
    "no dimensions": {"sum": {"requests": 1, "objectBytes": 1}},
    "no hour": row({"requests": 1, "objectBytes": 1}, hour="soon", namespaceId="k", actionType="read", result="x"),
    "no id": row({"requests": 1, "objectBytes": 1}, actionType="read", result="x"),
    "no label": row({"requests": 1, "objectBytes": 1}, namespaceId="k", actionType="read"),
    "no field": row({"requests": 1}, namespaceId="k", actionType="read", result="x"),
    "null field": row({"requests": 1, "objectBytes": None}, namespaceId="k", actionType="read", result="x"),
    "text field": row({"requests": "1", "objectBytes": 1}, namespaceId="k", actionType="read", result="x"),
    "part of one": row({"requests": Decimal("1.5"), "objectBytes": 1}, namespaceId="k", actionType="read", result="x"),
    "no sum": {"dimensions": {"datetimeHour": "2025-10-20T09:00:00Z", "namespaceId": "k"}, "sum": None},
    "no row": None,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_row_that_is_not_as_asked_for_is_an_error(broken: str) -> None:
    """Whatever a row lacks, the answer is not taken, and the error names the dataset."""
    with pytest.raises(Unreachable, match=r"^kvOperationsAdaptiveGroups: a row of the answer is not as asked for"):
        decode_rows(KV, [BROKEN[broken]])  # type: ignore[list-item]


@pytest.mark.parametrize("number", [Decimal("NaN"), float("nan"), float("inf"), "much", None])
def test_a_fraction_that_is_no_number_is_an_error(number: object) -> None:
    """What cannot be counted is not taken for zero."""
    with pytest.raises(Unreachable, match=r"^workersInvocationsAdaptive: a row of the answer"):
        decode_rows(WORKERS, [worker(duration=number)])


def test_the_newest_minute_is_read() -> None:
    """One row with a minute is the newest; no row, or one that cannot be read, is none."""
    made = [{"dimensions": {"datetimeMinute": "2025-10-20T10:16:00Z"}}]
    assert decode_newest(made) == datetime(2025, 10, 20, 10, 16, tzinfo=UTC)
    assert decode_newest([]) is None
    assert decode_newest([{"dimensions": {}}]) is None
    assert decode_newest([{"dimensions": {"datetimeMinute": "late"}}]) is None
