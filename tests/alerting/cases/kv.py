"""Cases of the alerts about KV."""

from collections.abc import Iterator

from tests.alerting.cases.spikes import cost_spike
from tests.alerting.cases.stage import Counter, Firing, Gauge, Scene, Signal, Way, list_cost

KV = ("kvOperationsAdaptiveGroups",)
SESSIONS = {"project": "shop", "kv_namespace": "shop-sessions"}


COST = {"product": "kv", "kind": "kv_namespace", "asset": "shop-sessions"}


def used(ratio: float, plan: str = "workers_free") -> list[Signal]:
    """Return how much of a limit is used, on a plan."""
    return [
        Gauge("cloudflare_quota_used_ratio", ratio, {"meter": "kv_writes"}),
        Gauge("cloudflare_cost_account_info", 1, {"plan": plan}),
    ]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    for action in ("write", "list", "delete"):
        yield cost_spike(
            "CloudflareKvOperationSpike",
            KV,
            "A KV namespace has many more writes, lists or deletes than usual.",
            counter=Counter("cloudflare_kv_operations_total", 6, SESSIONS | {"action": action, "result": "success"}),
            subject=SESSIONS,
            cost=COST | {"meter": f"kv_{action}s"},
            what=f"{action}s (18.6 a second)",
            named="namespace shop-sessions",
            other=[list_cost(lambda second: float(second > 690_000), **COST, meter="kv_reads")],
        )
    for severity, above, below, said, text, what in (
        ("critical", 1.0, 0.99, "100%", "is used up", "such operations fail until midnight UTC"),
        ("warning", 0.81, 0.79, "81%", "is nearly used up", "at the limit such operations fail until midnight UTC"),
    ):
        yield Scene(
            f"{said} of the day's limit, or a little less; or more than that on the paid plan.",
            "CloudflareKvDailyLimitHigh",
            severity,
            {
                Way.ABOVE: used(above),
                Way.BELOW: used(below),
                Way.IDLE: used(0),
                Way.OTHER: used(3, "workers_paid"),
            },
            [
                Firing(
                    {"account": "Above", "product": "kv", "meter": "kv_writes"},
                    f"A daily KV limit of the free plan {text}.",
                    f"Account Above has used {said} of the free plan's daily limit of kv_writes; {what}. Look at which "
                    "namespace uses it, or move to the paid plan.",
                    "var-account=Above",
                )
            ],
        )
