"""Thresholds in the configuration: what a rule may say, and what is refused with which words."""

from decimal import Decimal
from pathlib import Path

import pytest

from exporter.alerts.table import ACCOUNT, ADJUSTABLE, PROJECT
from exporter.catalog import KINDS
from exporter.config import ConfigError, load_config
from exporter.config.thresholds import ThresholdRule

RATIO = "alert: CloudflareWorkerErrorRatioHigh"
QUOTA = "alert: CloudflareQuotaHigh"


def rules(folder: Path, *texts: str) -> tuple[ThresholdRule, ...]:
    """The rules of a file."""
    path = folder / "exporter.yml"
    listed = ", ".join(f"{{{text}}}" for text in texts)
    path.write_text(f"alerting: {{thresholds: [{listed}]}}\n", encoding="utf-8")
    return load_config(path, {}, None).alerting.thresholds


def faults(folder: Path, text: str) -> list[str]:
    """What is wrong with a rule."""
    with pytest.raises(ConfigError) as caught:
        rules(folder, text)
    return [line.strip().removeprefix("alerting.thresholds[0].") for line in str(caught.value).splitlines()[1:]]


def test_there_are_no_rules_unless_one_is_given(tmp_path: Path) -> None:
    """The section may be left out, be empty or have no list."""
    for text in ("", "alerting:\n", "alerting: {thresholds: }\n", "alerting: {thresholds: []}\n"):
        path = tmp_path / "exporter.yml"
        path.write_text(text, encoding="utf-8")
        assert load_config(path, {}, None).alerting.thresholds == ()


def test_a_rule_says_everything(tmp_path: Path) -> None:
    """Every key arrives; the severity of an alert that has one only is known."""
    first, second = rules(
        tmp_path,
        f"{RATIO}, value: 0.2, account: production, project: shop, asset: 'batch-*'",
        f"{QUOTA}, severity: info, value: 1",
    )
    assert (first.alert, first.value, first.severity) == ("CloudflareWorkerErrorRatioHigh", Decimal("0.2"), "warning")
    assert (first.account, first.project, first.asset) == ("production", "shop", "batch-*")
    assert (second.alert, second.value, second.severity) == ("CloudflareQuotaHigh", 1, "info")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", "0.05"),
        ("0.1", "0.1"),
        ("20_000_000_000", "2e10"),
        ("10e9", "1e10"),
        ("1.5e3", "1500"),
        ("0.000000001", "1e-9"),
        ("'2.5'", "2.5"),
        ("123456789012345.123456789", "123456789012345.12"),
    ],
)
def test_a_value_is_what_stands_there(tmp_path: Path, text: str, value: str) -> None:
    """Numbers with a point become the decimal that was written, as far as YAML can hold it."""
    (rule,) = rules(tmp_path, f"{RATIO}, value: {text}")
    assert rule.value == Decimal(value)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("0", "Input should be greater than 0"),
        ("-0.5", "Input should be greater than 0"),
        (".inf", "Input should be a finite number"),
        (".nan", "Input should be a finite number"),
        ("true", "must be a number"),
        ("a lot", "Input should be a valid decimal"),
        ("[1]", "Decimal input should be an integer, float, string or Decimal object"),
        ("1e30", "Decimal input should have no more than 24 digits in total"),
        ("1.0e-10", "Decimal input should have no more than 9 decimal places"),
    ],
)
def test_a_value_that_is_no_threshold_is_refused(tmp_path: Path, value: str, fault: str) -> None:
    """A threshold is a positive number that can be published as it is."""
    assert faults(tmp_path, f"{RATIO}, value: {value}") == [f"value: {fault}"]


def test_an_unknown_alert_is_refused_with_the_list_of_known_ones(tmp_path: Path) -> None:
    """What depends on the alert is not judged as well."""
    (fault,) = faults(tmp_path, "alert: CloudflareWorkerErrorRateHigh, value: 1, severity: loud, asset: web")
    assert fault == (
        f"alert: not an alert with an adjustable threshold; known: {', '.join(ADJUSTABLE)}. "
        "Did you mean CloudflareWorkerErrorRatioHigh or CloudflareR2ErrorRatioHigh?"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value: 1", ["alert: Field required"]),
        (RATIO, ["value: Field required"]),
        (
            f"{QUOTA}, value: 1",
            ["severity: CloudflareQuotaHigh has a threshold for each severity: set severity to warning or info"],
        ),
        (
            f"{QUOTA}, value: 1, severity: critical",
            ["severity: CloudflareQuotaHigh has no threshold for severity critical; it has warning, info"],
        ),
        (
            f"{RATIO}, value: 1, severity: critical",
            ["severity: CloudflareWorkerErrorRatioHigh has no threshold for severity critical; it has warning"],
        ),
        (
            f"{QUOTA}, value: 1, severity: info, project: shop, asset: web",
            [
                "project: CloudflareQuotaHigh is about a whole account: remove project",
                "asset: CloudflareQuotaHigh is about an account as a whole: remove asset",
            ],
        ),
        (
            "alert: CloudflareListCostRising, value: 3, project: shop, asset: web",
            ["asset: CloudflareListCostRising is about a project as a whole: remove asset"],
        ),
        (f"{RATIO}, value: 1, asset: ' '", ["asset: must not be empty"]),
        (f"{RATIO}, value: 1, project: ''", ["project: must not be empty"]),
        (f"{RATIO}, value: 1, account: ''", ["account: must not be empty"]),
        (f"{RATIO}, value: 1, name: web", ["name: unknown key"]),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Each key that is wrong is named, with what to do."""
    assert faults(tmp_path, text) == expected


def test_every_subject_is_a_kind_that_there_is() -> None:
    """An alert that can be adjusted is about an account, a project, or assets of a kind of the catalog."""
    kinds = {ACCOUNT, PROJECT, *KINDS}
    assert {alert.subject for alert in ADJUSTABLE.values()} <= kinds


@pytest.mark.parametrize("key", ["prometheus_url", "alertmanager_url"])
@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("http://127.0.0.1:9090", True),
        ("https://monitoring.example/prometheus/", True),
        ("http://[::1]:9090", True),
        ("http://user:secret@prometheus:9090", False),
        ("prometheus:9090", False),
        ("http://prometheus:9090/?a=b", False),
        ("ftp://prometheus", False),
        ("http://prometheus:65536", False),
        ("", False),
    ],
)
def test_addresses_are_checked(tmp_path: Path, key: str, url: str, is_one: bool) -> None:
    """One with credentials or parameters is refused, and not repeated in the message."""
    path = tmp_path / "exporter.yml"
    path.write_text(f"alerting: {{{key}: '{url}'}}\n", encoding="utf-8")
    if is_one:
        assert getattr(load_config(path, {}, None).alerting, key) == url
        return
    with pytest.raises(ConfigError) as caught:
        load_config(path, {}, None)
    assert f"alerting.{key}: must be a URL such as http://127.0.0.1:909" in str(caught.value)
    assert "secret" not in str(caught.value)
