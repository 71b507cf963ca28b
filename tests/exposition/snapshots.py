"""Snapshots made by hand."""

from datetime import UTC, datetime, timedelta

from exporter.metrics.family import Family, Labels, Sample
from exporter.metrics.snapshot import Snapshot
from exporter.model import Scope
from exporter.status import AccountStatus, DatasetStatus, ExporterStatus, ListStatus

AT = datetime(2025, 10, 20, 10, 0, 5, tzinfo=UTC)
SINCE = AT - timedelta(hours=2, minutes=10)
ACCOUNT_ID = "a" * 32
SCOPE = Scope(ACCOUNT_ID)


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def now(self) -> datetime:
        return AT + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds


def family(
    name: str, kind: str, *samples: tuple[dict[str, str], int | float], divisor: int = 1, text: str = "Help."
) -> Family:
    """A family of labels and amounts."""
    made = [Sample(Labels(tuple(labels), tuple(labels.values())), amount, divisor) for labels, amount in samples]
    return Family(name, kind, text, tuple(made))


FAMILIES = (
    family("app_info", "info", ({"version": "1.0"}, 1)),
    family("app_series", "gauge", ({}, 3)),
    family(
        "app_requests_total",
        "counter",
        ({"account": "Example", "script_name": 'say "hi"\\\n'}, 9_007_199_254_740_993),
        ({"account": "Example", "script_name": ""}, 0),
        text='Requests, "quoted", with a \\ and\na new line.',
    ),
    family("app_duration_seconds_total", "counter", ({"account": "Ünïcode"}, 12_345_678_000_001), divisor=1_000_000),
    family("app_offset_seconds", "gauge", ({}, -0.25)),
    family("app_empty_total", "counter"),
)


FRESH = {(SCOPE, "kvOperationsAdaptiveGroups"): AT - timedelta(minutes=9)}


def snapshot(*families: Family, commit_number: int = 7) -> Snapshot:
    """A snapshot with one account that is up and one that is not."""
    status = ExporterStatus(
        accounts=(
            AccountStatus(ACCOUNT_ID, True),
            AccountStatus("", False, "unauthorized", "The <token> was rejected.", "token 2", "Check it.", SINCE),
        ),
        datasets=(
            DatasetStatus(
                Scope(ACCOUNT_ID), "kvOperationsAdaptiveGroups", "failing", "unreachable", "No answer.", "Wait."
            ),
        ),
        lists=(
            ListStatus(ACCOUNT_ID, "kv_namespace", "unavailable", "forbidden", "May not.", "Give 'KV Read'.", SINCE),
            ListStatus(ACCOUNT_ID, "worker", "ok"),
        ),
        api_requests={},
        days={},
        sample_intervals={},
        page_splits=0,
        commit_failures=0,
        storage_bytes=0,
        refresh_interval=timedelta(seconds=60),
        budgets={},
        discovery_interval=timedelta(minutes=10),
        clock_offset=None,
    )
    return Snapshot(commit_number, AT, families or FAMILIES, status, {ACCOUNT_ID: "Example"}, FRESH)
