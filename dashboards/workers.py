"""Workers: requests, failures, time."""

from dashboards import lines
from dashboards.colors import REQUESTS as REQUEST_COLORS
from dashboards.grafana import COUNT, FieldStyle, Json, Query, timeseries
from dashboards.names import ERRORS, ERRORS_TOTAL, RATE, REQUESTS, REQUESTS_TOTAL
from dashboards.product import HALF, THIRD, ProductPage
from dashboards.projects import FAILED, FAILED_IN_ALL
from dashboards.queries import failed, failed_in_all, select, sum_along, used, week_before
from dashboards.tables import Column, Value, bars, by_level
from dashboards.text import BEFORE, DATA_TIME, FIFTEEN, IN_RANGE
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.workers import PRODUCT, WORKER

WORKERS = ProductPage(PRODUCT, WORKER, "workers_.+|wfp_.+", "workers|workers_for_platforms")
SUBREQUESTS_TOTAL = "cloudflare_worker_subrequests_total"
BY = f"project, {WORKERS.label}"


def workers() -> Json:
    """Return the dashboard ``Cloudflare / Workers``."""
    own = WORKERS.chosen
    return WORKERS.page(
        "Workers: requests, failures and durations.",
        stats=(
            WORKERS.total("Requests", "Invocations (workersInvocationsAdaptive).", REQUESTS_TOTAL),
            WORKERS.stat(
                "Failed",
                f"Share of these invocations that Cloudflare counts as errors (workersInvocationsAdaptive). {IN_RANGE}",
                failed_in_all(ERRORS_TOTAL, REQUESTS_TOTAL, own),
                FAILED_IN_ALL,
            ),
            WORKERS.total("Subrequests", "Requests made by Workers (workersInvocationsAdaptive).", SUBREQUESTS_TOTAL),
        ),
        traffic=_requests(),
        projects=(WORKERS.by_project("Requests", "Invocations.", f":{REQUESTS}:{RATE}", REQUESTS_TOTAL, unit="reqps"),),
        values=(
            Value("Requests", used(REQUESTS_TOTAL, BY, own)),
            Value("Failed", failed(ERRORS_TOTAL, REQUESTS_TOTAL, BY, own), FAILED),
            Value(
                "CPU p99",
                f"max by ({BY}) ({select(f'{WORKERS.level}:cloudflare_worker_cpu_time_seconds:p99', own)})",
                by_level(lines.CPU_TIME, "s"),
            ),
        ),
        counters=(REQUESTS_TOTAL,),
        assets=(
            WORKERS.by_asset("Requests", "Invocations.", f":{REQUESTS}:{RATE}", REQUESTS_TOTAL, unit="reqps"),
            WORKERS.failed_share(),
            WORKERS.value_by_asset(
                "Share stopped at a limit",
                f"Share of invocations stopped over {IN_WORDS}, for CPU time, memory and so on "
                "(workersInvocationsAdaptive).",
                f":cloudflare_worker_limited_per_requests:ratio_{RATE}",
                unit="percentunit",
                line=lines.LIMITED,
            ),
            WORKERS.value_by_asset(
                "CPU time p99",
                f"The CPU time that one invocation in a hundred exceeds (workersInvocationsAdaptive). {FIFTEEN}",
                ":cloudflare_worker_cpu_time_seconds:p99",
                unit="s",
                line=lines.CPU_TIME,
            ),
            WORKERS.value_by_asset(
                "Request time p95",
                "From a request to the end of its response; one request in twenty takes longer "
                "(workersInvocationsAdaptive). "
                f"{FIFTEEN}",
                ":cloudflare_worker_request_duration_seconds:p95",
                unit="s",
                line=lines.REQUEST_TIME,
            ),
            _outcomes(),
            WORKERS.quantiles(
                "CPU time",
                "The CPU time of an invocation (workersInvocationsAdaptive).",
                "cloudflare_worker_cpu_time_seconds",
                line=lines.CPU_TIME,
            ),
            WORKERS.quantiles(
                "Request time",
                "From a request to the end of its response (workersInvocationsAdaptive).",
                "cloudflare_worker_request_duration_seconds",
                line=lines.REQUEST_TIME,
            ),
        ),
    )


def _rate(what: str) -> str:
    return f"{WORKERS.level}:{what}:{RATE}"


def _requests() -> Json:
    return timeseries(
        "Requests and failures",
        "Invocations of all selected Workers, and those that Cloudflare counts as errors "
        f"(workersInvocationsAdaptive). {BEFORE} {DATA_TIME}",
        HALF,
        [
            Query(sum_along(_rate(REQUESTS), WORKERS.chosen), "all"),
            Query(sum_along(_rate(ERRORS), WORKERS.chosen), "failed"),
            week_before(_rate(REQUESTS), WORKERS.chosen),
        ],
        FieldStyle("reqps"),
        colors=REQUEST_COLORS,
    )


def _outcomes() -> Json:
    return bars(
        "Invocations by outcome",
        f"Invocations by the outcome that Cloudflare reports (workersInvocationsAdaptive). {IN_RANGE}",
        THIRD,
        (Column("status", "Outcome", {"custom.width": 170}),),
        Value("Invocations", used(REQUESTS_TOTAL, "status", WORKERS.chosen)),
        look=COUNT,
    )
