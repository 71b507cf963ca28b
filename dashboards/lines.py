"""Where alerts begin: the numbers of coloured thresholds, each that of an alert."""

from dataclasses import dataclass

from dashboards.colors import BAD, CAREFUL, GOOD, PLAIN

COLORS = {"info": CAREFUL, "warning": CAREFUL, "critical": BAD}


@dataclass(frozen=True, slots=True)
class Line:
    """An alert's threshold in ``alerting/rules/thresholds.yml``."""

    alert: str
    severity: str
    value: float

    def drawn(self) -> tuple[tuple[float | None, str], ...]:
        """Give it as a line in a graph."""
        return ((None, "transparent"), (self.value, COLORS[self.severity]))

    def colored(self, below: str = PLAIN) -> tuple[tuple[float | None, str], ...]:
        """Give it as colours of values."""
        return ((None, below), (self.value, COLORS[self.severity]))


ERROR_RATIO = Line("CloudflareWorkerErrorRatioHigh", "warning", 0.05)
CPU_TIME = Line("CloudflareWorkerCpuTimeHigh", "warning", 24)
REQUEST_TIME = Line("CloudflareWorkerRequestTimeHigh", "warning", 2)
LIMITED = Line("CloudflareWorkerLimitExceeded", "warning", 0.01)
LARGE_BUCKET = Line("CloudflareR2BucketLarge", "warning", 10e9)
DENIED = Line("CloudflareR2AccessDenied", "warning", 10)
ROWS_PER_QUERY = Line("CloudflareD1FullScans", "warning", 10_000)
DATABASE_SIZE = Line("CloudflareD1SizeHigh", "warning", 8e9)
QUERY_TIME = Line("CloudflareD1QueryTimeHigh", "warning", 1)
OBJECT_LIMITS = Line("CloudflareDurableObjectLimitExceeded", "warning", 0.01)
OBJECT_STORAGE = Line("CloudflareDurableObjectStorageLarge", "warning", 10e9)
QUOTA_NEAR = Line("CloudflareQuotaHigh", "info", 0.8)
QUOTA_USED = Line("CloudflareQuotaHigh", "warning", 1)
BUDGET_NEAR = Line("CloudflareBudgetUsed", "warning", 0.8)
BUDGET_USED = Line("CloudflareBudgetUsed", "critical", 1)
BUDGET_FORECAST = Line("CloudflareBudgetForecastExceeded", "warning", 1)
PER_HOUR = Line("CloudflareListCostPerHourHigh", "critical", 1)
API_BUDGET = Line("CloudflareApiBudgetTight", "warning", 0.1)

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
