"""Alert thresholds for panels: coloured thresholds and lines."""

from dataclasses import dataclass

from dashboards.colors import BAD, CAREFUL, GOOD, PLAIN
from exporter.alerts.table import AlertEntry, d1, durable_objects, exporter, failing, money, r2, workers

COLORS = {"info": CAREFUL, "warning": CAREFUL, "critical": BAD}


@dataclass(frozen=True, slots=True)
class Line:
    """The threshold of an alert, from the table of alerts."""

    alert: str
    severity: str
    value: float

    def drawn(self) -> tuple[tuple[float | None, str], ...]:
        """Return it as a line in a graph."""
        return ((None, "transparent"), (self.value, COLORS[self.severity]))

    def colored(self, below: str = PLAIN) -> tuple[tuple[float | None, str], ...]:
        """Return it as colours of values."""
        return ((None, below), (self.value, COLORS[self.severity]))


def line(alert: AlertEntry, severity: str = "") -> Line:
    """Return the line at the threshold of a severity, or at the only one."""
    threshold = alert.threshold(severity)
    return Line(alert.name, threshold.severity, threshold.default)


FAILED = {each.product.name: line(each.ratio) for each in failing.FAILING}
"""By product."""

ERROR_RATIO = FAILED[failing.WORKERS.product.name]
CPU_TIME = line(workers.CPU_HIGH)
REQUEST_TIME = line(workers.SLOW)
LIMITED = line(workers.LIMIT_EXCEEDED)
LARGE_BUCKET = line(r2.LARGE)
DENIED = line(r2.ACCESS_DENIED)
ROWS_PER_QUERY = line(d1.FULL_SCANS)
DATABASE_SIZE = line(d1.SIZE_HIGH)
QUERY_TIME = line(d1.SLOW)
OBJECT_LIMITS = line(durable_objects.LIMIT_EXCEEDED)
OBJECT_STORAGE = line(durable_objects.STORAGE)
QUOTA_NEAR = line(money.QUOTA, "info")
QUOTA_USED = line(money.QUOTA, "warning")
BUDGET_NEAR = line(money.BUDGET_USED, "warning")
BUDGET_USED = line(money.BUDGET_USED, "critical")
BUDGET_FORECAST = line(money.BUDGET_FORECAST)
API_BUDGET = line(exporter.BUDGET_TIGHT)

LINES = (
    *FAILED.values(),
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
    API_BUDGET,
)

QUOTA = ((None, PLAIN), (QUOTA_NEAR.value, CAREFUL), (QUOTA_USED.value, BAD))
"""Shares of included usage: nearly used up, and used up."""

BUDGET = ((None, GOOD), (BUDGET_NEAR.value, CAREFUL), (BUDGET_USED.value, BAD))

STALE_SECONDS = exporter.STALE.threshold().default
"""Where CloudflareDatasetStale begins, unless five refreshes take longer."""
