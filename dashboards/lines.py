"""Where alerts begin: the numbers of coloured thresholds, each that of an alert."""

from dataclasses import dataclass

from dashboards.colors import BAD, CAREFUL, GOOD, PLAIN

COLORS = {"info": CAREFUL, "warning": CAREFUL, "critical": BAD}


@dataclass(frozen=True, slots=True)
class Threshold:
    """An alert's threshold in ``alerting/rules/thresholds.yml``."""

    alert: str
    severity: str
    value: float

    def drawn(self) -> tuple[tuple[float | None, str], ...]:
        """Return it as a line in a graph."""
        return ((None, "transparent"), (self.value, COLORS[self.severity]))

    def colored(self, below: str = PLAIN) -> tuple[tuple[float | None, str], ...]:
        """Return it as colours of values."""
        return ((None, below), (self.value, COLORS[self.severity]))


ERROR_RATIO = Threshold("CloudflareWorkerErrorRatioHigh", "warning", 0.05)
CPU_TIME = Threshold("CloudflareWorkerCpuTimeHigh", "warning", 24)
REQUEST_TIME = Threshold("CloudflareWorkerRequestTimeHigh", "warning", 2)
LIMITED = Threshold("CloudflareWorkerLimitExceeded", "warning", 0.01)
LARGE_BUCKET = Threshold("CloudflareR2BucketLarge", "warning", 10e9)
DENIED = Threshold("CloudflareR2AccessDenied", "warning", 10)
ROWS_PER_QUERY = Threshold("CloudflareD1FullScans", "warning", 10_000)
DATABASE_SIZE = Threshold("CloudflareD1SizeHigh", "warning", 8e9)
QUERY_TIME = Threshold("CloudflareD1QueryTimeHigh", "warning", 1)
OBJECT_LIMITS = Threshold("CloudflareDurableObjectLimitExceeded", "warning", 0.01)
OBJECT_STORAGE = Threshold("CloudflareDurableObjectStorageLarge", "warning", 10e9)
QUOTA_NEAR = Threshold("CloudflareQuotaHigh", "info", 0.8)
QUOTA_USED = Threshold("CloudflareQuotaHigh", "warning", 1)
BUDGET_NEAR = Threshold("CloudflareBudgetUsed", "warning", 0.8)
BUDGET_USED = Threshold("CloudflareBudgetUsed", "critical", 1)
BUDGET_FORECAST = Threshold("CloudflareBudgetForecastExceeded", "warning", 1)
PER_HOUR = Threshold("CloudflareListCostPerHourHigh", "critical", 1)
API_BUDGET = Threshold("CloudflareApiBudgetTight", "warning", 0.1)

LINES = (
    ERROR_RATIO,
    CPU_TIME,
    REQUEST_TIME,
    LIMITED,
    LARGE_BUCKET,
    DENIED,
    ROWS_PER_QUERY,
    DATABASE_SIZE,
    QUERY_TIME,
    OBJECT_LIMITS,
    OBJECT_STORAGE,
    QUOTA_NEAR,
    QUOTA_USED,
    BUDGET_NEAR,
    BUDGET_USED,
    BUDGET_FORECAST,
    PER_HOUR,
    API_BUDGET,
)

QUOTA = ((None, PLAIN), (QUOTA_NEAR.value, CAREFUL), (QUOTA_USED.value, BAD))
"""Shares of what is included: near its end, and used up."""

BUDGET = ((None, GOOD), (BUDGET_NEAR.value, CAREFUL), (BUDGET_USED.value, BAD))

STALE_SECONDS = 600
"""The threshold of CloudflareDatasetStale at a refresh interval of one minute."""
