"""Cases of the alerts about R2."""

from collections.abc import Iterator

from tests.alerting.cases.spikes import cost_spike, spike
from tests.alerting.cases.stage import DAY, MINUTE, Counter, Course, Firing, Gauge, Scene, Signal, Way, list_cost

R2 = ("r2OperationsAdaptiveGroups",)
IMAGES = {"project": "shop", "bucket": "shop-images"}
STANDARD = IMAGES | {"storage_class": "Standard"}
LABELS = {"account": "Above", "product": "r2", **IMAGES}
DASHBOARD = "var-account=Above&var-project=shop"
NAMED = "shop-images (project shop, account Above)"


COST = {"product": "r2", "kind": "r2_bucket", "asset": "shop-images"}


def stored(payload: Course, objects: float = 10, instance: str = "10.0.0.1:9199") -> list[Signal]:
    """Return what a bucket holds; its metadata are 1 MB."""
    of_instance = STANDARD | {"instance": instance}
    return [
        Gauge("cloudflare_r2_payload_bytes", payload, of_instance),
        Gauge("cloudflare_r2_metadata_bytes", 1e6, of_instance),
        Gauge("cloudflare_r2_objects", objects, of_instance),
    ]


def growing(first: float, by_day: float) -> list[Signal]:
    """Return a bucket that grows by so much a day."""
    return stored(lambda second: first + by_day * second / DAY)


def operations(rate: Course, status_code: str = "200") -> list[Counter]:
    """Return writes a second."""
    labels = STANDARD | {"action": "PutObject", "class": "A", "status_code": status_code}
    return [Counter("cloudflare_r2_operations_total", rate, labels)]


def sent(rate: Course) -> list[Signal]:
    """Return bytes sent a second."""
    return [Counter("cloudflare_r2_response_bytes_total", rate, STANDARD | {"action": "GetObject"})]


def quota(ratio: float, meter: str = "r2_class_a", plan: str = "workers_free") -> list[Signal]:
    """Return how much of what is included is used, on a plan."""
    return [
        Gauge("cloudflare_quota_used_ratio", ratio, {"meter": meter}),
        Gauge("cloudflare_cost_account_info", 1, {"plan": plan}),
    ]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield from _storage()
    yield from _quota()
    yield from _operations()


def _storage() -> Iterator[Scene]:
    yield Scene(
        "10.1 GB, or 9.9 GB; or 6 GB that two exporters see.",
        "CloudflareR2BucketLarge",
        "info",
        {
            Way.ABOVE: stored(10.1e9),
            Way.BELOW: stored(9.9e9),
            Way.OTHER: [*stored(6e9), *stored(6e9, instance="10.0.0.2:9199")],
            Way.DELETED: stored(9.9e9),
        },
        [
            Firing(
                LABELS,
                "An R2 bucket is large.",
                f"Bucket {NAMED} holds 10.1GB, as Cloudflare measured it in the last few hours. Storage above an "
                "account's free 10 GB is billed every month: check what is written there and whether it must be kept.",
                DASHBOARD,
            )
        ],
    )
    yield Scene(
        "10 GB are reached in 6.7 days, or in 7.5; or the bucket shrinks, is large already, or is known for minutes "
        "only.",
        "CloudflareR2BucketFilling",
        "info",
        {
            Way.ABOVE: growing(9.039e9, 0.09e9),
            Way.BELOW: growing(9.079e9, 0.08e9),
            Way.IDLE: growing(9.9e9, -0.1e9),
            Way.OTHER: growing(11e9, 0.1e9),
            Way.STARTED: growing(9.5e9, 0.09e9),
        },
        [
            Firing(
                LABELS,
                "An R2 bucket will soon be large.",
                f"Bucket {NAMED} will reach its alert threshold in 6.7 days if it keeps growing as it did over the "
                "last three. Check what is written there and whether it must be kept.",
                DASHBOARD,
            )
        ],
        length=4 * DAY,
        step=5 * MINUTE,
        checks=1,
    )
    yield Scene(
        "Objects of 1.01 GB, or 0.99 GB; or none.",
        "CloudflareR2ObjectsLarge",
        "info",
        {
            Way.ABOVE: stored(10.1e9),
            Way.BELOW: stored(9.9e9),
            Way.IDLE: stored(0, 0),
        },
        [
            Firing(
                LABELS,
                "The objects of an R2 bucket are unusually large.",
                f"The objects of bucket {NAMED} have 1.01GB on average. Check for backups, dumps or recordings that "
                "belong elsewhere.",
                DASHBOARD,
            )
        ],
    )


def _quota() -> Iterator[Scene]:
    for severity, above, below, said, text in (
        ("info", 0.81, 0.79, "81%", "is nearly used up"),
        ("warning", 1.0, 0.99, "100%", "is used up"),
    ):
        yield Scene(
            f"{said} of what is included is used, or a little less; or on a paid plan, or of no meter of R2.",
            "CloudflareR2QuotaHigh",
            severity,
            {
                Way.ABOVE: quota(above),
                Way.BELOW: quota(below),
                Way.IDLE: quota(0),
                Way.OTHER: quota(above, "workers_requests") + (quota(1.5)[:1] if severity == "info" else []),
                Way.DELETED: quota(above, plan="workers_paid"),
            },
            [
                Firing(
                    {"account": "Above", "meter": "r2_class_a", "product": "r2"},
                    f"An account's included R2 usage {text}.",
                    f"Account Above has used {said} of its included R2 usage of r2_class_a. Usage above "
                    "it is billed: find the bucket that causes it (cloudflare_cost_cycle_to_date_usd of that meter).",
                    "var-account=Above",
                )
            ],
        )


def _operations() -> Iterator[Scene]:
    yield Scene(
        "A little more than 10 refused operations per five minutes, or a little less; or many that find nothing.",
        "CloudflareR2AccessDenied",
        "warning",
        {
            Way.ABOVE: operations(0.0335, status_code="403"),
            Way.BELOW: operations(0.0333, status_code="403"),
            Way.IDLE: operations(5, status_code="404"),
            Way.AWAY: operations(0.0333, status_code="401"),
        },
        [
            Firing(
                LABELS,
                "Access to an R2 bucket is refused repeatedly.",
                f"10.05 operations on bucket {NAMED} were refused with 401 or 403 in five minutes, in the mean of 15 "
                "minutes. Somebody is trying keys, or one of your own keys has expired: look at "
                "cloudflare_r2_operations_total by action.",
                DASHBOARD,
            )
        ],
        R2,
    )
    for meter, of_class in (("r2_class_a", ""), ("r2_ia_class_a", " in Infrequent Access")):
        yield cost_spike(
            "CloudflareR2ClassASpike",
            R2,
            "An R2 bucket has many more class A operations than usual.",
            counter=operations(6)[0],
            subject=IMAGES,
            cost=COST | {"meter": meter},
            what=f"class A operations{of_class} (18.6 a second)",
            named="bucket shop-images",
            other=[list_cost(lambda second: float(second > 690_000), **COST, meter="r2_class_b")],
        )
    yield spike(
        "CloudflareR2EgressSpike",
        "info",
        R2,
        1.1e6,
        Firing(
            LABELS,
            "An R2 bucket sends much more than usual.",
            f"Over the last hour bucket {NAMED} sent 3.1 times the bytes that are usual at this time of day. Egress is "
            "free, but its class B operations are not: find out who reads.",
            DASHBOARD,
        ),
        signals=sent,
    )
