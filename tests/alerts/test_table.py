"""The table of alerts: what is written in it makes sense, and what it lacks is refused."""

import pytest

from exporter.alerts import SEVERITIES
from exporter.alerts.names import PREFIX
from exporter.alerts.table import ACCOUNT, ADJUSTABLE, ALERTS, PROJECT, SECTIONS, AlertEntry
from exporter.alerts.table.entry import FREE_PLAN, Setting, Threshold
from exporter.catalog import KINDS

BOTH = AlertEntry(
    "CloudflareQueueBacklog",
    (Threshold("warning", 10e9, "Much."), Threshold("critical", 20_500, "Too much.")),
    (Setting("least", 0.5, "Little."),),
)


def test_names_stand_once() -> None:
    """Each alert has one entry, and its name says that it is ours."""
    names = [alert.name for section in SECTIONS for alert in section.alerts]
    assert len(set(names)) == len(names)
    assert all(name.startswith(PREFIX) for name in names)


def test_every_number_has_a_reason() -> None:
    """It stands beside the number in the file of thresholds."""
    for alert in ALERTS.values():
        assert all(knob.reason for knob in (*alert.thresholds, *alert.settings)), alert.name


def test_every_entry_says_when_it_fires() -> None:
    """It has thresholds, or the severity of an alert that compares with nothing; never both, never neither."""
    assert AlertEntry("CloudflareQueueOdd", fixed_severity="info").severities == ("info",)
    assert AlertEntry("CloudflareQueueOdd", fixed_severity="info").severity == "info"
    for thresholds, fixed in (((), ""), (BOTH.thresholds, "info")):
        with pytest.raises(ValueError, match="CloudflareQueueOdd has to have either thresholds or a fixed severity"):
            AlertEntry("CloudflareQueueOdd", thresholds, fixed_severity=fixed)


def test_severities_are_known() -> None:
    """Alerts are of severities that routes know, each once."""
    for alert in ALERTS.values():
        assert len(set(alert.severities)) == len(alert.severities)
        assert set(alert.severities) <= set(SEVERITIES)


def test_what_can_be_set_has_a_subject_and_a_unit() -> None:
    """It is about an account, a project or an asset of the catalog, and says in words what the number is."""
    kinds = {ACCOUNT, PROJECT} | KINDS.keys()
    for alert in ADJUSTABLE.values():
        assert alert.subject in kinds
        assert alert.unit and alert.severities, alert.name


def test_the_worst_severity_is_named_first() -> None:
    """Severities are told in the order of their weight, however the table has them."""
    assert BOTH.severities == ("critical", "warning")


def test_a_threshold_is_that_of_its_severity() -> None:
    """Each severity has its own; without one it is asked for in vain."""
    assert BOTH.threshold("critical").default == 20_500
    for severity in ("info", ""):
        with pytest.raises(ValueError, match=r"CloudflareQueueBacklog has \d thresholds"):
            BOTH.threshold(severity)


def test_a_setting_that_is_not_there_is_refused() -> None:
    """A rule can depend on no number that the table lacks."""
    assert BOTH.setting("least").value == 0.5
    with pytest.raises(ValueError, match="has no setting most"):
        BOTH.setting("most")


def test_the_free_plan_may_have_another_threshold() -> None:
    """A setting of a known name says so."""
    assert not BOTH.has_free_plan
    assert AlertEntry(BOTH.name, BOTH.thresholds, (Setting(FREE_PLAN, 1, "Small."),)).has_free_plan
