"""Cases of the alerts about KV."""

from collections.abc import Iterator

from tests.alerting.cases.spikes import every_night, spike
from tests.alerting.cases.stage import Counter, Course, Firing, Gauge, Scene, Signal, Way

KV = ("kvOperationsAdaptiveGroups",)
SESSIONS = {"project": "shop", "kv_namespace": "shop-sessions"}


def operations(rate: Course, action: str = "write") -> list[Signal]:
    """Return operations a second."""
    labels = SESSIONS | {"action": action, "result": "success"}
    return [Counter("cloudflare_kv_operations_total", rate, labels)]


def used(ratio: float, plan: str = "workers_free") -> list[Signal]:
    """Return how much of a limit is used, on a plan."""
    return [
        Gauge("cloudflare_quota_used_ratio", ratio, {"meter": "kv_writes"}),
        Gauge("cloudflare_cost_account_info", 1, {"plan": plan}),
    ]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield spike(
        "CloudflareKvOperationSpike",
        "warning",
        KV,
        5.1,
        Firing(
            {"account": "Above", "product": "kv", "action": "write", **SESSIONS},
            "A KV namespace has many more writes, lists or deletes than usual.",
            "Over the last hour namespace shop-sessions (project shop, account Above) had 3.1 times the write "
            "operations of its peak at this time of day over the last seven days. A million of them cost 5 USD: look "
            "for code that runs in a loop.",
            "var-account=Above&var-project=shop",
        ),
        signals=operations,
        other=operations(lambda second: 1_000 * every_night(1, 1)(second) * (1 + 9 * (second > 690_000)), "read"),
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
