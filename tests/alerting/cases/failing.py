"""Cases of the alerts about what fails: two for each product, from one shape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.alerting.cases.stage import Counter, Firing, Scene, Signal, Way

PROJECT = {"project": "shop"}
Series = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """An asset of a product: the series of what ends well, of most of what fails, and of the rest of that.

    ``words`` are the words of its alerts: the alert's, the thing's and what can fail; ``most`` is the outcome that
    leads, nine in ten; empty where nobody tells.
    """

    product: str
    datasets: tuple[str, ...]
    asset: Mapping[str, str]
    words: tuple[str, str, str]
    well: Series
    failed: tuple[Series, ...]
    rest: tuple[Series, ...]
    most: str = ""
    has_logs: bool = False

    def failing(self, share: float, rate: float = 10) -> list[Signal]:
        """Return so many requests a second, of which a share fails."""
        counters = [(self.well, 1 - share)]
        counters += [(each, (0.9 if self.rest else 1) * share) for each in self.failed]
        counters += [(each, 0.1 * share) for each in self.rest]
        return [Counter(name, rate * part, {**PROJECT, **self.asset, **how}) for (name, how), part in counters]


def _workers(status: str) -> tuple[Series, ...]:
    return tuple((f"cloudflare_worker_{what}_total", {"status": status}) for what in ("requests", "errors"))


def _objects(status: str) -> tuple[Series, ...]:
    return tuple((f"cloudflare_durable_object_{what}_total", {"status": status}) for what in ("requests", "errors"))


def _r2(action: str, code: str) -> Series:
    return "cloudflare_r2_operations_total", {"action": action, "class": "B", "status_code": code}


def _kv(action: str, result: str) -> Series:
    return "cloudflare_kv_operations_total", {"action": action, "result": result}


SUBJECTS = (
    Subject(
        "workers",
        ("workersInvocationsAdaptive",),
        {"script_name": "shop-api"},
        ("Worker", "Worker", "invocations"),
        ("cloudflare_worker_requests_total", {"status": "success"}),
        _workers("scriptThrewException"),
        _workers("exceededResources"),
        "scriptThrewException",
        has_logs=True,
    ),
    Subject(
        "r2",
        ("r2OperationsAdaptiveGroups",),
        {"bucket": "shop-media"},
        ("R2", "R2 bucket", "operations"),
        _r2("GetObject", "200"),
        (_r2("GetObject", "503"),),
        (_r2("PutObject", "500"),),
        "GetObject 503",
    ),
    Subject(
        "d1",
        ("d1AnalyticsAdaptiveGroups", "d1QueriesAdaptiveGroups/failed"),
        {"database": "shop-orders"},
        ("D1", "D1 database", "queries"),
        ("cloudflare_d1_write_queries_total", {}),
        (("cloudflare_d1_read_queries_total", {}), ("cloudflare_d1_failed_queries_total", {})),
        (),
    ),
    Subject(
        "durable_objects",
        ("durableObjectsInvocationsAdaptiveGroups",),
        {"do_namespace": "shop-web_Cart"},
        ("DurableObject", "Durable Object namespace", "requests"),
        ("cloudflare_durable_object_requests_total", {"status": "success"}),
        _objects("scriptThrewException"),
        _objects("exceededCpu"),
        "scriptThrewException",
    ),
    Subject(
        "kv",
        ("kvOperationsAdaptiveGroups",),
        {"kv_namespace": "shop-sessions"},
        ("Kv", "KV namespace", "operations"),
        _kv("read", "hot_read"),
        (_kv("write", "error"),),
        (_kv("delete", "error"),),
        "write error",
    ),
)


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    for subject in SUBJECTS:
        _, thing, requests = subject.words
        yield _scene(subject, "Failing", "critical", 0.25, f"So many {thing} {requests} fail that it is an outage.")
        yield _scene(subject, "ErrorRatioHigh", "warning", 0.05, f"Too many {thing} {requests} fail.")


def _scene(subject: Subject, name: str, severity: str, threshold: float, summary: str) -> Scene:
    word, thing, requests = subject.words
    (asset,) = subject.asset.values()
    above, below = round(threshold + 0.001, 3), round(threshold - 0.001, 3)
    most = f" Most of all: {subject.most} (90% of the failures)." if subject.most else ""
    return Scene(
        f"{above:.1%} of the {requests} of a {thing} fail, or {below:.1%}; or all of one that has few of them.",
        f"Cloudflare{word}{name}",
        severity,
        {
            Way.ABOVE: subject.failing(above),
            Way.BELOW: subject.failing(below),
            Way.IDLE: subject.failing(1, rate=0.09),
            Way.STARTED: subject.failing(below),
            Way.DELETED: subject.failing(below),
            Way.AWAY: subject.failing(below),
        },
        [
            Firing(
                {"account": "Above", "product": subject.product, **PROJECT, **subject.asset},
                summary,
                f"{above * 100:.4g}% of the {requests} of {thing} {asset} (project shop, account Above) failed over 15 "
                f"minutes of Cloudflare's time (right after an outage: over all of it).{most}",
                "var-account=Above&var-project=shop",
                has_logs=subject.has_logs,
            )
        ],
        subject.datasets,
    )
