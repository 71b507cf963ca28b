"""The catalog as data: names, labels, fields, zeros and meters agree with each other and with Prometheus' rules."""

import collections
import re
from collections.abc import Mapping

import pytest

from exporter.catalog import DATASETS, KINDS, PRODUCTS
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import QUANTILES, ROWS, Metric, tally_id
from exporter.catalog.product import Product
from exporter.catalog.r2 import operation_class
from exporter.catalog.timing import Counter, DayGauge, HourlyGauge, Instant, Timing, Window
from exporter.catalog.trait import UNKNOWN_STATE

METRICS = [(dataset, metric) for dataset in DATASETS.values() for metric in dataset.metrics]

RESERVED_LABELS = {"namespace", "pod", "container", "service", "endpoint", "node", "cluster", "job", "instance"}
SUMMARY_LABELS = {"quantile", "le"}
TAKEN_SUFFIXES = ("_total", "_sum", "_count", "_bucket", "_info", "_created", "_gsum", "_gcount")

WRONG_UNITS = {"ms", "us", "ns", "sec", "secs", "second", "min", "mins", "kb", "mb", "gb", "kib", "mib", "gib", "pct"}

UNITS_OF_A_SECOND = {
    "activeTime": 1_000_000,
    "cpuTime": 1_000_000,
    "cpuTimeUs": 1_000_000,
    "wallTime": 1_000_000,
    "requestDuration": 1_000_000,
    "queryDurationMs": 1_000,
    "latencyMs": 1_000,
}

RATE_CARD_IDS = {
    "workers_requests",
    "workers_cpu_ms",
    "kv_reads",
    "kv_writes",
    "kv_deletes",
    "kv_lists",
    "kv_storage_gb_month",
    "r2_storage_gb_month",
    "r2_class_a",
    "r2_class_b",
    "r2_retrieval_gb",
    "r2_ia_storage_gb_month",
    "r2_ia_class_a",
    "r2_ia_class_b",
    "r2_ia_retrieval_gb",
    "d1_rows_read",
    "d1_rows_written",
    "d1_storage_gb_month",
    "do_requests",
    "do_duration_gb_s",
    "do_sqlite_rows_read",
    "do_sqlite_rows_written",
    "do_sqlite_storage_gb_month",
    "do_kv_read_units",
    "do_kv_write_units",
    "do_kv_deletes",
    "do_kv_storage_gb_month",
}
OWN_IDS = {
    "workers_requests_internal_error",
    "workers_cpu_ms_internal_error",
    "r2_class_unknown",
    "r2_class_a_unauthorized",
    "r2_class_b_unauthorized",
    "r2_class_unknown_unauthorized",
}


def every_metric(metrics: list[tuple[Dataset, Metric]]) -> pytest.MarkDecorator:
    """Run a test for each metric."""
    return pytest.mark.parametrize(("dataset", "metric"), metrics, ids=[metric.name for _, metric in metrics])


def every_product() -> pytest.MarkDecorator:
    """Run a test for each product."""
    return pytest.mark.parametrize("product", PRODUCTS, ids=[product.name for product in PRODUCTS])


def every_kind() -> pytest.MarkDecorator:
    """Run a test for each kind of asset."""
    return pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def every_dataset() -> pytest.MarkDecorator:
    """Run a test for each dataset."""
    return pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))


@every_metric(METRICS)
def test_a_metric_is_named_as_prometheus_asks(dataset: Dataset, metric: Metric) -> None:
    """One prefix, snake case, no abbreviated unit, and the suffix of its kind or none that means another kind."""
    assert re.fullmatch(r"cloudflare(_[a-z][a-z0-9]*)+", metric.name)
    assert WRONG_UNITS.isdisjoint(metric.name.split("_"))
    if metric.family:
        assert metric.name.removeprefix(metric.family) in {"_sum", "_count"}
    elif metric.kind == "counter":
        assert metric.name.endswith("_total")
    else:
        assert not metric.name.endswith(TAKEN_SUFFIXES)


@every_kind()
def test_an_info_metric_is_named_as_prometheus_asks(kind: AssetKind) -> None:
    """Each kind of asset has an info metric and a label of its own, named after it."""
    assert re.fullmatch(r"cloudflare(_[a-z][a-z0-9]*)+_info", kind.info)
    assert sum(other.info == kind.info for other in KINDS.values()) == 1
    assert sum(other.label == kind.label for other in KINDS.values()) == 1


@every_metric([(dataset, metric) for dataset, metric in METRICS if metric.kind == "summary" or metric.family])
def test_the_parts_of_a_summary_agree(dataset: Dataset, metric: Metric) -> None:
    """Quantiles, sum and count of a summary are about the same kind of asset, in seconds, under one sentence."""
    name = metric.family or metric.name
    parts = [(other, part) for other, part in METRICS if name in (part.family, part.name)]
    assert name.endswith("_seconds")
    assert {(other.kind, part.help) for other, part in parts} == {(dataset.kind, metric.help)}
    assert {part.name.removeprefix(name) for _, part in parts} in ({""}, {"", "_sum", "_count"})
    assert {(part.name.removeprefix(name), type(other.timing)) for other, part in parts} <= {
        ("", Window),
        ("_sum", Counter),
        ("_count", Counter),
    }


@every_metric([(dataset, metric) for dataset, metric in METRICS if metric.kind == "summary"])
def test_quantiles_are_shares_of_one(dataset: Dataset, metric: Metric) -> None:
    """The label ``quantile`` is the end of the field's name as a share, ascending, once each."""
    shares = {f"P{share.removeprefix('0.').ljust(2, '0')}": share for share in QUANTILES.values()}
    assert shares == QUANTILES
    assert [part.word for part in metric.parts] == [
        QUANTILES[re.fullmatch(r".*(P\d+)", part.source)[1]]  # type: ignore[index]
        for part in metric.parts
    ]
    assert [float(part.word) for part in metric.parts] == sorted({float(part.word) for part in metric.parts})


@every_dataset()
def test_a_timing_has_its_kinds_of_metrics(dataset: Dataset) -> None:
    """Usage is counted, other figures are gauges, windows may be quantiles; only what days have sums of is billed."""
    kinds: Mapping[type[Timing], set[str]] = {
        Counter: {"counter"},
        HourlyGauge: {"gauge"},
        Window: {"gauge", "summary"},
        DayGauge: {"gauge"},
        Instant: {"gauge"},
    }
    assert {metric.kind for metric in dataset.metrics} <= kinds[type(dataset.timing)]
    assert dataset.metrics
    if not dataset.timing.is_metered:
        assert dataset.meters == ()
        assert "status" not in dataset.dimensions


def test_only_the_storage_of_no_namespace_is_of_the_account() -> None:
    """A metric without an asset label comes from a dataset that knows no assets, and the other way round."""
    assert {metric.name for _, metric in METRICS if metric.is_of_account} == {
        "cloudflare_durable_object_kv_storage_bytes"
    }
    for dataset, metric in METRICS:
        assert metric.is_of_account is (dataset.reads.is_of_account and not dataset.id_dimension)


@every_metric(METRICS)
def test_help_names_the_source(dataset: Dataset, metric: Metric) -> None:
    """HELP is one sentence with the dataset and the metric's fields; quantiles of one source share a name."""
    text = dataset.describe(metric)
    assert metric.help
    assert text.endswith(").")
    assert dataset.name in text
    asked = {entry.name: dataset.distinct_by if entry.group == ROWS else entry.name for entry in dataset.fields}
    if metric.split == "quantile":
        asked = {name: f"quantiles.{name.rpartition('P')[0]}P*" for name in asked}
    assert all(text.count(asked[part.source]) == 1 for part in metric.parts)
    assert "\n" not in text


def test_help_says_whether_cloudflare_estimates() -> None:
    """Sampled datasets say that their figures may be estimates; gauges say what time they are about."""
    names = (
        "workersInvocationsAdaptive",
        "r2OperationsAdaptiveGroups",
        "d1StorageAdaptiveGroups",
        "durableObjectsPeriodicGroups/objects",
    )
    assert [DATASETS[name].describe(DATASETS[name].metrics[0]) for name in names] == [
        "Invocations of a Worker, by outcome (workersInvocationsAdaptive sum.requests; estimated where sampled).",
        "Operations on a bucket (r2OperationsAdaptiveGroups sum.requests; may be estimated if an hour has more than "
        "10,000 events; sampling is not reported).",
        "Size of a database (d1StorageAdaptiveGroups max.databaseSizeBytes; maximum of the newest hour).",
        "Active objects of the namespace; a lower bound if the account has more than 10,000 "
        "(durableObjectsPeriodicGroups objectId; over the 15 minutes ending 5 minutes ago).",
    ]


def test_names_are_unique() -> None:
    """No two metrics, datasets or products share a name."""
    metrics = collections.Counter(metric.name for _, metric in METRICS)
    assert [name for name, count in metrics.items() if count > 1] == []
    declared = [dataset.key for product in PRODUCTS for dataset in product.datasets]
    assert sorted(DATASETS) == sorted(declared)
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)
    assert all(KINDS[kind.kind] == kind for product in PRODUCTS for kind in product.kinds)


@every_product()
def test_labels_are_none_that_service_discovery_sets(product: Product) -> None:
    """Neither the asset's label nor a dimension's is one that Prometheus puts on targets, and none is there twice."""
    for dataset in product.datasets:
        for metric in dataset.metrics:
            split = (metric.split,) if metric.split else ()
            names = ("account", "project", KINDS[dataset.kind].label, *metric.labels, *split)
            assert RESERVED_LABELS.isdisjoint(names)
            assert SUMMARY_LABELS & set(names) == ({"quantile"} if metric.kind == "summary" else set())
            assert metric.kind != "summary" or names[-1] == "quantile"
            assert len(set(names)) == len(names)
            assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


@every_metric(METRICS)
def test_a_metric_uses_what_its_dataset_has(dataset: Dataset, metric: Metric) -> None:
    """Labels and fields of a metric exist in its dataset."""
    assert set(metric.labels) <= {label.name for label in dataset.labels}
    assert metric.parts
    assert {part.source for part in metric.parts} <= dataset.field_index.keys()


@every_metric(METRICS)
def test_zeros_have_a_value_for_each_label(dataset: Dataset, metric: Metric) -> None:
    """Each label set that a counter has from the beginning fits its labels and is there once; gauges have none."""
    arity = len(metric.labels) + bool(metric.split)
    assert bool(metric.zeros) is (metric.kind == "counter")
    assert all(len(values) == arity for values in metric.zeros)
    assert len(set(metric.zeros)) == len(metric.zeros)


@every_metric([(dataset, metric) for dataset, metric in METRICS if metric.split])
def test_a_split_gives_each_part_a_word(dataset: Dataset, metric: Metric) -> None:
    """The parts of a split metric have different words, those of a counter each a series from the beginning."""
    words = [part.word for part in metric.parts]
    assert len(set(words)) == len(words)
    assert metric.kind != "counter" or {values[-1] for values in metric.zeros} == set(words)


@every_metric([(dataset, metric) for dataset, metric in METRICS if not metric.split])
def test_a_metric_without_split_has_one_part(dataset: Dataset, metric: Metric) -> None:
    """Without a label to tell them apart, one field feeds the metric, under no word."""
    assert [part.word for part in metric.parts] == [""]


@every_metric(METRICS)
def test_a_fractional_field_is_divided_by_its_scale(dataset: Dataset, metric: Metric) -> None:
    """Millionths of a unit become units; a number is divided further only where its unit says so."""
    scales = {entry.name: entry.scale for entry in dataset.fields}
    for part in metric.parts:
        source = re.sub(r"P\d+$", "", part.source)
        assert metric.divisor == scales[part.source] * UNITS_OF_A_SECOND.get(source, 1)


@every_dataset()
def test_meters_count_what_is_in_the_rate_card(dataset: Dataset) -> None:
    """Each meter is one of the rate card's or one of those kept apart, and asks for fields and labels that exist."""
    labels = {label.name for label in dataset.labels}
    for meter in dataset.meters:
        assert meter.id in RATE_CARD_IDS | OWN_IDS
        assert meter.source in dataset.field_index
        assert {*meter.where, *meter.unless} <= labels
        assert meter.weight > 0


@every_dataset()
def test_tallies_add_counters_of_their_dataset(dataset: Dataset) -> None:
    """Each names a counter whole, or by one of its labels, and has an id that no meter has."""
    metrics = {metric.name: metric for metric in dataset.metrics}
    for tally in dataset.tallies:
        assert metrics[tally.metric].kind == "counter"
        assert tally.label in ("", *metrics[tally.metric].labels)
        assert tally_id(dataset.kind, tally.tallied) not in RATE_CARD_IDS | OWN_IDS


def test_every_own_meter_is_used() -> None:
    """The ids kept apart are those that the catalog has."""
    declared = {meter.id for dataset in DATASETS.values() for meter in dataset.meters}
    assert declared - RATE_CARD_IDS == OWN_IDS


@every_product()
def test_datasets_belong_to_the_kinds_of_their_product(product: Product) -> None:
    """A dataset's rows are of the assets of its product."""
    assert {dataset.kind for dataset in product.datasets} <= {kind.kind for kind in product.kinds}


@every_kind()
def test_a_list_is_that_of_an_account_and_needs_a_permission_to_read(kind: AssetKind) -> None:
    """Its path contains the account, and its permission changes nothing."""
    assert kind.endpoint.path.startswith("/accounts/{account_id}/")
    assert kind.endpoint.permission.endswith(" Read")


@every_dataset()
def test_each_dimension_is_asked_once(dataset: Dataset) -> None:
    """A dimension that feeds two labels is grouped by once."""
    assert len(set(dataset.dimensions)) == len(dataset.dimensions)
    assert dataset.dimensions[:1] == ((dataset.id_dimension,) if dataset.id_dimension else ())


CLASSES = {
    "A": """ListBuckets PutBucket ListObjects PutObject CopyObject CompleteMultipartUpload CreateMultipartUpload
        LifecycleStorageTierTransition ListMultipartUploads UploadPart UploadPartCopy ListParts PutBucketEncryption
        PutBucketCors PutBucketLifecycleConfiguration PutBucketNotificationConfiguration ListObjectsV3""",
    "B": """HeadBucket HeadObject GetObject UsageSummary GetBucketEncryption GetBucketLocation GetBucketCors
        GetBucketLifecycleConfiguration GetBucketSippyConfiguration GetBucketNotificationConfiguration""",
    "free": "DeleteObject DeleteBucket AbortMultipartUpload DeleteObjects DeleteBucketCors",
    "unknown": "RestoreObject usageSummary getObject",
}


@pytest.mark.parametrize(("name", "actions"), CLASSES.items())
def test_an_operation_has_the_class_that_it_is_billed_as(name: str, actions: str) -> None:
    """The price list's names, and others by their verb; a name that says nothing is unknown."""
    assert {operation_class(action) for action in [*actions.split()]} == {name}
    assert operation_class("") == "unknown"


@every_kind()
def test_traits_are_named_as_prometheus_asks(kind: AssetKind) -> None:
    """Gauges of a list have names of their own, labels do not collide, and no state is declared unknown."""
    names = [metric.name for _, metric in METRICS]
    names += [trait.name for each in KINDS.values() for trait in (*each.figures, *each.states)]
    for trait in (*kind.figures, *kind.states):
        assert names.count(trait.name) == 1
        assert re.fullmatch(r"cloudflare(_[a-z][a-z0-9]*)+", trait.name)
        assert not trait.name.endswith(TAKEN_SUFFIXES)
    own = ["account", "project", kind.label, "asset_id", *(detail.label for detail in kind.details)]
    split = [figure.split for figure in kind.figures if figure.split] + [state.label for state in kind.states]
    assert len(set(own)) == len(own)
    assert RESERVED_LABELS.isdisjoint([*own, *split])
    assert {"account", "project", kind.label}.isdisjoint(split)
    assert all(UNKNOWN_STATE not in state.states for state in kind.states)
