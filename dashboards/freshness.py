"""The section that comes first: is the data fresh, and what is wrong."""

from dashboards.grafana import Column, Json, Look, Query, Size, mappings, stat, table
from dashboards.page import Section
from dashboards.queries import ACCOUNT

GOOD, CAREFUL, BAD = "green", "orange", "red"

STALE_SECONDS = 600
"""The threshold of CloudflareDatasetStale at a refresh interval of one minute."""

STATES = {"ok": ("ok", GOOD), "failing": ("failing", BAD), "unavailable": ("unavailable", CAREFUL)}
SEVERITIES = {"critical": ("critical", BAD), "warning": ("warning", CAREFUL), "info": ("info", "blue")}
COLORED = {"type": "color-text"}

STATE = "cloudflare_exporter_dataset_state"
UNTIL = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
SUCCESS = "cloudflare_exporter_dataset_last_success_timestamp_seconds"
NEWEST = "cloudflare_exporter_dataset_newest_data_timestamp_seconds"

AGE = f"time() - max by (account, dataset) ({UNTIL}{{{ACCOUNT}}} or {SUCCESS}{{{ACCOUNT}}})"
"""How long ago the last answer for each dataset reaches; of gauges, when that answer came."""

FIRING = 'ALERTS{job=~"$job",alertname=~"Cloudflare.+",alertstate="firing"}'
"""The alerts that fire, as Prometheus keeps them."""


def freshness() -> Section:
    """Give the section; its queries need nothing but the exporter's metrics about itself."""
    size = Size(4, 4)
    fine_at_zero = ((None, GOOD), (1, BAD))
    any_up = 'max(up{job=~"$job"})'
    return Section(
        "Is the data fresh?",
        (
            stat(
                "Exporter",
                "Whether Prometheus can scrape the exporter.",
                size,
                [Query(any_up, "exporter")],
                Look("none", ((None, BAD), (1, GOOD)), {"0": ("down", BAD), "1": ("up", GOOD)}),
            ),
            stat(
                "Accounts not answered",
                "Accounts whose last refresh Cloudflare did not answer. The exporter's first page says why.",
                size,
                [Query(f"sum(1 - max by (account) (cloudflare_exporter_account_up{{{ACCOUNT}}}))", "accounts")],
                Look("none", fine_at_zero),
            ),
            stat(
                "Datasets not answered",
                "Datasets that are failing, or unavailable to this token or plan; the table below says why.",
                size,
                [
                    Query(
                        f'sum(max by (account, dataset) ({STATE}{{{ACCOUNT},state!="ok"}}))'
                        f" or 0 * count({STATE}{{{ACCOUNT}}})",
                        "datasets",
                    )
                ],
                Look("none", ((None, GOOD), (1, CAREFUL))),
            ),
            stat(
                "Oldest figures",
                "How long ago the last answer reaches, for the dataset that is furthest behind. Sizes are asked about "
                "every five minutes.",
                size,
                [Query(f"max({AGE})", "age")],
                Look("s", ((None, GOOD), (STALE_SECONDS, BAD)), decimals=1),
            ),
            stat(
                "API budget left",
                "What is left of the requests that the exporter allows itself, for the API with the least left.",
                size,
                [
                    Query(
                        "min("
                        'min by (api) (cloudflare_exporter_api_budget_remaining_requests{job=~"$job"})'
                        ' / max by (api) (cloudflare_exporter_api_budget_requests{job=~"$job"}))',
                        "budget",
                    )
                ],
                Look("percentunit", ((None, CAREFUL), (0.1, GOOD)), decimals=0),
            ),
            stat(
                "Alerts firing",
                "Alerts about Cloudflare that fire now.",
                size,
                [Query(f"count({FIRING}) or 0 * {any_up}", "alerts")],
                Look("none", fine_at_zero),
            ),
            _datasets(),
            _alerts(),
        ),
    )


def _datasets() -> Json:
    return table(
        "Accounts and datasets",
        "How each dataset stands, how long ago the last answer for it reaches, and how old the newest data in it are. "
        "Datasets without traffic have no new data.",
        Size(15, 9),
        [
            Query(f"max by (account, dataset, state, reason) ({STATE}{{{ACCOUNT}}} == 1)", is_instant=True),
            Query(AGE, is_instant=True),
            Query(f"time() - max by (account, dataset) ({NEWEST}{{{ACCOUNT}}})", is_instant=True),
        ],
        Look("s", decimals=1),
        columns=(
            Column("account", "Account"),
            Column("dataset", "Dataset", {"custom.width": 330}),
            Column("state", "State", {"mappings": mappings(STATES), "custom.cellOptions": COLORED}),
            Column("reason", "Reason"),
            Column("Value #B", "Answered until"),
            Column("Value #C", "Newest data"),
        ),
        sort_by="State",
    )


def _alerts() -> Json:
    return table(
        "Firing alerts",
        "What fires now. The runbook has an entry for each alert.",
        Size(9, 9),
        [Query(f'label_join({FIRING}, "subject", "", "script_name", "bucket", "dataset")', is_instant=True)],
        Look("none"),
        columns=(
            Column("severity", "Severity", {"mappings": mappings(SEVERITIES), "custom.cellOptions": COLORED}),
            Column("alertname", "Alert", {"custom.width": 270}),
            Column("project", "Project", {"noValue": "-"}),
            Column("subject", "What", {"noValue": "-"}),
        ),
        sort_by="Severity",
        if_empty="Nothing fires",
    )
