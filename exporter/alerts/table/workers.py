"""Alerts about Workers: their numbers."""

from exporter.alerts.table.entry import FREE_PLAN, AlertEntry, Scale, Section, Setting, Threshold
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.workers import PRODUCT, WORKER

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
    scale=Scale.AVAILABILITY,
    why="Many small failures add up: an objective is missed long before a share of failures looks like an outage. "
    "Critical: at this pace a month's budget is gone in two days.",
    if_wrong="Objective too strict: pages for what users never notice. Too lax: a Worker fails for days below every "
    "other threshold.",
)

SUCCESS_LOW = AlertEntry(
    "CloudflareWorkerSuccessRatioLow",
    thresholds=(
        Threshold("warning", 0.9, "Share of invocations that should succeed; a disconnected client counts as success."),
    ),
    settings=(Setting("least_requests_per_second", 0.1, f"90 invocations in {IN_WORDS}."),),
    subject=WORKER.kind,
    unit="share of the invocations that succeed, 0.9 is 90 %",
    scale=Scale.AVAILABILITY,
    why="Some outcomes are no errors to Cloudflare, yet no answers to users: streams that break off, invocations "
    "that are cancelled.",
    if_wrong="A Worker whose clients leave early warns for nothing. Off: responses may break off without anybody being "
    "told.",
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
    scale=Scale.AVAILABILITY,
    why="At the limit invocations are stopped, and until then CPU time is billed.",
    if_wrong="Too low: warnings about Workers that compute on purpose. Too high: the first sign is that invocations "
    "are stopped.",
)

SLOW = AlertEntry(
    "CloudflareWorkerRequestTimeHigh",
    thresholds=(Threshold("warning", 2, "Seconds."),),
    settings=(Setting("least_requests_per_second", 0.1, f"90 invocations in {IN_WORDS}."),),
    subject=WORKER.kind,
    unit="seconds per request, 95th percentile",
    scale=Scale.AVAILABILITY,
    why="Users wait.",
    if_wrong="Workers that stream, or wait for something slow by design, warn for nothing; give them their own "
    "threshold.",
)

LIMIT_EXCEEDED = AlertEntry(
    "CloudflareWorkerLimitExceeded",
    thresholds=(Threshold("warning", 0.01, "Share of invocations that are stopped at a limit."),),
    settings=(Setting("least_stopped_per_second", 0.01, f"Nine in {IN_WORDS}; one or two among a few mean nothing."),),
    subject=WORKER.kind,
    unit="share of the invocations that are stopped at a limit",
    scale=Scale.AVAILABILITY,
    why="Stopped invocations fail, usually for the largest inputs, and will be more.",
    if_wrong="Some inputs too large for the limits warn for nothing. Off: the failures of one kind of input stay "
    "unnoticed below 5 %.",
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
    scale=Scale.AVAILABILITY,
    why="A Worker without requests has no failures either: a broken route or DNS record shows in nothing else.",
    if_wrong="Workers that are called in bursts warn for nothing. Off: an outage in front of a Worker is invisible "
    "here.",
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
    scale=Scale.AVAILABILITY,
    why="Worth knowing, not worth interrupting: launches, crawlers and loops show first as unusual traffic.",
    if_wrong="Too low: an info for each campaign. Too high: a loop shows only in the alerts about money.",
)

SECTION = Section(
    PRODUCT.title,
    (
        BURNS,
        SUCCESS_LOW,
        CPU_HIGH,
        SLOW,
        LIMIT_EXCEEDED,
        VANISHED,
        ANOMALOUS,
    ),
)
