"""The overview: health, cost, usage by project, and changes."""

from dashboards.freshness import accounts_down, alerts_firing, alerts_table, datasets_down, is_up, oldest
from dashboards.grafana import FieldStyle, Json, Size
from dashboards.links import OVERVIEW, project_of_row
from dashboards.names import D1_ROWS_READ, LIST_COST, OBJECT_REQUESTS, PROJECT_LEVEL, REQUESTS
from dashboards.page import Section, dashboard
from dashboards.projects import failures, list_cost, projects_table, requests
from dashboards.queries import TOP, select
from dashboards.spending import cycle_left, forecast, to_date
from dashboards.tables import Column, Value, linked, values_table
from dashboards.text import LATE, WEEK
from dashboards.variables import alerts, deployments, of_projects


def overview() -> Json:
    """Return the dashboard ``Cloudflare / Overview``."""
    small = Size(3, 4)
    return dashboard(
        OVERVIEW,
        "Cloudflare / Overview",
        f"What runs on Cloudflare, its usage and its cost, by project. {LATE}",
        variables=of_projects(),
        annotations=(alerts(), deployments()),
        sections=(
            Section(
                "Is everything fine, and what does it cost?",
                (
                    is_up(small),
                    accounts_down(small),
                    datasets_down(small),
                    oldest(small),
                    alerts_firing(small),
                    to_date(small),
                    forecast(small),
                    cycle_left(small),
                    projects_table(Size(15, 8)),
                    alerts_table(Size(9, 8)),
                ),
            ),
            Section("Traffic and cost", (requests(Size(8, 10)), failures(Size(8, 10)), list_cost(Size(8, 10)))),
            Section("Changes", (_movers(Size(12, 8)),), is_collapsed=True),
        ),
    )


def _movers(size: Size) -> Json:
    ratios = (
        ("Worker requests", f"{REQUESTS}_per_week_before:ratio_rate1h"),
        ("D1 rows read", f"{D1_ROWS_READ}_per_week_before:ratio_rate1h"),
        ("Durable Object requests", f"{OBJECT_REQUESTS}_per_week_before:ratio_rate1h"),
        ("List cost a day", f"{LIST_COST}_per_week_before:ratio_increase1d"),
    )
    changes = " or ".join(
        f'label_replace(max by (project) ({select(f"{PROJECT_LEVEL}:{record}")}) - 1, "what", "{what}", "", "")'
        for what, record in ratios
    )
    return values_table(
        "Top movers",
        f"The {TOP} greatest changes, up or down: of the last hour's rate against the same hour a week before, and of "
        f"the last day's list cost against the average day of the week before. {WEEK}",
        size,
        (Column("project", "Project", linked(project_of_row())), Column("what", "What")),
        (Value("Change", f"({changes}) and topk({TOP}, abs({changes}))"),),
        look=FieldStyle("percentunit", decimals=0),
        sort_by="Change",
        if_empty="Not known before a week is recorded",
    )
