"""Alerts about the exporter itself: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Section, Setting, Threshold

TOKEN_FAILING = AlertEntry(
    "CloudflareTokenFailing",
    thresholds=(Threshold("critical", 300, "Seconds that a token may be refused."),),
)

STALE = AlertEntry(
    "CloudflareDatasetStale",
    thresholds=(Threshold("warning", 300, "Seconds that a dataset may be older than five refreshes."),),
)

BUDGET_TIGHT = AlertEntry(
    "CloudflareApiBudgetTight",
    thresholds=(Threshold("warning", 0.1, "Share of the requests of five minutes that should be left."),),
)

STORAGE = AlertEntry(
    "CloudflareExporterStorageFailing",
    thresholds=(Threshold("critical", 0, "Changes that may be lost within ten minutes."),),
)

GAP = AlertEntry(
    "CloudflareUsageGap",
    thresholds=(Threshold("warning", 0, "Seconds of usage that may be lost."),),
)

REVISIONS = AlertEntry(
    "CloudflareRevisionsUnusual",
    thresholds=(Threshold("info", 10, "Times the mean hour of the week before."),),
    settings=(Setting("least_rows", 500, "Rows an hour below which nobody is told."),),
)

UNLISTED = AlertEntry(
    "CloudflareUnlistedAssets",
    thresholds=(Threshold("info", 0, "Assets with usage that no list need show."),),
    subject=ACCOUNT,
    unit="unlisted assets",
)

CARD_OLD = AlertEntry(
    "CloudflareRateCardOld",
    thresholds=(Threshold("info", 180 * 86_400, "Seconds since prices were looked up."),),
)

SECTION = Section(
    "The exporter",
    (
        TOKEN_FAILING,
        STALE,
        BUDGET_TIGHT,
        STORAGE,
        GAP,
        REVISIONS,
        UNLISTED,
        CARD_OLD,
    ),
)
