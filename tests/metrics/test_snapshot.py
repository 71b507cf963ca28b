"""The snapshot: what the ledger and the exporter say of themselves, as families."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exporter import __version__
from exporter.catalog import DATASETS, PRODUCTS
from exporter.ledger.counters import CounterState
from exporter.ledger.gauges import GaugeState
from exporter.ledger.publication import Publication, PublishedBook
from exporter.ledger.roster import Entry, Standing
from exporter.ledger.series import SeriesKey
from exporter.metrics.family import Labels, Sample, build_family
from exporter.metrics.snapshot import Snapshot, SnapshotBuilder, family_names
from exporter.model import Asset, DayProgress, Placement, Scope
from exporter.status import AccountStatus, DatasetStatus, ExporterStatus, ListStatus

AT = datetime(2025, 10, 20, 10, 1, 2, tzinfo=UTC)
UNTIL = datetime(2025, 10, 20, 10, 1, tzinfo=UTC)
START = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
ACCOUNT_ID = "a" * 32
D1 = DATASETS["d1AnalyticsAdaptiveGroups"]
R2 = DATASETS["r2OperationsAdaptiveGroups"]
OBJECTS = DATASETS["durableObjectsPeriodicGroups"]
WORKERS = DATASETS["workersInvocationsAdaptive"]
LATELY = DATASETS["workersInvocationsAdaptive/quantiles"]
KV_STORAGE = DATASETS["durableObjectsStorageGroups"]

STATE = CounterState(
    START,
    START,
    UNTIL,
    UNTIL,
    UNTIL + timedelta(seconds=5),
    START,
    UNTIL - timedelta(minutes=3),
    revisions=2,
    gap=timedelta(hours=1),
)
READINGS = GaugeState(UNTIL, UNTIL + timedelta(seconds=5), START)

STATUS = ExporterStatus(
    accounts=(
        AccountStatus(ACCOUNT_ID, True),
        AccountStatus("", False, "unauthorized", "Check that the token is right.", "token 2"),
    ),
    datasets=(
        DatasetStatus(Scope(ACCOUNT_ID), D1.name, "ok"),
        DatasetStatus(Scope(ACCOUNT_ID), R2.name, "unavailable", "forbidden", "Give the token the permission."),
        DatasetStatus(Scope("f" * 32), D1.name, "ok"),
    ),
    lists=(
        ListStatus(ACCOUNT_ID, "worker", "ok"),
        ListStatus(ACCOUNT_ID, "r2_bucket", "unavailable", "forbidden", "Give the token the permission."),
    ),
    api_requests={("rest", "success"): 12, ("graphql", "throttled"): 1},
    days={(Scope(ACCOUNT_ID), D1.name): DayProgress(START, 3)},
    sample_intervals={(Scope(ACCOUNT_ID), D1.name): 10.5},
    page_splits=3,
    commit_failures=4,
    storage_bytes=4096,
    refresh_interval=timedelta(seconds=60),
    budgets={"graphql": (210, 200)},
    discovery_interval=timedelta(minutes=10),
    clock_offset=timedelta(milliseconds=-1500),
)


def publication(*books: PublishedBook) -> Publication:
    """What a ledger publishes: some books, and one asset that no discovery lists."""
    roster = (
        Entry(Asset("d1_database", "d1", "orders"), Standing.LISTED, START),
        Entry(Asset("worker", "w1", ""), Standing.UNLISTED, START),
        Entry(Asset("worker", "w2", ""), Standing.STRANGER, START),
    )
    return Publication(7, {ACCOUNT_ID: "Example"}, books, {ACCOUNT_ID: roster}, {})


def values(snapshot: Snapshot, name: str) -> dict[str, int | float]:
    """The samples of a family by their labels' text."""
    family = next(family for family in snapshot.families if family.name == name)
    return {sample.labels.text: sample.amount for sample in family.samples}


def build(*books: PublishedBook, status: ExporterStatus = STATUS) -> Snapshot:
    """A snapshot of some books."""
    return SnapshotBuilder(PRODUCTS).build(publication(*books), status, AT)


def test_all_names_are_known_beforehand() -> None:
    """So none can be taken twice: every family is there, even without samples."""
    assert {family.name for family in build().families} == family_names(PRODUCTS)


def test_usage_is_published_under_its_placement() -> None:
    """A series carries account, project, the asset's own label and the metric's labels, in that order."""
    names = [metric.name for metric in R2.metrics]
    key = SeriesKey(names.index("cloudflare_r2_operations_total"), ("GetObject", "B", "200", "Standard"))
    snapshot = build(PublishedBook(Scope(ACCOUNT_ID), R2, STATE, None, ((Placement("shop", "eu_media"), key, 5),)))
    assert values(snapshot, "cloudflare_r2_operations_total") == {
        '{account="Example",project="shop",bucket="eu_media",action="GetObject",class="B",status_code="200",'
        'storage_class="Standard"}': 5
    }


def test_a_split_metric_carries_the_word_of_its_part() -> None:
    """Fields that feed one metric are told apart by one more label."""
    names = [metric.name for metric in OBJECTS.metrics]
    index = names.index("cloudflare_durable_object_websocket_messages_total")
    series = tuple((Placement("shop", "Cart"), SeriesKey(index, (word,)), 1) for word in ("inbound", "outbound"))
    snapshot = build(PublishedBook(Scope(ACCOUNT_ID), OBJECTS, STATE, None, series))
    assert values(snapshot, "cloudflare_durable_object_websocket_messages_total") == {
        '{account="Example",project="shop",do_namespace="Cart",direction="inbound"}': 1,
        '{account="Example",project="shop",do_namespace="Cart",direction="outbound"}': 1,
    }


def test_a_divisor_comes_from_the_catalog() -> None:
    """Millionths stay integers in the snapshot, with what they have to be divided by."""
    names = [metric.name for metric in D1.metrics]
    key = SeriesKey(names.index("cloudflare_d1_response_bytes_total"), ())
    snapshot = build(
        PublishedBook(Scope(ACCOUNT_ID), D1, STATE, None, ((Placement("shop", "orders"), key, 1_500_000),))
    )
    family = next(family for family in snapshot.families if family.name == "cloudflare_d1_response_bytes_total")
    assert (family.samples[0].amount, family.samples[0].divisor) == (1_500_000, 1_000_000)
    assert family.help == (
        "Bytes of query responses (d1AnalyticsAdaptiveGroups sum.queryBatchResponseBytes; estimated where sampled)."
    )


def test_every_metric_of_the_catalog_has_a_family() -> None:
    """Families are there, in the catalog's order, even while they have no series."""
    names = [family.name for family in build().families]
    metrics = dict.fromkeys(metric.family or metric.name for dataset in DATASETS.values() for metric in dataset.metrics)
    assert names[: len(metrics)] == list(metrics)
    assert len(names) == len(set(names))


def test_two_ways_of_counting_a_dataset_stand_apart() -> None:
    """Each has its own time, revisions and freshness, under a name of its own."""
    other = replace(D1, variant="by_query", metrics=())
    earlier = STATE._replace(published_until=START, revisions=9)
    snapshot = build(
        PublishedBook(Scope(ACCOUNT_ID), D1, STATE, None, ()),
        PublishedBook(Scope(ACCOUNT_ID), other, earlier, None, ()),
    )
    one, two = (f'{{account="Example",dataset="{D1.name}{way}",zone=""}}' for way in ("", "/by_query"))
    assert values(snapshot, "cloudflare_exporter_dataset_queried_until_timestamp_seconds") == {
        one: UNTIL.timestamp(),
        two: START.timestamp(),
    }
    assert values(snapshot, "cloudflare_exporter_revisions_total") == {one: 2, two: 9}
    assert snapshot.fresh_until == {(Scope(ACCOUNT_ID), D1.name): UNTIL, (Scope(ACCOUNT_ID), other.key): START}


def quantiles(script: str, median: int) -> tuple[tuple[Placement, SeriesKey, int], ...]:
    """The first two quantiles of a Worker's CPU time."""
    place = Placement("shop", script)
    return ((place, SeriesKey(0, ("0.75",)), median + 1), (place, SeriesKey(0, ("0.5",)), median))


def test_a_summary_is_put_together_from_usage_and_window() -> None:
    """Quantiles come from the window, sum and count from the usage, and what belongs to one Worker stands together."""
    names = [metric.name for metric in WORKERS.metrics]
    positions = [names.index(f"cloudflare_worker_cpu_time_seconds_{end}") for end in ("sum", "count")]
    usage = tuple(
        (Placement("shop", script), SeriesKey(position, ()), 7) for script in ("web", "api") for position in positions
    )
    snapshot = build(
        PublishedBook(Scope(ACCOUNT_ID), WORKERS, STATE, None, usage),
        PublishedBook(Scope(ACCOUNT_ID), LATELY, None, READINGS, (*quantiles("web", 5), *quantiles("idle", 3))),
    )
    family = next(family for family in snapshot.families if family.name == "cloudflare_worker_cpu_time_seconds")
    assert family.kind == "summary"
    assert [
        (sample.labels.as_dict()["script_name"], sample.suffix or sample.labels.values[-1], sample.amount)
        for sample in family.samples
    ] == [
        ("api", "_count", 7),
        ("api", "_sum", 7),
        ("idle", "0.5", 3),
        ("idle", "0.75", 4),
        ("web", "0.5", 5),
        ("web", "0.75", 6),
        ("web", "_count", 7),
        ("web", "_sum", 7),
    ]


def test_a_gauge_of_the_account_has_no_asset() -> None:
    """What Cloudflare knows for the account only carries no project and no name."""
    series = ((Placement("unassigned", "(account)"), SeriesKey(0, ()), 5),)
    snapshot = build(PublishedBook(Scope(ACCOUNT_ID), KV_STORAGE, None, READINGS, series))
    assert values(snapshot, "cloudflare_durable_object_kv_storage_bytes") == {'{account="Example"}': 5}


def test_a_state_shows_when_it_was_read_and_a_window_does_not_hide_its_dataset() -> None:
    """A state has no start and no queried time; the moments of a dataset are those of its usage."""
    later = READINGS._replace(last_success=UNTIL + timedelta(minutes=9))
    snapshot = build(
        PublishedBook(Scope(ACCOUNT_ID), WORKERS, STATE, None, ()),
        PublishedBook(Scope(ACCOUNT_ID), LATELY, None, later, ()),
        PublishedBook(Scope(ACCOUNT_ID), KV_STORAGE, None, later, ()),
    )
    prefix = "cloudflare_exporter_dataset_"
    usage, state = (
        f'{{account="Example",dataset="{name}",zone=""}}' for name in ("workersInvocationsAdaptive", KV_STORAGE.name)
    )
    assert values(snapshot, f"{prefix}start_timestamp_seconds") == {usage: 1760950800}
    assert values(snapshot, f"{prefix}queried_until_timestamp_seconds") == {usage: 1760954460}
    assert values(snapshot, f"{prefix}newest_data_timestamp_seconds") == {usage: 1760954280, state: 1760950800}
    assert values(snapshot, f"{prefix}last_success_timestamp_seconds") == {usage: 1760954465, state: 1760955000}


def test_a_dataset_shows_how_far_it_is() -> None:
    """Start, questioned time, newest data and last success are moments, labelled by account and dataset."""
    snapshot = build(PublishedBook(Scope(ACCOUNT_ID), D1, STATE, None, ()))
    labels = '{account="Example",dataset="d1AnalyticsAdaptiveGroups",zone=""}'
    prefix = "cloudflare_exporter_dataset_"
    assert values(snapshot, f"{prefix}start_timestamp_seconds") == {labels: 1760950800}
    assert values(snapshot, f"{prefix}queried_until_timestamp_seconds") == {labels: 1760954460}
    assert values(snapshot, f"{prefix}newest_data_timestamp_seconds") == {labels: 1760954280}
    assert values(snapshot, f"{prefix}last_success_timestamp_seconds") == {labels: 1760954465}


def test_a_held_publication_shows_the_time_that_its_values_have() -> None:
    """As long as values are held back, so is the time up to which they were asked; no data yet is no sample."""
    held = STATE._replace(published_until=START, newest=None)
    snapshot = build(PublishedBook(Scope(ACCOUNT_ID), D1, held, None, ()))
    assert list(values(snapshot, "cloudflare_exporter_dataset_queried_until_timestamp_seconds").values()) == [
        1760950800
    ]
    assert values(snapshot, "cloudflare_exporter_dataset_newest_data_timestamp_seconds") == {}


def test_the_exporter_tells_of_itself() -> None:
    """Accounts, datasets, requests and the ledger's own counts are published, whole numbers as integers."""
    late = STATE._replace(late=(0, 0, 0, 0, 2_500_000))
    snapshot = build(PublishedBook(Scope(ACCOUNT_ID), D1, late, None, ()))
    own = "cloudflare_exporter_"
    dataset = '{account="Example",dataset="d1AnalyticsAdaptiveGroups",zone=""}'
    assert values(snapshot, f"{own}build_info") == {f'{{version="{__version__}"}}': 1}
    assert values(snapshot, f"{own}account_up") == {'{account="Example"}': 1, '{account="token 2"}': 0}
    assert values(snapshot, f"{own}dataset_state") == {
        '{account="Example",dataset="d1AnalyticsAdaptiveGroups",zone="",state="ok",reason=""}': 1,
        '{account="Example",dataset="r2OperationsAdaptiveGroups",zone="",state="unavailable",reason="forbidden"}': 1,
    }
    assert values(snapshot, f"{own}api_requests_total") == {
        '{api="rest",outcome="success"}': 12,
        '{api="graphql",outcome="throttled"}': 1,
    }
    assert values(snapshot, f"{own}revisions_total") == {dataset: 2}
    assert values(snapshot, f"{own}dataset_sample_interval") == {dataset: 10.5}
    assert values(snapshot, f"{own}gap_seconds_total") == {dataset: 3600}
    assert values(snapshot, f"{own}audited_until_timestamp_seconds") == {dataset: 1760950800}
    assert values(snapshot, f"{own}history_fill_remaining_seconds") == {dataset: 3 * 86_400}
    fields = ("readQueries", "writeQueries", "rowsRead", "rowsWritten", "queryBatchResponseBytes")
    assert values(snapshot, f"{own}late_usage_total") == {
        f'{{account="Example",dataset="d1AnalyticsAdaptiveGroups",zone="",field="{field}"}}': amount
        for field, amount in zip(fields, (0, 0, 0, 0, 2.5), strict=True)
    }
    assert values(snapshot, f"{own}unlisted_assets") == {'{account="Example"}': 1}
    singles = {
        "page_splits_total": 3,
        "commit_failures_total": 4,
        "storage_bytes": 4096,
        "refresh_interval_seconds": 60,
        "discovery_interval_seconds": 600,
        "snapshot_timestamp_seconds": 1760954462,
        "clock_offset_seconds": -1.5,
    }
    assert {name: values(snapshot, own + name)[""] for name in singles} == singles
    assert type(values(snapshot, f"{own}refresh_interval_seconds")[""]) is int


def test_the_series_are_counted() -> None:
    """The count includes itself."""
    snapshot = build()
    assert values(snapshot, "cloudflare_exporter_series") == {
        "": sum(len(family.samples) for family in snapshot.families)
    }


def test_an_unknown_offset_is_left_out() -> None:
    """Before Cloudflare ever answered nobody knows how far the clock is off."""
    assert values(build(status=replace(STATUS, clock_offset=None)), "cloudflare_exporter_clock_offset_seconds") == {}


def test_a_snapshot_carries_revision_time_and_status() -> None:
    """Everything that pages and scrapes need is in the one value."""
    snapshot = build()
    assert (snapshot.commit_number, snapshot.at, snapshot.status, snapshot.account_labels) == (
        7,
        AT,
        STATUS,
        {ACCOUNT_ID: "Example"},
    )


def test_label_sets_are_made_once() -> None:
    """The next snapshot of the same series carries the very same label set; a series that left is forgotten."""
    builder = SnapshotBuilder(PRODUCTS)
    book = PublishedBook(Scope(ACCOUNT_ID), D1, STATE, None, ((Placement("shop", "orders"), SeriesKey(0, ()), 1),))
    first, second = (builder.build(publication(book), STATUS, AT).families[:50] for _ in range(2))
    made = [next(f for f in families if f.name == D1.metrics[0].name).samples[0].labels for families in (first, second)]
    assert made[0] is made[1]
    builder.build(publication(), STATUS, AT)
    third = builder.build(publication(book), STATUS, AT).families
    assert next(f for f in third if f.name == D1.metrics[0].name).samples[0].labels is not made[0]


def test_two_samples_of_one_series_are_an_error() -> None:
    """A duplicate is caught before Prometheus would reject the scrape."""
    twice = Sample(Labels(("account",), ("Example",)), 1)
    with pytest.raises(ValueError, match=r"^app_total: two samples carry the same labels$"):
        build_family("app_total", "counter", "Help.", [twice, twice])
    book = PublishedBook(Scope(ACCOUNT_ID), D1, STATE, None, ((Placement("shop", "orders"), SeriesKey(0, ()), 1),) * 2)
    with pytest.raises(ValueError, match=r"^cloudflare_d1_read_queries_total: two samples carry the same labels$"):
        build(book)


def test_other_label_names_are_an_error() -> None:
    """A family has one set of label names."""
    samples = [Sample(Labels(("account",), ("a",)), 1), Sample(Labels(("project",), ("b",)), 1)]
    with pytest.raises(ValueError, match=r"^app_total: samples carry different label names$"):
        build_family("app_total", "counter", "Help.", samples)
