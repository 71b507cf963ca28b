"""The overview: health, cost, usage by project, and changes."""

from dashboards.freshness import accounts_down, alerts_firing, alerts_table, datasets_down, is_up, oldest
from dashboards.grafana import FieldStyle, Json, Query, Size, stat
from dashboards.links import OVERVIEW, project_of_row
from dashboards.names import D1_ROWS_READ, LIST_COST, OBJECT_REQUESTS, PROJECT_LEVEL, REQUESTS
from dashboards.page import Section, dashboard
from dashboards.projects import failures, list_cost, projects_table, requests
from dashboards.queries import select, select_account
from dashboards.spending import cycle_left, forecast, to_date
from dashboards.tables import Column, Value, linked, values_table
from dashboards.text import LATE, WEEK
from dashboards.variables import alerts, deployments, of_projects
from exporter.catalog import KINDS


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
            Section("Traffic and cost", (requests(Size(8, 8)), failures(Size(8, 8)), list_cost(Size(8, 8)))),
            Section("Changes and assets", (_movers(Size(15, 8)), _inventory(Size(9, 8)))),
        ),
    )


def _movers(size: Size) -> Json:
    ratios = (
        ("Worker requests", f"{REQUESTS}_per_week_before:ratio_rate1h"),
        ("D1 rows read", f"{D1_ROWS_READ}_per_week_before:ratio_rate1h"),
        ("DO requests", f"{OBJECT_REQUESTS}_per_week_before:ratio_rate1h"),
        ("List cost a day", f"{LIST_COST}_per_week_before:ratio_increase1d"),
    )
    return values_table(
        "Top movers",
        "Change of the last hour's rate against the same hour a week before, and of the last day's list cost against "
        f"the average day of the week before. {WEEK}",
        size,
        (Column("project", "Project", linked(project_of_row())),),
        [Value(title, f"max by (project) ({select(f'{PROJECT_LEVEL}:{record}')}) - 1") for title, record in ratios],
        look=FieldStyle("percentunit", decimals=0),
        sort_by="Worker requests",
        if_empty="Not known before a week is recorded",
    )


def _inventory(size: Size) -> Json:
    return stat(
        "Assets",
        "Assets found by discovery in the selected accounts, in all projects.",
        size,
        [Query(f"sum by (kind) (max by (account, kind) ({select_account('cloudflare_assets')}))", "{{kind}}")],
        FieldStyle("none"),
        names={name: kind.assets for name, kind in KINDS.items()},
    )
