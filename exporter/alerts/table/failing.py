"""What can fail, as the catalog counts it, and the numbers of the alerts about it: a line for each product."""

from dataclasses import dataclass

from exporter.alerts.table.entry import AlertEntry, Scale, Section, Setting, Threshold
from exporter.alerts.windows import IN_WORDS
from exporter.catalog import d1, durable_objects, kv, r2, workers
from exporter.catalog.product import Product

LEAST = "least_requests_per_second"
"""The setting that keeps an alert about a share silent where there are too few requests for one."""


@dataclass(frozen=True, slots=True)
class Failing:
    """The assets of a product's main kind, and the two alerts about their failures, of which ``outage`` is critical.

    ``requests`` are what can fail, in words; ``outcome`` are the labels of the failures' counter that say how.
    """

    product: Product
    requests: str
    ratio: AlertEntry
    outage: AlertEntry
    outcome: tuple[str, ...] = ()


def _failing(word: str, product: Product, requests: str, *outcome: str) -> Failing:
    subject, unit = product.kinds[0].kind, f"share of the {requests} that fail, 0.05 is 5 %"
    ratio = AlertEntry(
        f"Cloudflare{word}ErrorRatioHigh",
        thresholds=(Threshold("warning", 0.05, f"Share of failed {requests}."),),
        settings=(Setting(LEAST, 0.1, f"90 {requests} in {IN_WORDS}, so it takes at least five failures to fire."),),
        subject=subject,
        unit=unit,
        scale=Scale.AVAILABILITY,
        why=f"Some users get errors: that many {requests} fail where something is wrong.",
        if_wrong="Too low, or where failures are expected: a warning for nothing, so give such assets their own "
        "threshold. Too high: users tell you first.",
    )
    outage = AlertEntry(
        f"Cloudflare{word}Failing",
        thresholds=(Threshold("critical", 0.25, f"Share of failed {requests}: one in four is an outage."),),
        settings=(Setting(LEAST, 0.1, f"90 {requests} in {IN_WORDS}, so it takes 23 failures to fire."),),
        subject=subject,
        unit=unit,
        scale=Scale.AVAILABILITY,
        why=f"An outage: so many {requests} fail that somebody has to get up, whatever they cost.",
        if_wrong=f"Too low: a page at night for what can wait. Too high: an outage is only {ratio.name}, a warning.",
    )
    return Failing(product, requests, ratio, outage, outcome)


WORKERS = _failing("Worker", workers.PRODUCT, "invocations", "status")
R2 = _failing("R2", r2.PRODUCT, "operations", "action", "status_code")
D1 = _failing("D1", d1.PRODUCT, "queries")
DURABLE_OBJECTS = _failing("DurableObject", durable_objects.PRODUCT, "requests", "status")
KV = _failing("Kv", kv.PRODUCT, "operations", "action", "result")

FAILING = (WORKERS, R2, D1, DURABLE_OBJECTS, KV)

SECTION = Section("Failures", tuple(alert for each in FAILING for alert in (each.outage, each.ratio)))
