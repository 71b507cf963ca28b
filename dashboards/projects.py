"""Panels that compare projects: usage and cost."""

from dashboards.grafana import COUNT, FieldStyle, Json, Query, Size, timeseries
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
    RATE,
    REQUESTS,
    REQUESTS_TOTAL,
    ROWS_READ_TOTAL,
    WORKER_ERROR_RATIO,
)
from dashboards.queries import (
    FORECAST,
    TO_DATE,
    began_anew,
    by_project,
    failed,
    money,
    rate_of_largest,
    select,
    total,
    used,
    week_before,
)
from dashboards.spending import USD_AN_HOUR
from dashboards.tables import Column, Value, by_level, linked, values_table
from dashboards.text import BEFORE, DATA_TIME, IN_RANGE, LATE, LIST_PRICE, OF_CYCLE, TEN

OPENS = of_series(PROJECT, TO_PROJECT, "project")

FAILED = by_level(ERROR_RATIO, "percentunit") | {"decimals": 2}
FAILED_IN_ALL = FieldStyle("percentunit", ERROR_RATIO.colored("text"), {"-1": ("No requests", "text")}, decimals=2)
USD = {"unit": "currencyUSD", "decimals": 2}


def projects_table(size: Size) -> Json:
    """Return the table of projects: cost in the cycle, and usage in the selected time range."""
    counters = (REQUESTS_TOTAL, ROWS_READ_TOTAL, OBJECT_TOTAL, KV_TOTAL)
    return values_table(
        "Projects",
        f"Cost: {OF_CYCLE} Usage: {IN_RANGE} Stored bytes are current, and D1 counts rows. A project comes from a "
        "rule in the configuration, a project:NAME tag, or a common prefix of names.",
        size,
        (Column("project", "Project", linked(project_of_row())),),
        (
            Value("To date", money(TO_DATE, "project"), USD),
            Value("Forecast", money(FORECAST, "project"), USD),
            Value("Requests", used(REQUESTS_TOTAL, "project")),
            Value("Failed", failed(ERRORS_TOTAL, REQUESTS_TOTAL, "project"), FAILED),
            Value("D1 rows read", used(ROWS_READ_TOTAL, "project")),
            Value("R2 stored", total(R2_STORED, "project"), {"unit": "decbytes"}),
            Value("DO requests", used(OBJECT_TOTAL, "project")),
            Value("KV ops", used(KV_TOTAL, "project")),
        ),
        look=COUNT,
        sort_by="Forecast",
        anew=began_anew(counters, "project"),
    )


def requests(size: Size) -> Json:
    """Return the panel with requests to Workers."""
    record = f"{PROJECT_LEVEL}:{REQUESTS}:{RATE}"
    return timeseries(
        "Requests by project",
        f"Invocations of all Workers of a project (workersInvocationsAdaptive). {TEN} {BEFORE} {DATA_TIME}",
        size,
        [Query(by_project(rate_of_largest(record, REQUESTS_TOTAL, "project")), "{{project}}"), week_before(record)],
        FieldStyle("reqps"),
        is_stacked=True,
        links=(OPENS,),
    )


def failures(size: Size) -> Json:
    """Return the panel with the failed share of requests to Workers."""
    ratio = f"{PROJECT_LEVEL}:{WORKER_ERROR_RATIO}"
    return timeseries(
        "Failed share by project",
        "Share of a project's invocations that Cloudflare counts as errors (workersInvocationsAdaptive). The alert "
        f"evaluates each Worker separately. {LATE}",
        size,
        [Query(by_project(f"max by (project) ({select(ratio)})"), "{{project}}")],
        FieldStyle("percentunit"),
        links=(OPENS,),
    )


def list_cost(size: Size, *, is_stacked: bool = True) -> Json:
    """Return the panel with list cost per hour; stacked with the week before."""
    record = f"{PROJECT_LEVEL}:{LIST_COST}:rate1h"
    stacked = f"{BEFORE} " if is_stacked else ""
    return timeseries(
        "List cost per hour by project",
        f"The cost of the last hour's usage. {stacked}{LIST_PRICE}",
        size,
        [Query(by_project(total(record, "project")), "{{project}}"), *([week_before(record)] if is_stacked else [])],
        USD_AN_HOUR,
        is_stacked=is_stacked,
        links=(OPENS,),
    )


def side_by_side(size: Size) -> tuple[Json, ...]:
    """Return a panel for each product besides Workers, with a curve for each project."""
    return tuple(
        timeseries(
            title,
            f"{what} {DATA_TIME}",
            size,
            [Query(by_project(total(f"{PROJECT_LEVEL}{record}:{RATE}", "project")), "{{project}}")],
            FieldStyle(unit),
            links=(OPENS,),
        )
        for title, what, record, unit in (
            ("D1 rows read by project", "Rows scanned (d1AnalyticsAdaptiveGroups).", f":{D1_ROWS_READ}", "rowsps"),
            (
                "R2 operations by project",
                "Operations of all classes (r2OperationsAdaptiveGroups).",
                f"_class:{R2_OPERATIONS}",
                "ops",
            ),
            (
                "Durable Object requests by project",
                "Requests to objects (durableObjectsInvocationsAdaptiveGroups).",
                f":{OBJECT_REQUESTS}",
                "reqps",
            ),
            (
                "KV operations by project",
                "Operations of all kinds (kvOperationsAdaptiveGroups).",
                f"_action:{KV_OPERATIONS}",
                "ops",
            ),
        )
    )
