"""KV: operations, sizes, time."""

from dashboards.colors import ACTIONS
from dashboards.grafana import FieldStyle, Json, Query, timeseries
from dashboards.names import KV_OPERATIONS, KV_TOTAL, RATE
from dashboards.product import HALF, THIRD, ProductPage
from dashboards.queries import largest, select, total, used, week_before
from dashboards.tables import Value
from dashboards.text import BEFORE, DATA_TIME, FIFTEEN, SIZES
from exporter.catalog.kv import NAMESPACE, PRODUCT

KV = ProductPage(PRODUCT, NAMESPACE, "kv_.+")
BY = f"project, {KV.label}"
BY_ACTION = f"_action:{KV_OPERATIONS}:{RATE}"
STORED, KEYS = "cloudflare_kv_stored_bytes", "cloudflare_kv_keys"


def kv() -> Json:
    """Return the dashboard ``Cloudflare / KV``."""
    own = KV.chosen
    costly = 'action=~"write|list|delete"'
    return KV.page(
        "KV namespaces: operations, storage, and read time.",
        stats=(
            KV.total("Reads", "Reads of a key (kvOperationsAdaptiveGroups).", KV_TOTAL, 'action="read"'),
            KV.total(
                "Writes, lists, deletes",
                "Operations that cost ten times as much as a read (kvOperationsAdaptiveGroups).",
                KV_TOTAL,
                costly,
            ),
            KV.stat(
                "Stored",
                f"Total of all selected namespaces (kvStorageAdaptiveGroups). {SIZES}",
                f"sum({_size(STORED)})",
                FieldStyle("decbytes", decimals=1),
            ),
        ),
        traffic=_actions(),
        projects=(
            KV.by_project(
                "Operations", "Operations of all kinds (kvOperationsAdaptiveGroups).", BY_ACTION, KV_TOTAL, unit="ops"
            ),
        ),
        values=(
            Value("Reads", used(KV_TOTAL, BY, own, 'action="read"')),
            Value("Writes, lists, deletes", used(KV_TOTAL, BY, own, costly), {"custom.width": 150}),
            Value("Stored", _size(STORED), {"unit": "decbytes", "decimals": 1}),
            Value("Keys", _size(KEYS)),
        ),
        counters=(KV_TOTAL,),
        assets=(
            KV.by_asset("Reads", "Reads of a key.", BY_ACTION, KV_TOTAL, 'action="read"', unit="ops"),
            KV.by_asset(
                "Writes, lists and deletes",
                "They cost ten times as much as a read.",
                BY_ACTION,
                KV_TOTAL,
                costly,
                unit="ops",
            ),
            KV.failed_share(),
            KV.metric_by_asset(
                "Read time p99",
                f"The duration that one read in a hundred exceeds (kvOperationsAdaptiveGroups). {FIFTEEN}",
                _largest("cloudflare_kv_latency_seconds", 'action="read"', 'quantile="0.99"'),
                FieldStyle("s"),
            ),
            KV.metric_by_asset(
                "Stored",
                f"Size of values and keys (kvStorageAdaptiveGroups). {SIZES}",
                _largest(STORED),
                FieldStyle("decbytes"),
            ),
            KV.metric_by_asset(
                "Keys", f"Number of keys (kvStorageAdaptiveGroups). {SIZES}", _largest(KEYS), FieldStyle("short")
            ),
            KV.quantiles(
                "Read time",
                "The duration of a read (kvOperationsAdaptiveGroups).",
                "cloudflare_kv_latency_seconds",
                'action="read"',
                size=THIRD,
                ends=("p50", "p90", "p99"),
            ),
        ),
    )


def _size(metric: str) -> str:
    return f"max by ({BY}) ({select(metric, KV.chosen)})"


def _largest(metric: str, *matchers: str) -> str:
    return largest(metric, KV.label, KV.chosen, *matchers)


def _actions() -> Json:
    record = f"{KV.level}{BY_ACTION}"
    return timeseries(
        "Operations by action",
        f"Reads, writes, deletes and lists each have their own price (kvOperationsAdaptiveGroups). {BEFORE} "
        f"{DATA_TIME}",
        HALF,
        [Query(total(record, "action", KV.chosen), "{{action}}"), week_before(record, KV.chosen)],
        FieldStyle("ops"),
        is_stacked=True,
        colors=ACTIONS,
    )
