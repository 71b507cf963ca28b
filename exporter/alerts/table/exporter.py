"""Alerts about the exporter itself, and about alerts: their numbers."""

from exporter.alerts import names
from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Scale, Section, Setting, Threshold
from exporter.alerts.windows import STALE_SECONDS

DOWN = AlertEntry(
    "CloudflareExporterDown",
    fixed_severity="critical",
    scale=Scale.AVAILABILITY,
    why="No other alert on Cloudflare can fire until a scrape succeeds.",
    if_wrong="A page for a restart that takes longer than five minutes; usage is counted later either way.",
)

GONE = AlertEntry(
    "CloudflareExporterGone",
    fixed_severity="critical",
    scale=Scale.AVAILABILITY,
    why="The exporter's target is no longer there, so that no scrape can even fail: nothing else would tell.",
    if_wrong="A page, for at most a day, when an exporter is removed or its job renamed on purpose.",
)

ABSENT = AlertEntry(
    "CloudflareExporterAbsent",
    fixed_severity="warning",
    scale=Scale.AVAILABILITY,
    why="These rules are loaded where no exporter is scraped: a new installation that is not finished, or a job lost.",
    if_wrong="A warning a day in a Prometheus that has the rules without an exporter.",
)

WATCHDOG = AlertEntry(
    names.WATCHDOG,
    fixed_severity="info",
    scale=Scale.AVAILABILITY,
    why="It always fires, for a dead man's switch to miss it when Prometheus or Alertmanager is dead.",
    if_wrong="Nothing without a switch: it reaches nobody else.",
)

ACCOUNT_DOWN = AlertEntry(
    "CloudflareAccountDown",
    fixed_severity="critical",
    scale=Scale.AVAILABILITY,
    why="All figures of the account are frozen, and its alerts blind.",
    if_wrong="A page for an outage of Cloudflare's analytics that one can only wait for; counters catch up.",
)

TOKEN_FAILING = AlertEntry(
    "CloudflareTokenFailing",
    thresholds=(Threshold("critical", 300, "Seconds for which a token may be refused."),),
    scale=Scale.AVAILABILITY,
    why="Nothing is counted with the token, and only a person can give another.",
    if_wrong="Too short: a page for a token that is being exchanged. Too long: usage older than Cloudflare keeps is "
    "lost.",
)

STALE = AlertEntry(
    "CloudflareDatasetStale",
    thresholds=(
        Threshold("warning", STALE_SECONDS, "Seconds that data may be old, or five refreshes if these take longer."),
    ),
    scale=Scale.AVAILABILITY,
    why="Alerts on a dataset are silent while its figures are old.",
    if_wrong="Too short: a warning for each hiccup of Cloudflare's analytics. Too long: dashboards show the past.",
)

DATASET_REFUSED = AlertEntry(
    "CloudflareDatasetRefused",
    fixed_severity="warning",
    scale=Scale.AVAILABILITY,
    why="Part of the usage is not counted for want of a permission.",
    if_wrong="A warning a day about a product that is not used; exclude it in the configuration.",
)

BUDGET_TIGHT = AlertEntry(
    "CloudflareApiBudgetTight",
    thresholds=(Threshold("warning", 0.1, "Share of the five-minute request budget that should be left."),),
    scale=Scale.AVAILABILITY,
    why="Without requests left, figures go stale.",
    if_wrong="Too high: a warning for a budget that suffices. Off: stale figures come without a reason.",
)

STORAGE = AlertEntry(
    "CloudflareExporterStorageFailing",
    thresholds=(Threshold("critical", 0, "Changes that may fail to be written within ten minutes."),),
    scale=Scale.AVAILABILITY,
    why="All figures are frozen until the ledger can be written, and a full disk does not heal by itself.",
    if_wrong="Higher: hours of frozen figures before anybody looks.",
)

CONFIG_REFUSED = AlertEntry(
    "CloudflareExporterConfigRefused",
    fixed_severity="warning",
    scale=Scale.AVAILABILITY,
    why="What was changed is not in force, and the exporter would not start with this file.",
    if_wrong="A warning while somebody edits.",
)

LABELS_RENAMED = AlertEntry(
    "CloudflareLabelsRenamed",
    fixed_severity="warning",
    scale=Scale.AVAILABILITY,
    why="Sums by project and routes of alerts are wrong until the scrape configuration is mended.",
    if_wrong="None known: the renamed labels are there or they are not.",
)

SOURCE_DOWN = AlertEntry(
    "CloudflareSourceDown",
    fixed_severity="warning",
    scale=Scale.AVAILABILITY,
    why="What is read beside usage is missing.",
    if_wrong="A warning about a source nobody looks at; switch it off in the configuration.",
)

GAP = AlertEntry(
    "CloudflareUsageGap",
    thresholds=(Threshold("warning", 0, "Seconds of usage that may be lost within an hour."),),
    scale=Scale.AVAILABILITY,
    why="Usage is lost for good: counters and costs lack it.",
    if_wrong="Higher: short gaps pass unnoticed, and figures are a little too low.",
)

REVISIONS = AlertEntry(
    "CloudflareRevisionsUnusual",
    thresholds=(Threshold("info", 10, "Multiple of the average hour of the week before."),),
    settings=(Setting("least_rows", 500, "Rows an hour below which the alert stays silent."),),
    scale=Scale.AVAILABILITY,
    why="Cloudflare corrects its own figures: counters may be too high until the day is audited.",
    if_wrong="Too low: an info for corrections of every day.",
)

UNLISTED = AlertEntry(
    "CloudflareUnlistedAssets",
    thresholds=(Threshold("info", 0, "Assets with usage that may be missing from the lists."),),
    subject=ACCOUNT,
    unit="unlisted assets",
    scale=Scale.AVAILABILITY,
    why="Usage without a name belongs to no project; often a permission is missing.",
    if_wrong="An info after each deletion.",
)

CARD_OLD = AlertEntry(
    "CloudflareRateCardOld",
    thresholds=(Threshold("info", 180 * 86_400, "Seconds since prices were looked up."),),
    scale=Scale.MONEY,
    why="Costs are estimated with prices that may have changed.",
    if_wrong="Too long: estimates drift from the bill.",
)

UNRESOLVED = AlertEntry(
    names.ESCALATION,
    fixed_severity="critical",
    scale=Scale.AVAILABILITY,
    why="Whoever was told of a critical alert has not ended it within half an hour: all others are told.",
    if_wrong="A second page about an incident that somebody works on; silence it together with the alert.",
)

SECTION = Section(
    "The exporter",
    (
        DOWN,
        GONE,
        ABSENT,
        WATCHDOG,
        ACCOUNT_DOWN,
        TOKEN_FAILING,
        STALE,
        DATASET_REFUSED,
        BUDGET_TIGHT,
        STORAGE,
        CONFIG_REFUSED,
        LABELS_RENAMED,
        GAP,
        REVISIONS,
        UNLISTED,
        SOURCE_DOWN,
        CARD_OLD,
        UNRESOLVED,
    ),
)
