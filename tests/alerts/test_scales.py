"""Two scales that are never mixed: what is critical for money states an amount, what is for harm asks no price."""

import re

import pytest

from docs.alerts import alerts_list
from exporter.alerts.table import ALERTS, Scale
from tests.alerting.shipped import SHIPPED, expressions_of

MONEY = {
    "CloudflareR2BucketLarge",
    "CloudflareR2BucketFilling",
    "CloudflareR2ClassASpike",
    "CloudflareR2ObjectsLarge",
    "CloudflareR2EgressSpike",
    "CloudflareR2QuotaHigh",
    "CloudflareD1RowsReadSpike",
    "CloudflareD1RowsWrittenSpike",
    "CloudflareD1FullScans",
    "CloudflareDurableObjectDurationSpike",
    "CloudflareDurableObjectRequestSpike",
    "CloudflareDurableObjectRowsReadSpike",
    "CloudflareDurableObjectRowsWrittenSpike",
    "CloudflareDurableObjectStorageLarge",
    "CloudflareKvOperationSpike",
    "CloudflareQuotaHigh",
    "CloudflareCostForecastHigh",
    "CloudflareListCostRising",
    "CloudflareListCostPerHourHigh",
    "CloudflareListCostMultiplied",
    "CloudflareListCostPerDayHigh",
    "CloudflareBudgetUsed",
    "CloudflareBudgetExceededSoon",
    "CloudflareBudgetForecastExceeded",
    "CloudflareBilledEstimateApart",
    "CloudflareRateCardOld",
}

AVAILABILITY = {
    "CloudflareWorkerFailing",
    "CloudflareWorkerErrorRatioHigh",
    "CloudflareR2Failing",
    "CloudflareR2ErrorRatioHigh",
    "CloudflareD1Failing",
    "CloudflareD1ErrorRatioHigh",
    "CloudflareDurableObjectFailing",
    "CloudflareDurableObjectErrorRatioHigh",
    "CloudflareKvFailing",
    "CloudflareKvErrorRatioHigh",
    "CloudflareWorkerErrorBudgetBurn",
    "CloudflareWorkerSuccessRatioLow",
    "CloudflareWorkerCpuTimeHigh",
    "CloudflareWorkerRequestTimeHigh",
    "CloudflareWorkerLimitExceeded",
    "CloudflareWorkerTrafficVanished",
    "CloudflareWorkerTrafficAnomalous",
    "CloudflareR2AccessDenied",
    "CloudflareD1SizeHigh",
    "CloudflareD1QueryTimeHigh",
    "CloudflareDurableObjectLimitExceeded",
    "CloudflareKvDailyLimitHigh",
    "CloudflareExporterDown",
    "CloudflareExporterGone",
    "CloudflareExporterAbsent",
    "CloudflareWatchdog",
    "CloudflareAccountDown",
    "CloudflareTokenFailing",
    "CloudflareDatasetStale",
    "CloudflareDatasetRefused",
    "CloudflareApiBudgetTight",
    "CloudflareExporterStorageFailing",
    "CloudflareExporterConfigRefused",
    "CloudflareLabelsRenamed",
    "CloudflareUsageGap",
    "CloudflareRevisionsUnusual",
    "CloudflareUnlistedAssets",
    "CloudflareSourceDown",
    "CloudflareCriticalUnresolved",
}

DOLLARS = re.compile(r"cloudflare_list_cost|_usd\b|cloudflare_budget_")


def test_each_alert_is_of_the_scale_that_is_named_here() -> None:
    """None is of both, and none of neither."""
    assert not MONEY & AVAILABILITY
    assert ALERTS.keys() == MONEY | AVAILABILITY == {rule["alert"] for rule in SHIPPED if "alert" in rule}
    assert {name for name, alert in ALERTS.items() if alert.scale is Scale.MONEY} == MONEY
    assert {name for name, alert in ALERTS.items() if alert.scale is Scale.AVAILABILITY} == AVAILABILITY


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_why_it_is_there(name: str) -> None:
    """And what it costs to be wrong; the page has both."""
    alert, page = ALERTS[name], alerts_list()
    for text in (alert.why, alert.if_wrong):
        assert text.endswith(".") and text[0].isupper(), name
        assert text.replace("|", "\\|") in page


@pytest.mark.parametrize("name", sorted({rule["alert"] for rule in SHIPPED if "alert" in rule}))
def test_what_is_critical_rests_on_dollars_or_does_not(name: str) -> None:
    """A critical alert about money compares dollars; one about harm knows none."""
    critical = [rule for rule in SHIPPED if rule.get("alert") == name and rule["labels"]["severity"] == "critical"]
    if critical:
        counts_dollars = any(DOLLARS.search(expression) for expression in expressions_of(name))
        assert counts_dollars == (name in MONEY)
