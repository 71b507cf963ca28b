"""Panels about fresh data and current problems."""

from collections.abc import Iterable

from dashboards.colors import BAD, CAREFUL, GOOD, NOTICE
from dashboards.grafana import NO_DATA, FieldStyle, Json, Query, Size, mappings, stat
from dashboards.lines import API_BUDGET, STALE_SECONDS
from dashboards.links import EXPORTER, PROJECT, of_row, of_series
from dashboards.queries import RULES_RUN, firing, select_account, select_job
from dashboards.tables import COLORED, WRAPPED, Column, Value, linked, table, values_table
from exporter.alerts import SEVERITIES
from exporter.alerts.names import PREFIX
from exporter.alerts.table import ALERTS, Scale
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product

STATES = {
    "ok": ("ok", GOOD),
    "failing": ("failing", BAD),
    "unavailable": ("unavailable", CAREFUL),
    "unknown": ("unknown", CAREFUL),
}
MONEY = "money"
RANKED = {
    f"{rank}{scale}": named
    for rank, named in enumerate(zip(SEVERITIES, (BAD, CAREFUL, NOTICE), strict=True), start=1)
    for scale in ("", MONEY)
}
"""Severities and their colours by rank, so that they can be sorted: of one severity, alerts about money come last."""

STATE = "cloudflare_exporter_dataset_state"
UNTIL = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
SUCCESS = "cloudflare_exporter_dataset_last_success_timestamp_seconds"
NEWEST = "cloudflare_exporter_dataset_newest_data_timestamp_seconds"

_LATEST = " or ".join(f"max_over_time({select_account(metric)}[1d])" for metric in (UNTIL, SUCCESS))

_ASKED = (
    f"{select_account(STATE)} or last_over_time({select_account(STATE)}[1d:5m]) unless on (job) {select_account(STATE)}"
)

AGE = f"time() - max by (account, dataset) (({_LATEST}) and on (job, account, dataset) ({_ASKED}))"
"""The time since the end of the last answer for each dataset; for gauges, since the answer itself.

It grows while the exporter is down, for all that it asked for within a day; otherwise it is of what it asks for now.
"""

BUILD = select_job("cloudflare_exporter_build_info")

FINE_AT_ZERO = ((None, GOOD), (1, BAD))
MORE = of_series(EXPORTER, "What is wrong")


def is_up(size: Size) -> Json:
    """Return the panel that shows whether the exporter runs, whatever the name of its job."""
    ours = f"{select_job('up')} and on (job, instance) last_over_time({BUILD}[7d])"
    return stat(
        "Exporter",
        "Whether Prometheus can scrape the exporter; of several jobs, each one. Replicas of one job stand in for each "
        "other. Down, too, if there is no target any more, for a day.",
        size,
        [Query(f"min(max by (job) ({ours}) or 0 * max by (job) (last_over_time({BUILD}[1d])))", "exporter")],
        FieldStyle(
            "none",
            ((None, BAD), (1, GOOD)),
            {"0": ("down", BAD), "1": ("up", GOOD)},
            missing=(NO_DATA, BAD),
        ),
        links=(MORE,),
    )


def accounts_down(size: Size) -> Json:
    """Return the panel with the number of accounts without answers."""
    return stat(
        "Accounts down",
        "Accounts whose last refresh Cloudflare did not answer. The exporter's status page shows why.",
        size,
        [Query(f"sum(1 - max by (account) ({select_account('cloudflare_exporter_account_up')}))", "accounts")],
        FieldStyle("none", FINE_AT_ZERO),
        links=(MORE,),
    )


def datasets_down(size: Size) -> Json:
    """Return the panel with the number of datasets without answers."""
    down = select_account(STATE, 'state!="ok"')
    return stat(
        "Datasets down",
        "Datasets that are failing, or unavailable to this token or plan; the Exporter dashboard shows which and why.",
        size,
        [Query(f"sum(max by (account, dataset) ({down})) or 0 * count({select_account(STATE)})", "datasets")],
        FieldStyle("none", ((None, GOOD), (1, CAREFUL))),
        links=(MORE,),
    )


def oldest(size: Size) -> Json:
    """Return the panel with the age of the data."""
    return stat(
        "Oldest data",
        "The time since the end of the last answer for the dataset that is furthest behind. Sizes are fetched about "
        "every five minutes.",
        size,
        [Query(f"max({AGE})", "age")],
        FieldStyle("dtdurations", ((None, GOOD), (STALE_SECONDS, BAD)), decimals=1),
        links=(MORE,),
    )


def api_budget(size: Size) -> Json:
    """Return the panel with the remaining request budget."""
    left = f"min by (api) ({select_job('cloudflare_exporter_api_budget_remaining_requests')})"
    allowed = f"max by (api) ({select_job('cloudflare_exporter_api_budget_requests')})"
    return stat(
        "API budget left",
        "The remaining request budget of the exporter, for the API with the least left.",
        size,
        [Query(f"min({left} / {allowed})", "budget")],
        FieldStyle("percentunit", ((None, CAREFUL), (API_BUDGET.value, GOOD)), decimals=0),
    )


def alerts_firing(size: Size, *matchers: str) -> Json:
    """Return the panel with the number of firing alerts."""
    return stat(
        "Alerts firing",
        "Alerts about Cloudflare that fire now, except the one that always fires. No data: Prometheus evaluates no "
        "rules.",
        size,
        [Query(f"count({firing(*matchers)}) or 0 * count({RULES_RUN})", "alerts")],
        FieldStyle("none", FINE_AT_ZERO),
    )


def datasets_table(size: Size) -> Json:
    """Return the table of datasets and their states, which nobody knows while the exporter is down."""
    states = f"max by (account, dataset, state, reason) ({select_account(STATE)} == 1)"
    return values_table(
        "Accounts and datasets",
        "The state of each dataset, the time since the end of its last answer, and the age of the newest data in it. "
        "Datasets without traffic have no new data. A sample interval of 1 is exact, 10 means that Cloudflare kept one "
        "event in ten.",
        size,
        (
            Column("account", "Account"),
            Column("dataset", "Dataset", {"custom.width": 330}),
            Column("state", "State", {"mappings": mappings(STATES), "custom.cellOptions": COLORED}),
            Column("reason", "Reason"),
        ),
        (
            Value("", f'{states} or on (account, dataset) label_replace({AGE}, "state", "unknown", "", "")'),
            Value("Answered until", AGE),
            Value("Newest data", f"time() - max by (account, dataset) (max_over_time({select_account(NEWEST)}[1d]))"),
        ),
        look=FieldStyle("s", decimals=1),
        sort_by="State",
        is_descending=False,
    )


def alerts_table(size: Size, *matchers: str, products: Iterable[Product] = PRODUCTS) -> Json:
    """Return the table of firing alerts and their subjects."""
    labels = (*(kind.label for kind in kinds_of(products).values()), "dataset", "meter", "budget", "alert")
    subject = ", ".join(f'"{label}"' for label in labels)
    unknown = f'label_replace(absent({RULES_RUN}), "severity", "{SEVERITIES[0]}", "", "")'
    unknown = f'label_replace({unknown}, "alert", "is missing: no rules are evaluated", "", "")'
    shown = f'label_join({firing(*matchers)} or {unknown}, "subject", "", {subject})'
    return table(
        "Firing alerts",
        "Alerts that fire now, except the one that always fires: by severity, and those about money after others. The "
        f"runbook has an entry for each alert; here their names are without {PREFIX}.",
        size,
        [Query(_short_name(_ranked(shown)), is_instant=True)],
        FieldStyle("none"),
        columns=(
            Column(
                "severity",
                "Severity",
                {"mappings": mappings(RANKED), "custom.cellOptions": COLORED, "custom.width": 75},
            ),
            Column("alertname", "Alert", {"custom.width": 190, **WRAPPED}),
            Column("subject", "What", {"noValue": "-", **WRAPPED}),
            Column(
                "project",
                "Project",
                {
                    "noValue": "-",
                    "custom.width": 85,
                    **linked(of_row(PROJECT, "Open the project", project="Project")),
                },
            ),
        ),
        sort_by="Severity",
        if_empty="Nothing fires",
    )


def _ranked(alerts: str) -> str:
    """Return alerts with the place of their severity and scale instead of the severity."""
    about_money = "|".join(name for name, alert in ALERTS.items() if alert.scale is Scale.MONEY)
    ranked = f'label_replace({alerts}, "scale", "{MONEY}", "alertname", "{about_money}")'
    for rank, severity in enumerate(SEVERITIES, start=1):
        ranked = f'label_replace({ranked}, "severity", "{rank}", "severity", "{severity}")'
    return f'label_join({ranked}, "severity", "", "severity", "scale")'


def _short_name(alerts: str) -> str:
    return f'label_replace({alerts}, "alertname", "$1", "alertname", "{PREFIX}(.+)")'
