"""Recording rules for usage: rates over Cloudflare's time, for each asset, project and account."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerting.promql import (
    ACCOUNTS,
    BUCKET,
    DATABASE,
    KV,
    NORM,
    OBJECTS,
    OWN,
    PROJECT,
    PROJECTS,
    TIME,
    WORKER,
    Subject,
    inner,
    norm,
    rate,
    same_hours,
)
from alerting.rule import Group, Record
from exporter.alerts.windows import RECENT

TITLE = """Rates are over Cloudflare's time: the growth of a counter, divided by the growth of its dataset's \
queried_until over the same window. A counter that catches up after an outage then shows the true rate, not hours of \
usage in a minute.
Growth is the last value minus the lowest. Both come from the same scrapes, so the quotient is exact; increase() would \
extrapolate each series separately, and a series born within the window differently from queried_until. Counters fall \
only if a ledger is lost or replaced by an older one; at worst a rate is then too low for its window.
Aggregations name the labels they keep, so target labels (pod, service …) may differ between the replicas of an \
exporter, or change when it moves."""

UNTIL = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
START = "cloudflare_exporter_dataset_start_timestamp_seconds"

WORKERS_DATASET = "workersInvocationsAdaptive"
R2_DATASET = "r2OperationsAdaptiveGroups"
D1_DATASET = "d1AnalyticsAdaptiveGroups"
D1_QUERIES_DATASET = "d1QueriesAdaptiveGroups"
OBJECTS_DATASET = "durableObjectsInvocationsAdaptiveGroups"
PERIODIC_DATASET = "durableObjectsPeriodicGroups"
KV_DATASET = "kvOperationsAdaptiveGroups"


@dataclass(frozen=True, slots=True)
class Rate:
    """A recorded rate: its counters and their dataset, its subject and its windows.

    ``rolls_up`` records it for projects and accounts too.
    """

    name: str
    selectors: tuple[str, ...]
    dataset: str
    subject: Subject
    extra: tuple[str, ...] = ()
    windows: tuple[str, ...] = (RECENT,)
    rolls_up: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels that the rate keeps."""
        return (*self.subject.labels, *self.extra)

    def record(self, window: str) -> str:
        """Return the name of the record for a window."""
        return f"{'_'.join(self.labels)}:{self.name}:rate{window}"

    @property
    def norm(self) -> str:
        """Return the name of the record of what is usual at this time of day."""
        return f"{'_'.join(self.labels)}:{self.name}:norm_rate1h"


RECENT_AND_HOUR = (RECENT, "1h")

REQUESTS = Rate(
    "cloudflare_worker_requests",
    ("cloudflare_worker_requests_total",),
    WORKERS_DATASET,
    WORKER,
    windows=RECENT_AND_HOUR,
)
ERRORS = Rate(
    "cloudflare_worker_errors",
    ("cloudflare_worker_errors_total",),
    WORKERS_DATASET,
    WORKER,
    windows=RECENT_AND_HOUR,
)
SUCCESSES = Rate(
    "cloudflare_worker_successes",
    ('cloudflare_worker_requests_total{status=~"success|clientDisconnected"}',),
    WORKERS_DATASET,
    WORKER,
)
LIMITED = Rate(
    "cloudflare_worker_limited",
    ('cloudflare_worker_requests_total{status=~"exceeded.+"}',),
    WORKERS_DATASET,
    WORKER,
    rolls_up=False,
)
R2_OPERATIONS = Rate(
    "cloudflare_r2_operations", ("cloudflare_r2_operations_total",), R2_DATASET, BUCKET, extra=("class",)
)
R2_CLASS_A = Rate(
    "cloudflare_r2_class_a_operations",
    ('cloudflare_r2_operations_total{class="A"}',),
    R2_DATASET,
    BUCKET,
    windows=("1h",),
    rolls_up=False,
)
R2_DENIED = Rate(
    "cloudflare_r2_denied_operations",
    ('cloudflare_r2_operations_total{status_code=~"401|403"}',),
    R2_DATASET,
    BUCKET,
    rolls_up=False,
)
R2_EGRESS = Rate(
    "cloudflare_r2_response_bytes",
    ("cloudflare_r2_response_bytes_total",),
    R2_DATASET,
    BUCKET,
    windows=RECENT_AND_HOUR,
)
D1_ROWS_READ = Rate(
    "cloudflare_d1_rows_read",
    ("cloudflare_d1_rows_read_total",),
    D1_DATASET,
    DATABASE,
    windows=RECENT_AND_HOUR,
)
D1_ROWS_WRITTEN = Rate(
    "cloudflare_d1_rows_written",
    ("cloudflare_d1_rows_written_total",),
    D1_DATASET,
    DATABASE,
    windows=RECENT_AND_HOUR,
)
D1_QUERIES = Rate(
    "cloudflare_d1_queries",
    ("cloudflare_d1_read_queries_total", "cloudflare_d1_write_queries_total"),
    D1_DATASET,
    DATABASE,
    windows=RECENT_AND_HOUR,
)
OBJECT_REQUESTS = Rate(
    "cloudflare_durable_object_requests",
    ("cloudflare_durable_object_requests_total",),
    OBJECTS_DATASET,
    OBJECTS,
    windows=RECENT_AND_HOUR,
)
OBJECT_ERRORS = Rate(
    "cloudflare_durable_object_errors", ("cloudflare_durable_object_errors_total",), OBJECTS_DATASET, OBJECTS
)
OBJECT_DURATION = Rate(
    "cloudflare_durable_object_duration_gigabyte_seconds",
    ("cloudflare_durable_object_duration_gigabyte_seconds_total",),
    PERIODIC_DATASET,
    OBJECTS,
    windows=RECENT_AND_HOUR,
)
OBJECT_ROWS_READ, OBJECT_ROWS_WRITTEN = (
    Rate(
        f"cloudflare_durable_object_rows_{done}",
        (f"cloudflare_durable_object_rows_{done}_total",),
        PERIODIC_DATASET,
        OBJECTS,
        windows=("1h",),
        rolls_up=False,
    )
    for done in ("read", "written")
)
OBJECT_LIMITS = Rate(
    "cloudflare_durable_object_limit_errors",
    ('cloudflare_durable_object_limit_errors_total{reason=~"exceededCpu|exceededMemory"}',),
    PERIODIC_DATASET,
    OBJECTS,
    rolls_up=False,
)
KV_OPERATIONS = Rate(
    "cloudflare_kv_operations",
    ("cloudflare_kv_operations_total",),
    KV_DATASET,
    KV,
    extra=("action",),
    windows=RECENT_AND_HOUR,
)

RATES = (
    REQUESTS,
    ERRORS,
    SUCCESSES,
    LIMITED,
    R2_OPERATIONS,
    R2_CLASS_A,
    R2_DENIED,
    R2_EGRESS,
    D1_ROWS_READ,
    D1_ROWS_WRITTEN,
    D1_QUERIES,
    OBJECT_REQUESTS,
    OBJECT_ERRORS,
    OBJECT_DURATION,
    OBJECT_ROWS_READ,
    OBJECT_ROWS_WRITTEN,
    OBJECT_LIMITS,
    KV_OPERATIONS,
)

NORMED = (R2_EGRESS,)
"""The rates with a norm; where usage costs money, its cost has one."""

COMPARED = (REQUESTS, D1_ROWS_READ, OBJECT_REQUESTS)
"""The rates that are compared with the week before."""

ERROR_RATIO = f"cloudflare_worker_errors_per_requests:ratio_rate{RECENT}"
SUCCESS_RATIO = f"cloudflare_worker_successes_per_requests:ratio_rate{RECENT}"


def groups() -> tuple[Group, Group]:
    """Return the rates of the last minutes, at every evaluation, and of the last hour, every five minutes."""
    return (
        Group("cloudflare.usage", [*_time(RECENT), *_rates(RECENT), *_ratios()]),
        Group("cloudflare.hours", [*_time("1h"), *_rates("1h"), *_norms(), *_weeks()], interval="5m"),
    )


def _time(*windows: str) -> Iterator[Record]:
    for window in windows:
        grown = (
            "sum by (job, account, dataset) (\n"
            f"  last_over_time({UNTIL}[{window}])\n"
            f"    - min_over_time({UNTIL}[{window}])\n"
            ")"
        )
        if window != "1h":
            yield Record(f"{TIME}:increase{window}", grown)
        else:
            began = (
                f"max by (job, account, dataset) (last_over_time({UNTIL}[{RECENT}]))\n"
                f"  - max by (job, account, dataset) (last_over_time({START}[{RECENT}])) >= 3600"
            )
            yield Record(
                f"{TIME}:increase{window}",
                f"{grown}\n  and\n{TIME}:increase{RECENT} > 0\n  and\n(\n{inner(began)}\n)",
                "Absent while the newest minutes of the hour are unknown, and until counting has run for a whole hour.",
            )


def _rates(window: str) -> Iterator[Record]:
    first = "A window in which queried_until did not move has no rate, so no alert judges stale data."
    for entry in RATES:
        if window not in entry.windows:
            continue
        yield Record(
            entry.record(window),
            rate(entry.selectors, entry.dataset, entry.labels, window),
            first if entry is RATES[0] and window == RECENT else "",
        )
        if entry.rolls_up:
            for subject in (PROJECTS, ACCOUNTS):
                labels = (*subject.labels, *entry.extra)
                yield Record(
                    f"{'_'.join(labels)}:{entry.name}:rate{window}",
                    f"sum by ({', '.join(labels)}) ({entry.record(window)})",
                )


def _ratios() -> Iterator[Record]:
    """Return the ratios; numerator and denominator are aggregated separately."""
    for subject in (WORKER, PROJECTS, ACCOUNTS):
        for name, part in ((ERROR_RATIO, ERRORS), (SUCCESS_RATIO, SUCCESSES)):
            yield Record(
                f"{subject.level}:{name}",
                f"{subject.level}:{part.name}:rate{RECENT}\n  /\n({subject.level}:{REQUESTS.name}:rate{RECENT} > 0)",
            )


def _norms() -> Iterator[Record]:
    for entry in NORMED:
        of_days = f"{'_'.join(entry.labels)}_day:{entry.name}:max1h_rate1h"
        yield Record(of_days, same_hours(entry.record("1h")), NORM if entry is NORMED[0] else "")
        yield Record(entry.norm, norm(of_days, entry.labels))


def _weeks() -> Iterator[Record]:
    """Return each hour divided by the same hour a week before, for assets, projects and accounts."""
    for entry in COMPARED:
        for labels in (entry.labels, PROJECT, OWN):
            level = "_".join(labels)
            hour = f"{level}:{entry.name}:rate1h"
            yield Record(
                f"{level}:{entry.name}_per_week_before:ratio_rate1h",
                f"{hour}\n  /\n(last_over_time({hour}[10m] offset 1w) > 0)",
            )
