"""The file of thresholds, as it is written from the table of alerts."""

import pytest

from alerting.thresholds import as_yaml, number
from exporter.alerts.table import AlertEntry, Section, Setting, Threshold

ENTRY = AlertEntry(
    "CloudflareQueueBacklog",
    (Threshold("warning", 10e9, "Much."), Threshold("critical", 20_500, "Too much.")),
    (Setting("least", 0.5, "Little."),),
)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (24, "24"), (14.4, "14.4"), (0.008, "0.008"), (20_000, "20000"), (10e9, "10e9"), (4e8, "400e6")],
)
def test_numbers_are_written_as_people_do(value: float, written: str) -> None:
    """Long round ones have a power of ten, and each is read as the number that it was."""
    assert number(value) == written
    assert float(written) == value


def test_the_thresholds_file_is_written_from_the_table() -> None:
    """Each number is a record below its reason, in a section with a title."""
    text = as_yaml([Section("Queues", (ENTRY,))])
    assert text.partition("    rules:\n")[2].splitlines() == [
        "      # Queues",
        "",
        "      # Much.",
        "      - record: cloudflare:alert_threshold:default",
        "        expr: vector(10e9)",
        "        labels: {alert: CloudflareQueueBacklog, severity: warning}",
        "      # Too much.",
        "      - record: cloudflare:alert_threshold:default",
        "        expr: vector(20500)",
        "        labels: {alert: CloudflareQueueBacklog, severity: critical}",
        "      # Little.",
        "      - record: cloudflare:alert_setting:default",
        "        expr: vector(0.5)",
        "        labels: {alert: CloudflareQueueBacklog, setting: least}",
    ]
