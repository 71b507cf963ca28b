"""The thresholds and other settings of the alerts about the exporter itself."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Section, Setting, Threshold
from exporter.alerts.windows import STALE_SECONDS

TOKEN_FAILING = AlertEntry(
    "CloudflareTokenFailing",
    thresholds=(Threshold("critical", 300, "Seconds for which a token may be refused."),),
)

STALE = AlertEntry(
    "CloudflareDatasetStale",
    thresholds=(
        Threshold("warning", STALE_SECONDS, "Seconds that data may be old, or five refreshes if these take longer."),
    ),
)

BUDGET_TIGHT = AlertEntry(
    "CloudflareApiBudgetTight",
    thresholds=(Threshold("warning", 0.1, "Share of the five-minute request budget that should be left."),),
)

STORAGE = AlertEntry(
    "CloudflareExporterStorageFailing",
    thresholds=(Threshold("critical", 0, "Changes that may fail to be written within ten minutes."),),
)

GAP = AlertEntry(
    "CloudflareUsageGap",
    thresholds=(Threshold("warning", 0, "Seconds of usage that may be lost within an hour."),),
)

REVISIONS = AlertEntry(
    "CloudflareRevisionsUnusual",
    thresholds=(Threshold("info", 10, "Multiple of the average hour of the week before."),),
    settings=(Setting("least_rows", 500, "Rows an hour below which the alert stays silent."),),
)

UNLISTED = AlertEntry(
    "CloudflareUnlistedAssets",
    thresholds=(Threshold("info", 0, "Assets with usage that may be missing from the lists."),),
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
