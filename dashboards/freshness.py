"""Panels about fresh data and current problems."""

from collections.abc import Iterable

from dashboards.colors import BAD, CAREFUL, GOOD, NOTICE
from dashboards.grafana import FieldStyle, Json, Query, Size, mappings, stat
from dashboards.lines import API_BUDGET, STALE_SECONDS
from dashboards.links import EXPORTER, PROJECT, of_row, of_series
from dashboards.queries import ACCOUNT, firing, select_account, select_job
from dashboards.tables import COLORED, Column, Value, linked, table, values_table
from exporter.alerts import SEVERITIES
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product

STATES = {"ok": ("ok", GOOD), "failing": ("failing", BAD), "unavailable": ("unavailable", CAREFUL)}
RANKED = {str(rank): named for rank, named in enumerate(zip(SEVERITIES, (BAD, CAREFUL, NOTICE), strict=True), start=1)}
"""Severities and their colours by rank, so that they can be sorted."""

STATE = "cloudflare_exporter_dataset_state"
UNTIL = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
SUCCESS = "cloudflare_exporter_dataset_last_success_timestamp_seconds"
NEWEST = "cloudflare_exporter_dataset_newest_data_timestamp_seconds"

AGE = f"time() - max by (account, dataset) ({UNTIL}{{{ACCOUNT}}} or {SUCCESS}{{{ACCOUNT}}})"
"""The time since the end of the last answer for each dataset; for gauges, since the answer itself."""

FINE_AT_ZERO = ((None, GOOD), (1, BAD))
MORE = of_series(EXPORTER, "What is wrong")


def is_up(size: Size) -> Json:
    """Return the panel that shows whether the exporter runs."""
    return stat(
        "Exporter",
        "Whether Prometheus can scrape the exporter.",
        size,
        [Query(f"max({select_job('up')})", "exporter")],
        FieldStyle("none", ((None, BAD), (1, GOOD)), {"0": ("down", BAD), "1": ("up", GOOD)}),
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
        "The age of the newest data of the dataset that is furthest behind. Sizes are fetched about every five "
        "minutes.",
        size,
        [Query(f"max({AGE})", "age")],
        FieldStyle("s", ((None, GOOD), (STALE_SECONDS, BAD)), decimals=1),
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
        "Alerts about Cloudflare that fire now, except the one that always fires.",
        size,
        [Query(f"count({firing(*matchers)}) or 0 * max({select_job('up')})", "alerts")],
        FieldStyle("none", FINE_AT_ZERO),
    )


def datasets_table(size: Size) -> Json:
    """Return the table of datasets and their states."""
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
            Value("", f"max by (account, dataset, state, reason) ({select_account(STATE)} == 1)"),
            Value("Answered until", AGE),
            Value("Newest data", f"time() - max by (account, dataset) ({select_account(NEWEST)})"),
        ),
        look=FieldStyle("s", decimals=1),
        sort_by="State",
        is_descending=False,
    )


def alerts_table(size: Size, *matchers: str, products: Iterable[Product] = PRODUCTS) -> Json:
    """Return the table of firing alerts and their subjects."""
    labels = (*(kind.label for kind in kinds_of(products).values()), "dataset", "meter", "budget", "alert")
    subject = ", ".join(f'"{label}"' for label in labels)
    ranked = firing(*matchers)
    for rank, (severity, _) in RANKED.items():
        ranked = f'label_replace({ranked}, "severity", "{rank}", "severity", "{severity}")'
    return table(
        "Firing alerts",
        "Alerts that fire now, except the one that always fires. The runbook has an entry for each alert.",
        size,
        [Query(f'label_join({ranked}, "subject", "", {subject})', is_instant=True)],
        FieldStyle("none"),
        columns=(
            Column(
                "severity",
                "Severity",
                {"mappings": mappings(RANKED), "custom.cellOptions": COLORED, "custom.width": 75},
            ),
            Column("alertname", "Alert", {"custom.width": 235}),
            Column("subject", "What", {"noValue": "-"}),
            Column(
                "project", "Project", {"noValue": "-", **linked(of_row(PROJECT, "Open the project", project="Project"))}
            ),
        ),
        sort_by="Severity",
        if_empty="Nothing fires",
    )
