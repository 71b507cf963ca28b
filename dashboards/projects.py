"""Projects beside each other: what each used and costs."""

from dashboards.grafana import FieldStyle, Json, Query, Size, thresholds, timeseries
from dashboards.lines import ERROR_RATIO
from dashboards.links import PROJECT, TO_PROJECT, of_series, project_of_row
from dashboards.names import (
    D1_ROWS_READ,
    ERRORS_TOTAL,
    KV_OPERATIONS,
    KV_TOTAL,
    LIST_COST,
    OBJECT_REQUESTS,
    OBJECT_TOTAL,
    PROJECT_LEVEL,
    R2_OPERATIONS,
    R2_STORED,
    REQUESTS,
    REQUESTS_TOTAL,
    ROWS_READ_TOTAL,
    WORKER_ERROR_RATIO,
)
from dashboards.queries import FORECAST, TO_DATE, or_none, rate_of_largest, select, total, used
from dashboards.tables import COLORED, Column, Value, linked, values_table
from dashboards.text import DATA_TIME, IN_RANGE, LATE, LIST_PRICE, OF_CYCLE, TEN

OPENS = of_series(PROJECT, TO_PROJECT, "project")

FAILED = {"unit": "percentunit", "thresholds": thresholds(ERROR_RATIO.colored("text")), "custom.cellOptions": COLORED}
USD = {"unit": "currencyUSD", "decimals": 2}


def projects_table(size: Size) -> Json:
    """Return what each project costs in the cycle and used in the selected time."""
    failed = f"{used(ERRORS_TOTAL, 'project')} / ({used(REQUESTS_TOTAL, 'project')} > 0)"
    return values_table(
        "Projects",
        f"Cost: {OF_CYCLE} Usage: {IN_RANGE} Stored bytes are those of now, and D1 counts rows. The project is that of "
        "a rule in the configuration, a project:NAME tag, or the prefix that names share.",
        size,
        (Column("project", "Project", linked(project_of_row())),),
        (
            Value("To date", total(f"{PROJECT_LEVEL}:{TO_DATE}:sum", "project"), USD),
            Value("Forecast", total(f"{PROJECT_LEVEL}:{FORECAST}:sum", "project"), USD),
            Value("Requests", used(REQUESTS_TOTAL, "project")),
            Value("Failed", failed, FAILED),
            Value("D1 rows read", used(ROWS_READ_TOTAL, "project")),
            Value("R2 stored", total(R2_STORED, "project"), {"unit": "decbytes"}),
            Value("DO requests", used(OBJECT_TOTAL, "project")),
            Value("KV ops", used(KV_TOTAL, "project")),
        ),
        look=FieldStyle("short", decimals=1),
        sort_by="Forecast",
    )


def requests(size: Size) -> Json:
    """Return requests to Workers."""
    return timeseries(
        "Requests by project",
        f"Invocations of all Workers of a project (workersInvocationsAdaptive). {TEN} {DATA_TIME}",
        size,
        [Query(rate_of_largest(f"{PROJECT_LEVEL}:{REQUESTS}:rate10m", REQUESTS_TOTAL, "project"), "{{project}}")],
        FieldStyle("reqps"),
        is_stacked=True,
        links=(OPENS,),
    )


def failures(size: Size) -> Json:
    """Return the share of requests to Workers that fail."""
    ratio = f"{PROJECT_LEVEL}:{WORKER_ERROR_RATIO}"
    return timeseries(
        "Failed share by project",
        "Invocations that Cloudflare counts as errors, by all of the project (workersInvocationsAdaptive). The alert "
        f"looks at each Worker by itself. {LATE}",
        size,
        [Query(or_none(f"max by (project) ({select(ratio)})", "project"), "{{project}}")],
        FieldStyle("percentunit"),
        links=(OPENS,),
    )


def list_cost(size: Size, *, is_stacked: bool = True) -> Json:
    """Return dollars an hour."""
    return timeseries(
        "List cost per hour by project",
        f"What the usage of the last hour costs. {LIST_PRICE}",
        size,
        [Query(or_none(total(f"{PROJECT_LEVEL}:{LIST_COST}:rate1h", "project"), "project"), "{{project}}")],
        FieldStyle("currencyUSD"),
        is_stacked=is_stacked,
        links=(OPENS,),
    )


def side_by_side(size: Size) -> tuple[Json, ...]:
    """Return one curve a project for each product besides Workers."""
    return tuple(
        timeseries(
            title,
            f"{what} {DATA_TIME}",
            size,
            [Query(or_none(total(f"{PROJECT_LEVEL}{record}:rate10m", "project"), "project"), "{{project}}")],
            FieldStyle(unit),
            links=(OPENS,),
        )
        for title, what, record, unit in (
            ("D1 rows read", "Rows scanned (d1AnalyticsAdaptiveGroups).", f":{D1_ROWS_READ}", "rowsps"),
            ("R2 operations", "Of all classes (r2OperationsAdaptiveGroups).", f"_class:{R2_OPERATIONS}", "ops"),
            (
                "Durable Object requests",
                "Requests to objects (durableObjectsInvocationsAdaptiveGroups).",
                f":{OBJECT_REQUESTS}",
                "reqps",
            ),
            ("KV operations", "Of all kinds (kvOperationsAdaptiveGroups).", f"_action:{KV_OPERATIONS}", "ops"),
        )
    )
