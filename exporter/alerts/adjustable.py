"""The alerts of ``alerting/rules`` whose threshold can be set for one account, project or asset.

A subject is what an alert is about: an account, a project, or an asset of the kind it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ACCOUNT, PROJECT = "account", "project"


@dataclass(frozen=True, slots=True)
class AdjustableAlert:
    """An alert, the kind of its subject, and the severities that each have a threshold of their own.

    ``unit`` says in words what the threshold is.
    """

    name: str
    subject: str
    unit: str
    severities: tuple[str, ...] = ("warning",)


_ALERTS = (
    AdjustableAlert("CloudflareWorkerErrorRatioHigh", "worker", "share of the invocations that fail, 0.05 is 5 %"),
    AdjustableAlert(
        "CloudflareWorkerErrorBudgetBurn",
        "worker",
        "how many times faster than allowed the error budget is spent",
        ("critical", "warning"),
    ),
    AdjustableAlert("CloudflareWorkerSuccessRatioLow", "worker", "share of the invocations that succeed, 0.9 is 90 %"),
    AdjustableAlert("CloudflareWorkerCpuTimeHigh", "worker", "seconds of CPU time, 99th percentile"),
    AdjustableAlert("CloudflareWorkerRequestTimeHigh", "worker", "seconds of a request, 95th percentile"),
    AdjustableAlert("CloudflareWorkerLimitExceeded", "worker", "share of the invocations that are stopped at a limit"),
    AdjustableAlert("CloudflareWorkerTrafficVanished", "worker", "share of the usual traffic that is left"),
    AdjustableAlert("CloudflareWorkerTrafficAnomalous", "worker", "standard deviations", ("info",)),
    AdjustableAlert("CloudflareR2BucketLarge", "r2_bucket", "bytes"),
    AdjustableAlert("CloudflareR2ClassASpike", "r2_bucket", "times the most of the same hour of the last seven days"),
    AdjustableAlert("CloudflareR2AccessDenied", "r2_bucket", "refused operations in five minutes"),
    AdjustableAlert("CloudflareR2ObjectsLarge", "r2_bucket", "bytes of an object in the mean", ("info",)),
    AdjustableAlert(
        "CloudflareR2EgressSpike", "r2_bucket", "times the most of the same hour of the last seven days", ("info",)
    ),
    AdjustableAlert("CloudflareR2QuotaHigh", ACCOUNT, "share of what is included", ("warning", "info")),
    AdjustableAlert(
        "CloudflareD1RowsReadSpike",
        "d1_database",
        "times the most of the same hour of the last seven days",
        ("critical",),
    ),
    AdjustableAlert("CloudflareD1FullScans", "d1_database", "rows read by a query in the mean"),
    AdjustableAlert("CloudflareD1SizeHigh", "d1_database", "bytes"),
    AdjustableAlert("CloudflareD1QueryTimeHigh", "d1_database", "seconds of a query, 95th percentile"),
    AdjustableAlert(
        "CloudflareDurableObjectDurationSpike",
        "do_namespace",
        "times the most of the same hour of the last seven days",
        ("critical",),
    ),
    AdjustableAlert(
        "CloudflareDurableObjectRequestSpike",
        "do_namespace",
        "times the most of the same hour of the last seven days",
        ("critical",),
    ),
    AdjustableAlert("CloudflareDurableObjectLimitExceeded", "do_namespace", "share of the requests that are stopped"),
    AdjustableAlert("CloudflareDurableObjectStorageLarge", "do_namespace", "bytes"),
    AdjustableAlert(
        "CloudflareKvOperationSpike", "kv_namespace", "times the most of the same hour of the last seven days"
    ),
    AdjustableAlert("CloudflareKvDailyLimitHigh", ACCOUNT, "share of the free plan's limit", ("critical", "warning")),
    AdjustableAlert("CloudflareQuotaHigh", ACCOUNT, "share of what is included", ("warning", "info")),
    AdjustableAlert("CloudflareCostForecastHigh", ACCOUNT, "dollars of the billing cycle"),
    AdjustableAlert("CloudflareListCostRising", PROJECT, "times the daily mean of the week before"),
    AdjustableAlert("CloudflareListCostPerHourHigh", PROJECT, "dollars an hour at list price", ("critical",)),
    AdjustableAlert("CloudflareBilledEstimateApart", ACCOUNT, "share by which bill and estimate differ"),
    AdjustableAlert("CloudflareUnlistedAssets", ACCOUNT, "unlisted assets", ("info",)),
)

ADJUSTABLE: Mapping[str, AdjustableAlert] = MappingProxyType({alert.name: alert for alert in _ALERTS})
"""By name."""
