"""Alerts about Workers: their numbers."""

from exporter.alerts.table.entry import FREE_PLAN, AlertEntry, Section, Setting, Threshold
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.workers import PRODUCT, WORKER

ERROR_RATIO_HIGH = AlertEntry(
    "CloudflareWorkerErrorRatioHigh",
    thresholds=(Threshold("warning", 0.05, "Share of failed invocations."),),
    settings=(
        Setting(
            "least_requests_per_second",
            0.1,
            f"90 invocations in {IN_WORDS}, so it takes at least five failures to fire.",
        ),
    ),
    subject=WORKER.kind,
    unit="share of the invocations that fail, 0.05 is 5 %",
)

BURNS = AlertEntry(
    "CloudflareWorkerErrorBudgetBurn",
    thresholds=(
        Threshold("critical", 14.4, "Multiple of the allowed rate: an hour at it spends 2 % of a month's budget."),
        Threshold("warning", 6, "Multiple of the allowed rate: six hours at it spend 5 % of a month's budget."),
    ),
    settings=(
        Setting("error_budget", 0.005, "Share of invocations that may fail under an objective of 99.5 %."),
        Setting("least_requests_per_second", 0.1, "360 invocations an hour."),
    ),
    subject=WORKER.kind,
    unit="how many times faster than allowed the error budget is spent",
)

SUCCESS_LOW = AlertEntry(
    "CloudflareWorkerSuccessRatioLow",
    thresholds=(
        Threshold("warning", 0.9, "Share of invocations that should succeed; a disconnected client counts as success."),
    ),
    settings=(Setting("least_requests_per_second", 0.1, f"90 invocations in {IN_WORDS}."),),
    subject=WORKER.kind,
    unit="share of the invocations that succeed, 0.9 is 90 %",
)

CPU_HIGH = AlertEntry(
    "CloudflareWorkerCpuTimeHigh",
    thresholds=(Threshold("warning", 24, "Seconds: 80 % of a Worker's default limit of 30 s."),),
    settings=(
        Setting(FREE_PLAN, 0.008, "Seconds: 80 % of the free plan's limit of 10 ms."),
        Setting("least_requests_per_second", 0.1, f"90 invocations in {IN_WORDS}; a quantile of fewer means nothing."),
    ),
    subject=WORKER.kind,
    unit="seconds of CPU time, 99th percentile",
)

SLOW = AlertEntry(
    "CloudflareWorkerRequestTimeHigh",
    thresholds=(Threshold("warning", 2, "Seconds."),),
    settings=(Setting("least_requests_per_second", 0.1, f"90 invocations in {IN_WORDS}."),),
    subject=WORKER.kind,
    unit="seconds per request, 95th percentile",
)

LIMIT_EXCEEDED = AlertEntry(
    "CloudflareWorkerLimitExceeded",
    thresholds=(Threshold("warning", 0.01, "Share of invocations that are stopped at a limit."),),
    settings=(Setting("least_stopped_per_second", 0.01, f"Nine in {IN_WORDS}; one or two among a few mean nothing."),),
    subject=WORKER.kind,
    unit="share of the invocations that are stopped at a limit",
)

VANISHED = AlertEntry(
    "CloudflareWorkerTrafficVanished",
    thresholds=(Threshold("warning", 0.05, "Share of the usual requests that remains."),),
    settings=(
        Setting(
            "least_usual_requests_per_second",
            0.1,
            "Requests a second that a Worker usually has; quieter ones are not judged.",
        ),
    ),
    subject=WORKER.kind,
    unit="share of the usual traffic that remains",
)

ANOMALOUS = AlertEntry(
    "CloudflareWorkerTrafficAnomalous",
    thresholds=(
        Threshold("info", 3, "Standard deviations over the same hours of three weeks that still count as usual …"),
    ),
    settings=(
        Setting("tolerance", 0.5, "… on top of this share of their mean."),
        Setting(
            "least_requests_per_second",
            1,
            "Requests a second, now or usually; below this, traffic is too uneven to judge.",
        ),
    ),
    subject=WORKER.kind,
    unit="standard deviations",
)

SECTION = Section(
    PRODUCT.title,
    (
        ERROR_RATIO_HIGH,
        BURNS,
        SUCCESS_LOW,
        CPU_HIGH,
        SLOW,
        LIMIT_EXCEEDED,
        VANISHED,
        ANOMALOUS,
    ),
)
