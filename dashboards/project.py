"""One project: all its assets, their usage and cost, and their alerts."""

from dashboards import addresses
from dashboards.colors import PRODUCTS
from dashboards.freshness import alerts_firing, alerts_table
from dashboards.grafana import COUNT, MARK, FieldStyle, Json, Query, Size, stat, timeseries
from dashboards.lines import ERROR_RATIO
from dashboards.links import (
    PROJECT,
    TO_ASSET,
    asset_of_row,
    cloudflare_of_row,
    cloudflare_of_series,
    of_series,
    product_page,
)
from dashboards.names import (
    D1_ROWS_READ,
    ERRORS_TOTAL,
    KV_OPERATIONS,
    OBJECT_REQUESTS,
    PROJECT_LEVEL,
    R2_OPERATIONS,
    R2_STORED,
    RATE,
    REQUESTS,
    REQUESTS_TOTAL,
    WORKER_ERROR_RATIO,
)
from dashboards.page import Section, dashboard
from dashboards.projects import FAILED_IN_ALL
from dashboards.queries import (
    FORECAST,
    NO_USAGE,
    OF_ASSET,
    TO_DATE,
    failed_in_all,
    money_of_assets,
    select,
    total,
    used_in_all,
    with_product,
)
from dashboards.spending import forecast, per_hour_by_product, to_date
from dashboards.tables import Column, Value, linked, values_table
from dashboards.text import DATA_TIME, IN_RANGE, LATE, OF_CYCLE, SIZES
from dashboards.variables import MODIFIED, alerts, deployments, of_projects
from exporter.catalog import d1, durable_objects, kv, r2, workers
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.product import Product

HOUR = 3_600_000
"""In milliseconds, as Grafana has dates."""

PROJECT_ALERTS = 'project=~"$project"'


def project() -> Json:
    """Return the dashboard ``Cloudflare / Project``."""
    small, third = Size(4, 4), Size(8, 9)
    return dashboard(
        PROJECT,
        "Cloudflare / Project",
        f"One project: all its assets, their usage and cost, and their alerts. {LATE}",
        variables=of_projects(is_one=True),
        annotations=(alerts(PROJECT_ALERTS), deployments()),
        sections=(
            Section(
                "Is everything fine, and what does it cost?",
                (
                    alerts_firing(small, PROJECT_ALERTS),
                    _requests(small),
                    _failed(small),
                    _assets(small),
                    to_date(small),
                    forecast(small),
                    _assets_table(Size(15, 9)),
                    alerts_table(Size(9, 9), PROJECT_ALERTS),
                ),
            ),
            Section("Usage", (*_traffic(third), per_hour_by_product(Size(16, 9), colors=PRODUCTS))),
        ),
    )


def _requests(size: Size) -> Json:
    return stat(
        "Requests",
        f"Invocations of its Workers. {IN_RANGE}",
        size,
        [Query(used_in_all(REQUESTS_TOTAL), MARK)],
        COUNT,
    )


def _failed(size: Size) -> Json:
    return stat(
        "Failed",
        f"Share of these invocations that Cloudflare counts as errors. {IN_RANGE}",
        size,
        [Query(failed_in_all(ERRORS_TOTAL, REQUESTS_TOTAL), "failed")],
        FAILED_IN_ALL,
    )


def _assets(size: Size) -> Json:
    listed = f"max by (account, project, asset_id) ({select('cloudflare_asset_info')})"
    return stat(
        "Assets",
        "Assets of the project found by discovery.",
        size,
        [Query(f"count({listed}) or {NO_USAGE}", "assets")],
        COUNT,
    )


def _assets_table(size: Size) -> Json:
    last_used = select("cloudflare_asset_last_used_timestamp_seconds")
    shown = {"unit": "dateTimeFromNow", "noValue": "-"}
    listed = f"count by (project, kind, asset) ({select('cloudflare_asset_info')})"
    return values_table(
        "Assets",
        f"All assets of the project, and its subscriptions. {OF_CYCLE} Changes come from Cloudflare's lists. Usage is "
        "known by the hour: last used is the end of the hour, or now.",
        size,
        (
            Column("asset", "Asset", linked(asset_of_row(), cloudflare_of_row())),
            Column("project", "Project", {"custom.width": 90}),
            Column("product", "Product", {"custom.width": 120}),
            addresses.HIDDEN,
        ),
        (
            Value("To date", money_of_assets(TO_DATE)),
            Value("Forecast", money_of_assets(FORECAST)),
            Value("Changed", _moment(select(MODIFIED)), shown),
            Value("Last used", f"clamp_max({_moment(last_used)} + {HOUR}, 1000 * time())", shown),
            Value("", f"sum by ({OF_ASSET}) ({with_product(listed)})"),
            Value("", addresses.of_all()),
        ),
        look=FieldStyle("currencyUSD", decimals=2),
        sort_by="Forecast",
    )


def _moment(series: str) -> str:
    return f"1000 * max by ({OF_ASSET}) ({with_product(series)})"


def _traffic(size: Size) -> tuple[Json, ...]:
    worker = workers.WORKER.label
    ratio = f"{PROJECT_LEVEL}_{worker}:{WORKER_ERROR_RATIO}"
    failing = timeseries(
        "Failed share by Worker",
        f"Above the line CloudflareWorkerErrorRatioHigh fires, unless the Worker has little traffic. {LATE}",
        size,
        [Query(f"max by ({worker}) ({select(ratio)})", f"{{{{{worker}}}}}")],
        FieldStyle("percentunit", ERROR_RATIO.drawn()),
        links=_opens(workers.PRODUCT, workers.WORKER),
    )
    curves = [
        timeseries(
            title,
            description,
            size,
            [
                Query(
                    total(f"{PROJECT_LEVEL}_{kind.label}{record}", kind.label),
                    f"{{{{{kind.label}}}}}",
                )
            ],
            FieldStyle(unit),
            is_stacked=True,
            links=_opens(product, kind),
        )
        for title, description, record, (product, kind), unit in (
            (
                "Requests by Worker",
                f"Invocations (workersInvocationsAdaptive). {DATA_TIME}",
                f":{REQUESTS}:{RATE}",
                (workers.PRODUCT, workers.WORKER),
                "reqps",
            ),
            (
                "D1 rows read by database",
                f"Rows scanned (d1AnalyticsAdaptiveGroups). {DATA_TIME}",
                f":{D1_ROWS_READ}:{RATE}",
                (d1.PRODUCT, d1.DATABASE),
                "rowsps",
            ),
            (
                "R2 operations by bucket",
                f"Operations of all classes (r2OperationsAdaptiveGroups). {DATA_TIME}",
                f"_class:{R2_OPERATIONS}:{RATE}",
                (r2.PRODUCT, r2.BUCKET),
                "ops",
            ),
            (
                "R2 stored by bucket",
                f"Objects and their metadata (r2StorageAdaptiveGroups). {SIZES}",
                R2_STORED.removeprefix(f"{PROJECT_LEVEL}_{r2.BUCKET.label}"),
                (r2.PRODUCT, r2.BUCKET),
                "decbytes",
            ),
            (
                "Durable Object requests by namespace",
                f"Requests to objects (durableObjectsInvocationsAdaptiveGroups). {DATA_TIME}",
                f":{OBJECT_REQUESTS}:{RATE}",
                (durable_objects.PRODUCT, durable_objects.NAMESPACE),
                "reqps",
            ),
            (
                "KV operations by namespace",
                f"Operations of all kinds (kvOperationsAdaptiveGroups). {DATA_TIME}",
                f"_action:{KV_OPERATIONS}:{RATE}",
                (kv.PRODUCT, kv.NAMESPACE),
                "ops",
            ),
        )
    ]
    return (curves[0], failing, *curves[1:])


def _opens(product: Product, kind: AssetKind) -> tuple[Json, ...]:
    return of_series(product_page(product.name), TO_ASSET, kind.label), cloudflare_of_series(kind)
