"""The exporter itself: answers from Cloudflare, completeness of counts, and resources."""

from dashboards import lines
from dashboards.colors import BAD
from dashboards.freshness import (
    BUILD,
    accounts_down,
    alerts_firing,
    alerts_table,
    api_budget,
    datasets_down,
    datasets_table,
    is_up,
    oldest,
)
from dashboards.grafana import COUNT, MISSING_VALUE, FieldStyle, Json, Query, Size, timeseries
from dashboards.links import EXPORTER
from dashboards.page import Section, dashboard
from dashboards.queries import grown, select_account, select_job
from dashboards.tables import WRAPPED, Column, Value, bars, values_table
from dashboards.text import IN_RANGE
from dashboards.variables import alerts, of_accounts
from exporter.alerts.names import OF_EXPORTER

OWN = f'product="{OF_EXPORTER}"'


def exporter() -> Json:
    """Return the dashboard ``Cloudflare / Exporter``."""
    small, third = Size(4, 4), Size(8, 9)
    return dashboard(
        EXPORTER,
        "Cloudflare / Exporter",
        "Whether Cloudflare answers the exporter, whether its counts are complete, and what resources it uses.",
        variables=of_accounts(),
        annotations=(alerts(OWN),),
        sections=(
            Section(
                "Does Cloudflare answer?",
                (
                    is_up(small),
                    accounts_down(small),
                    datasets_down(small),
                    oldest(small),
                    api_budget(small),
                    alerts_firing(small, OWN),
                    datasets_table(Size(15, 9)),
                    alerts_table(Size(9, 9), OWN),
                    _age(Size(12, 8)),
                    _problems(Size(12, 8)),
                ),
            ),
            Section("What does it request?", (_budget(third), _requests(third), _samples(third))),
            Section("Are its counts complete?", (_revisions(third), _late(third), _gaps(third))),
            Section("What resources does it use?", (_scrapes(third), _ledger(third), _series(third))),
        ),
    )


def _age(size: Size) -> Json:
    until = select_account("cloudflare_exporter_dataset_queried_until_timestamp_seconds")
    return timeseries(
        "Data age by dataset",
        "The time since the end of the last answer for each usage dataset.",
        size,
        [Query(f"time() - min by (dataset) ({until})", "{{dataset}}")],
        FieldStyle("dthms", ((None, "transparent"), (lines.STALE_SECONDS, BAD))),
    )


def _problems(size: Size) -> Json:
    since = select_account("cloudflare_exporter_problem_start_timestamp_seconds").replace('"$account"', '"$account|"')
    return values_table(
        "Problems",
        "What is wrong, since when, and what to do; as on the exporter's status page.",
        size,
        (
            Column("account", "Account", {"noValue": "-"}),
            Column("part", "Part"),
            Column("reason", "Reason"),
            Column("remedy", "Remedy", {"custom.width": 330, **WRAPPED}),
        ),
        (Value("For", f"time() - min by (account, part, reason, remedy) ({since}) or {_not_scraped()}"),),
        look=FieldStyle("s", decimals=0),
        sort_by="For",
        if_empty="Nothing is wrong",
    )


def _not_scraped() -> str:
    """Return the problem that the exporter itself cannot report, and how long ago its last scrape was."""
    scraped = f"max(max_over_time({select_job('cloudflare_exporter_snapshot_timestamp_seconds')}[1d]))"
    problem = f"(time() - {scraped} or on () {MISSING_VALUE}) and on () absent({BUILD})"
    for label, text in (
        ("part", "exporter"),
        ("reason", "not scraped"),
        ("remedy", "See whether it runs, and why Prometheus cannot scrape it"),
    ):
        problem = f'label_replace({problem}, "{label}", "{text}", "", "")'
    return problem


def _budget(size: Size) -> Json:
    left = f"min by (api) ({select_job('cloudflare_exporter_api_budget_remaining_requests')})"
    allowed = f"max by (api) ({select_job('cloudflare_exporter_api_budget_requests')})"
    return timeseries(
        "API budget left by API",
        "The remaining part of the exporter's five-minute request budget. Below the line CloudflareApiBudgetTight "
        "fires.",
        size,
        [Query(f"{left} / {allowed}", "{{api}}")],
        FieldStyle("percentunit", lines.API_BUDGET.drawn()),
    )


def _requests(size: Size) -> Json:
    counter = select_job("cloudflare_exporter_api_requests_total")
    return bars(
        "Requests to Cloudflare",
        f"By API and outcome, retries included. {IN_RANGE}",
        size,
        (Column("api", "API", {"custom.width": 80}), Column("outcome", "Outcome", {"custom.width": 120})),
        Value("Requests", f"sum by (api, outcome) ({grown(counter)})"),
        look=COUNT,
    )


def _samples(size: Size) -> Json:
    interval = select_account("cloudflare_exporter_dataset_sample_interval")
    return timeseries(
        "Sample interval by dataset",
        "The sampling of Cloudflare's newest answer: 1 is exact, 10 means that one event in ten was kept.",
        size,
        [Query(f"max by (dataset) ({interval})", "{{dataset}}")],
        FieldStyle("short"),
    )


def _revisions(size: Size) -> Json:
    record = select_account("job_account_dataset:cloudflare_exporter_revisions:increase1h")
    return timeseries(
        "Revisions by dataset",
        "Rows that Cloudflare revised downwards in the last hour.",
        size,
        [Query(f"sum by (dataset) ({record})", "{{dataset}}")],
        FieldStyle("short"),
    )


def _late(size: Size) -> Json:
    late = select_account("cloudflare_exporter_late_usage_total")
    return bars(
        "Late usage",
        f"Usage added when its day was audited, by field of the dataset. {IN_RANGE}",
        size,
        (Column("field", "Field", {"custom.width": 230}),),
        Value("Added", f"sum by (field) ({grown(late)}) > 0"),
        look=FieldStyle("short", decimals=1),
        if_empty="None is known to have come late",
    )


def _gaps(size: Size) -> Json:
    counted = (
        ("seconds that no question covered", select_account("cloudflare_exporter_gap_seconds_total")),
        ("changes that could not be written", select_job("cloudflare_exporter_commit_failures_total")),
        ("questions cut since a page was full", select_job("cloudflare_exporter_page_splits_total")),
    )
    named = (f'label_replace(sum({grown(series)}), "what", "{what}", "", "")' for what, series in counted)
    return bars(
        "Failures",
        f"The first two may mean lost usage; the third only costs requests. {IN_RANGE}",
        size,
        (Column("what", "What", {"custom.width": 270}),),
        Value("Count", " or ".join(named)),
        look=COUNT,
    )


def _scrapes(size: Size) -> Json:
    return timeseries(
        "Scrape and render time",
        "The time that Prometheus took to scrape the exporter, and the exporter to render the previous exposition.",
        size,
        [
            Query(f"max({select_job('scrape_duration_seconds')})", "scrape"),
            Query(f"max({select_job('cloudflare_exporter_render_duration_seconds')})", "render"),
        ],
        FieldStyle("s"),
    )


def _ledger(size: Size) -> Json:
    memory = f"max({select_job('process_resident_memory_bytes')})"
    return timeseries(
        "Ledger and memory",
        "Size of the ledger (0 if it is in memory), and memory of the process.",
        size,
        [
            Query(f"max({select_job('cloudflare_exporter_storage_bytes')}) or 0 * {memory}", "ledger"),
            Query(memory, "memory"),
        ],
        FieldStyle("decbytes"),
    )


def _series(size: Size) -> Json:
    return timeseries(
        "Series",
        "Time series that the exporter exposes, without process metrics.",
        size,
        [Query(f"max({select_job('cloudflare_exporter_series')})", "series")],
        FieldStyle("short"),
    )
