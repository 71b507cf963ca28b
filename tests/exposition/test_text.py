"""The two text formats."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.exposition.process import ProcessMetrics
from exporter.exposition.text import Format, render
from exporter.metrics.family import Labels, Sample, format_value
from tests.exposition.snapshots import FAMILIES, family

NO_LABELS = Labels((), ())


def test_openmetrics_is_written_exactly() -> None:
    """Families carry their names without suffix, whole numbers are whole, and the end is marked."""
    assert render(FAMILIES, Format.OPENMETRICS).decode() == (
        "# HELP app Help.\n"
        "# TYPE app info\n"
        'app_info{version="1.0"} 1\n'
        "# HELP app_series Help.\n"
        "# TYPE app_series gauge\n"
        "app_series 3\n"
        '# HELP app_requests Requests, \\"quoted\\", with a \\\\ and\\na new line.\n'
        "# TYPE app_requests counter\n"
        'app_requests_total{account="Example",script_name="say \\"hi\\"\\\\\\n"} 9007199254740993\n'
        'app_requests_total{account="Example",script_name=""} 0\n'
        "# HELP app_duration_seconds Help.\n"
        "# TYPE app_duration_seconds counter\n"
        'app_duration_seconds_total{account="Ünïcode"} 12345678.000001\n'
        "# HELP app_offset_seconds Help.\n"
        "# TYPE app_offset_seconds gauge\n"
        "app_offset_seconds -0.25\n"
        "# EOF\n"
    )


def test_text_is_written_exactly() -> None:
    """The older format keeps full names, knows no info type and has no end mark."""
    assert render(FAMILIES, Format.TEXT).decode() == (
        "# HELP app_info Help.\n"
        "# TYPE app_info gauge\n"
        'app_info{version="1.0"} 1\n'
        "# HELP app_series Help.\n"
        "# TYPE app_series gauge\n"
        "app_series 3\n"
        '# HELP app_requests_total Requests, "quoted", with a \\\\ and\\na new line.\n'
        "# TYPE app_requests_total counter\n"
        'app_requests_total{account="Example",script_name="say \\"hi\\"\\\\\\n"} 9007199254740993\n'
        'app_requests_total{account="Example",script_name=""} 0\n'
        "# HELP app_duration_seconds_total Help.\n"
        "# TYPE app_duration_seconds_total counter\n"
        'app_duration_seconds_total{account="Ünïcode"} 12345678.000001\n'
        "# HELP app_offset_seconds Help.\n"
        "# TYPE app_offset_seconds gauge\n"
        "app_offset_seconds -0.25\n"
    )


Samples = set[tuple[str, tuple[tuple[str, str], ...], float, object, object]]


def openmetrics_samples(body: bytes) -> Samples:
    """All samples of an OpenMetrics text with their timestamps and exemplars."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())), sample.value, sample.timestamp, sample.exemplar)
        for metric in parse_openmetrics(body.decode())  # type: ignore[no-untyped-call]
        for sample in metric.samples
    }


def text_samples(body: bytes) -> Samples:
    """All samples of a text with their timestamps and exemplars."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())), sample.value, sample.timestamp, sample.exemplar)
        for metric in parse_text(body.decode())
        for sample in metric.samples
    }


def test_both_formats_carry_the_same_samples() -> None:
    """Names, label values and values are equal for their own parsers; there are no timestamps and no exemplars."""
    families = (*FAMILIES, *ProcessMetrics().families())
    openmetrics = openmetrics_samples(render(families, Format.OPENMETRICS))
    assert openmetrics == text_samples(render(families, Format.TEXT))
    assert len(openmetrics) == sum(len(family.samples) for family in families)
    labels = (("account", "Example"), ("script_name", 'say "hi"\\\n'))
    assert ("app_requests_total", labels, 9_007_199_254_740_993, None, None) in openmetrics
    assert {(timestamp, exemplar) for *_, timestamp, exemplar in openmetrics} == {(None, None)}
    assert not [name for name, *_ in openmetrics if name.endswith("_created")]


def test_process_metrics_are_counted_and_named() -> None:
    """The process's own figures are there, each family with its suffix."""
    names = {family.name: family.kind for family in ProcessMetrics().families()}
    assert names["process_cpu_seconds_total"] == "counter"
    assert names["process_resident_memory_bytes"] == "gauge"
    assert names["python_gc_collections_total"] == "counter"


def test_a_family_without_samples_is_left_out() -> None:
    """A header alone says nothing."""
    assert render([family("app_empty_total", "counter")], Format.TEXT) == b""
    assert render([], Format.OPENMETRICS) == b"# EOF\n"


@pytest.mark.parametrize(
    ("amount", "divisor", "text"),
    [
        (0, 1, "0"),
        (9_007_199_254_740_993, 1, "9007199254740993"),
        (0, 1_000_000, "0"),
        (1, 1_000_000, "0.000001"),
        (1_000_000, 1_000_000, "1"),
        (1_500_000, 1_000_000, "1.5"),
        (10_000_010, 1_000_000, "10.00001"),
        (9_007_199_254_740_993_000_001, 1_000_000, "9007199254740993.000001"),
        (1_024, 1_000, "1.024"),
        (0.25, 1, "0.25"),
    ],
)
def test_values_are_exact(amount: int | float, divisor: int, text: str) -> None:
    """Whole numbers have no point and no exponent, and a divisor moves the point without a float between."""
    assert format_value(Sample(NO_LABELS, amount, divisor)) == text


def test_labels_need_a_value_each() -> None:
    """A label set of uneven length is an error where it is made."""
    with pytest.raises(ValueError, match="2 label names but 1 values"):
        Labels(("a", "b"), ("x",))
