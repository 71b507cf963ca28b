"""Projects side by side."""

from dashboards.grafana import FieldStyle, Json, Query, Size, timeseries
from dashboards.links import COMPARE
from dashboards.names import PROJECT_LEVEL, RATE, REQUESTS
from dashboards.page import Section, dashboard
from dashboards.projects import OPENS, failures, list_cost, projects_table, side_by_side
from dashboards.queries import TO_DATE, by_project, total
from dashboards.spending import USD
from dashboards.text import DATA_TIME, LATE, OF_CYCLE
from dashboards.variables import alerts, of_projects


def compare() -> Json:
    """Return the dashboard ``Cloudflare / Compare``."""
    half, third = Size(12, 9), Size(8, 9)
    return dashboard(
        COMPARE,
        "Cloudflare / Compare",
        f"Two or more projects side by side; select them at the top. {LATE}",
        variables=of_projects(),
        annotations=(alerts(),),
        sections=(
            Section("Usage and cost", (projects_table(Size(24, 8)),)),
            Section("Cost", (_to_date(half), list_cost(half, is_stacked=False))),
            Section("Traffic", (_requests(third), failures(third), *side_by_side(third))),
        ),
    )


def _to_date(size: Size) -> Json:
    record = f"{PROJECT_LEVEL}:{TO_DATE}:sum"
    return timeseries(
        "Cost to date by project",
        OF_CYCLE,
        size,
        [Query(by_project(total(record, "project")), "{{project}}")],
        USD,
        links=(OPENS,),
    )


def _requests(size: Size) -> Json:
    return timeseries(
        "Requests by project",
        f"Invocations of all Workers of a project (workersInvocationsAdaptive). {DATA_TIME}",
        size,
        [Query(by_project(total(f"{PROJECT_LEVEL}:{REQUESTS}:{RATE}", "project")), "{{project}}")],
        FieldStyle("reqps"),
        links=(OPENS,),
    )
