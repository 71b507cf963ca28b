"""Summaries in both text formats, as the parsers of prometheus_client read them."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.exposition.text import Format, render
from exporter.metrics.family import Family, Labels, Sample, build_family

NAMES = ("account", "script_name")


def summary(*scripts: str) -> Family:
    """A summary with two quantiles, a sum and a count for each script."""
    samples: list[Sample] = []
    for script in scripts:
        labels = Labels(NAMES, ("Example", script))
        for quantile, amount in (("0.5", 1_520_500_000), ("0.99", 9_000_000_000)):
            samples.append(Sample(Labels((*NAMES, "quantile"), ("Example", script, quantile)), amount, 10**12))
        samples += [Sample(labels, 40, suffix="_count"), Sample(labels, 2_500_000, 1_000_000, "_sum")]
    return build_family("app_cpu_time_seconds", "summary", "CPU time.", samples)


@pytest.mark.parametrize("form", Format)
def test_a_summary_is_written_exactly(form: Format) -> None:
    """Quantiles carry the family's name, sum and count their suffix, and every value is exact."""
    end = "# EOF\n" if form is Format.OPENMETRICS else ""
    assert render([summary("shop")], form).decode() == (
        "# HELP app_cpu_time_seconds CPU time.\n"
        "# TYPE app_cpu_time_seconds summary\n"
        'app_cpu_time_seconds{account="Example",script_name="shop",quantile="0.5"} 0.0015205\n'
        'app_cpu_time_seconds{account="Example",script_name="shop",quantile="0.99"} 0.009\n'
        'app_cpu_time_seconds_count{account="Example",script_name="shop"} 40\n'
        'app_cpu_time_seconds_sum{account="Example",script_name="shop"} 2.5\n' + end
    )


def test_both_formats_carry_the_same_summaries() -> None:
    """Several summaries of one family, and one that has no quantiles at the moment, are read as what they are."""
    families = [summary("shop", "api"), build_family("app_wall_seconds", "summary", "Wall time.", counted("shop"))]
    (cpu, wall), text = (
        list(parse_openmetrics(render(families, Format.OPENMETRICS).decode())),  # type: ignore[no-untyped-call]
        list(parse_text(render(families, Format.TEXT).decode())),
    )
    assert [(family.name, family.type) for family in text] == [(family.name, family.type) for family in (cpu, wall)]
    assert {family.type for family in text} == {"summary"}
    samples = {(sample.name, tuple(sorted(sample.labels.items())), sample.value) for sample in cpu.samples}
    assert samples == {(sample.name, tuple(sorted(sample.labels.items())), sample.value) for sample in text[0].samples}
    assert len(samples) == 8
    assert [sample.name for sample in wall.samples] == ["app_wall_seconds_count", "app_wall_seconds_sum"]


def counted(script: str) -> list[Sample]:
    """The sum and count of a summary that had no traffic lately."""
    labels = Labels(NAMES, ("Example", script))
    return [Sample(labels, 40, suffix="_count"), Sample(labels, 2_500_000, 1_000_000, "_sum")]


def test_sum_and_count_may_carry_the_same_labels() -> None:
    """They are told apart by their names; two of one name are an error."""
    samples = counted("shop")
    assert build_family("app_seconds", "summary", "Help.", samples).samples == tuple(samples)
    with pytest.raises(ValueError, match=r"^app_seconds: two samples carry the same labels$"):
        build_family("app_seconds", "summary", "Help.", [*samples, samples[0]])
