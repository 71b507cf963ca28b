"""Alerts about the exporter itself."""

from collections.abc import Iterator

from alerting.promql import compared, growth, inner, setting, threshold
from alerting.rule import Alert, Group, Record
from exporter.alerts.names import OF_EXPORTER
from exporter.alerts.table.exporter import (
    ABSENT,
    ACCOUNT_DOWN,
    BUDGET_TIGHT,
    CARD_OLD,
    CONFIG_REFUSED,
    DATASET_REFUSED,
    DOWN,
    GAP,
    GONE,
    LABELS_RENAMED,
    REVISIONS,
    SOURCE_DOWN,
    STALE,
    STORAGE,
    TOKEN_FAILING,
    UNLISTED,
    WATCHDOG,
)

TITLE = """The exporter: whether it runs, whether Cloudflare answers it, and whether its counts are complete.
It is recognized by cloudflare_exporter_build_info, so a scrape job may have any name and other targets besides."""

DATASET = ("job", "account", "dataset")

BUILD = "cloudflare_exporter_build_info"

IS_OURS = f"and on (job, instance) last_over_time({BUILD}[7d])"
"""Keeps what is about a target that has been an exporter within a week; one that is down has no series of its own."""

IS_DOWN = f"up == 0\n  {IS_OURS}\n  unless on (job)\n(up == 1 {IS_OURS})"

SHOWN_BY_ALL = (
    ("cloudflare_exporter_account_up", ("account",)),
    ("cloudflare_asset_info", ("account", "project", "kind", "asset")),
)
"""Metrics that there always are, with labels that targets may carry, too."""

REVISED = "job_account_dataset:cloudflare_exporter_revisions:increase1h"


def groups() -> tuple[Group, ...]:
    """Return the alerts about the exporter."""
    rules = [*_running(), *_answered(), *_resources(), *_whole(), *_beside_usage()]
    return (Group("cloudflare.exporter", rules), Group("cloudflare.revisions", list(_revisions()), interval="5m"))


def _running() -> Iterator[Alert]:
    yield Alert(
        DOWN.name,
        DOWN.severity,
        OF_EXPORTER,
        f"max by (job) (\n{inner(IS_DOWN)}\n)",
        "No Cloudflare exporter can be scraped.",
        "Prometheus has reached no exporter of job {{ $labels.job }} for 5 minutes. No other Cloudflare alert can fire "
        "until one is back; the counters then catch up on their own.",
        wait="5m",
        why="Another instance of the job that is up does its work.",
    )
    yield Alert(
        GONE.name,
        GONE.severity,
        OF_EXPORTER,
        f"count by (job) (last_over_time({BUILD}[1d]))\n"
        f"  unless on (job)\n{BUILD}\n"
        f"  unless on (job)\n(\n{inner(IS_DOWN)}\n)",
        "Prometheus no longer has a Cloudflare exporter to scrape.",
        "Job {{ $labels.job }} had an exporter within the last day, and has none now. No Cloudflare alert can fire "
        "until Prometheus finds one: check its target files or service discovery.",
        wait="5m",
        why="A target that is still there, but down, is CloudflareExporterDown.",
    )
    yield Alert(
        ABSENT.name,
        ABSENT.severity,
        OF_EXPORTER,
        f"absent_over_time({BUILD}[1d])\n  unless on ()\n(\n{inner(IS_DOWN)}\n)",
        "Prometheus has scraped no Cloudflare exporter for a day.",
        "These rules are loaded, but no target of this Prometheus has been a Cloudflare exporter within a day, so no "
        "Cloudflare alert can fire. Add the exporter to scrape_configs, or remove the rules.",
        wait="15m",
    )
    yield Alert(
        WATCHDOG.name,
        WATCHDOG.severity,
        OF_EXPORTER,
        "vector(1)",
        "This alert always fires.",
        "It proves that alerts get from Prometheus through Alertmanager to their receivers. Let a dead man's switch "
        "expect it and notify you when it stops arriving.",
    )


def _answered() -> Iterator[Alert]:
    problem = "cloudflare_exporter_problem_start_timestamp_seconds"
    unauthorized = f'{problem}{{part=~"account|token",reason=~"unauthorized|file"}}'
    yield Alert(
        ACCOUNT_DOWN.name,
        ACCOUNT_DOWN.severity,
        OF_EXPORTER,
        "max by (job, account) (cloudflare_exporter_account_up) == 0\n"
        "  unless on (job, account)\n"
        f"{unauthorized}\n"
        "  unless on (job, account)\n"
        f'({problem}{{part="token"}} and on (job) {problem}{{part="account"}})\n'
        "  unless on (job)\n"
        f'{problem}{{part="storage"}}',
        "Cloudflare is not answering for an account.",
        "No refresh of account {{ $labels.account }} has succeeded for ten minutes: its metrics are frozen. The "
        "exporter's status page and its log show why; counters catch up once Cloudflare answers again.",
        wait="10m",
        subject=("account",),
        why="CloudflareTokenFailing covers a refused token, and CloudflareExporterStorageFailing a ledger that can't "
        "be written. A token whose accounts can't be listed fires this alert only if no account does.",
    )
    yield Alert(
        TOKEN_FAILING.name,
        TOKEN_FAILING.severity,
        OF_EXPORTER,
        f"time() - min by (job, account, part, reason, remedy) (\n  {unauthorized}\n)\n  > {threshold(TOKEN_FAILING)}",
        "Cloudflare refuses a token, or it cannot be read.",
        "For {{ $value | humanizeDuration }} the token for {{ $labels.account }} has not been accepted "
        "({{ $labels.reason }}): nothing is counted with it. {{ $labels.remedy }}",
        subject=("account",),
    )
    refused = 'cloudflare_exporter_dataset_state{state="unavailable",reason!="plan"}'
    yield Alert(
        STALE.name,
        STALE.severity,
        OF_EXPORTER,
        "time() - max by (job, account, dataset) (\n"
        "  last_over_time(cloudflare_exporter_dataset_queried_until_timestamp_seconds[5m])\n"
        "    or\n"
        "  last_over_time(cloudflare_exporter_dataset_last_success_timestamp_seconds[5m])\n"
        ")\n"
        "  > on (job) group_left ()\n"
        "last_over_time(clamp_min(\n"
        "  5 * max by (job) (cloudflare_exporter_refresh_interval_seconds),\n"
        f"  {threshold(STALE)}\n"
        ")[5m:1m])\n"
        "  unless on (job, account, dataset)\n"
        'cloudflare_exporter_dataset_state{state="unavailable"}',
        "Cloudflare no longer answers for a dataset.",
        "The newest data from Cloudflare for dataset {{ $labels.dataset }} (account {{ $labels.account }}) is {{ "
        "$value | humanizeDuration }} old. The exporter is running; cloudflare_exporter_dataset_state and its status "
        "page show why the dataset is not updated.",
        wait="5m",
        subject=("account",),
        why="What is in use is asked at each refresh, anything else every few minutes, and gauges have no "
        "queried_until. It is worth a person's time only after three of the longest intervals, or five refreshes if "
        "these take longer, and five more minutes.",
    )
    yield Alert(
        DATASET_REFUSED.name,
        DATASET_REFUSED.severity,
        OF_EXPORTER,
        f"max by (job, account, dataset, reason) (\n  {refused}\n)\n"
        "  == 1\n"
        "or\n"
        "max by (job, account, kind, reason) (\n"
        '  cloudflare_exporter_discovery_state{state="unavailable"}\n)\n'
        "  == 1",
        "Cloudflare refuses a dataset or a list.",
        "Cloudflare refuses {{ with $labels.dataset }}dataset {{ . }}{{ end }}{{ with $labels.kind }}the list of {{ . "
        "}}{{ end }} of account {{ $labels.account }} ({{ $labels.reason }}): {{ if $labels.dataset }}its usage is "
        "not counted{{ else }}its usage is counted without names{{ end }}. The exporter's status page and "
        "cloudflare-exporter check name the missing permission.",
        wait="15m",
        subject=("account",),
        why="Datasets that the plan does not include are left out: nobody can do anything about them.",
    )


def _resources() -> Iterator[Alert]:
    yield Alert(
        BUDGET_TIGHT.name,
        BUDGET_TIGHT.severity,
        OF_EXPORTER,
        "min by (job, api) (cloudflare_exporter_api_budget_remaining_requests)\n"
        "  /\n"
        "max by (job, api) (cloudflare_exporter_api_budget_requests)\n"
        f"  < {threshold(BUDGET_TIGHT)}",
        "The exporter has almost used up its request budget.",
        "Only {{ $value | humanizePercentage }} of the five-minute request budget for Cloudflare's {{ $labels.api }} "
        "API is left. Once it is used up, metrics go stale: raise poll.refresh or budget_share, or have other tools "
        "of this Cloudflare user send fewer requests.",
        wait="30m",
    )
    failures = "cloudflare_exporter_commit_failures_total"
    yield Alert(
        STORAGE.name,
        STORAGE.severity,
        OF_EXPORTER,
        f"sum by (job) (\n{inner(growth(failures, '10m'))}\n)\n  > {threshold(STORAGE)}",
        "The exporter cannot write its ledger.",
        "{{ $value | humanize }} changes could not be written within ten minutes: the disk of the state folder is "
        "full, read-only or broken. Metrics are frozen until writes succeed again; nothing is then counted twice.",
        keep="10m",
        why="The ten-minute window already smooths it.",
    )
    yield Alert(
        CONFIG_REFUSED.name,
        CONFIG_REFUSED.severity,
        OF_EXPORTER,
        "min by (job) (cloudflare_exporter_config_last_reload_successful) == 0",
        "The exporter refused its new configuration.",
        "The configuration that was last read is invalid, so the previous one stays in force. The exporter's log "
        "names the wrong key; the exporter would not start with this file.",
        wait="5m",
    )
    exported = "\n    or\n  ".join(
        f'{metric}{{exported_{label}!=""}}' for metric, labels in SHOWN_BY_ALL for label in labels
    )
    yield Alert(
        LABELS_RENAMED.name,
        LABELS_RENAMED.severity,
        OF_EXPORTER,
        f"count by (job) (\n  {exported}\n)",
        "Prometheus renames labels of the exporter.",
        "The targets of job {{ $labels.job }} carry a label that the exporter's metrics have, too, so that Prometheus "
        "renames theirs, e.g. to exported_project: sums by project and routes of alerts are wrong. Set honor_labels: "
        "true in the scrape configuration, or take the label off the targets.",
        wait="5m",
    )


def _whole() -> Iterator[Alert]:
    gap = "cloudflare_exporter_gap_seconds_total"
    yield Alert(
        GAP.name,
        GAP.severity,
        OF_EXPORTER,
        f"max by ({', '.join(DATASET)}) (\n{inner(growth(gap, '1h'))}\n)\n  > {threshold(GAP)}",
        "Usage could not be counted for some time.",
        "{{ $value | humanizeDuration }} of dataset {{ $labels.dataset }} (account {{ $labels.account }}) left "
        "Cloudflare's retention before the exporter could fetch them: it was down for too long. Counters and costs "
        "permanently lack that usage; this alert resolves on its own.",
        keep="1h",
        subject=("account",),
        why="The one-hour window already smooths it.",
    )
    yield Alert(
        UNLISTED.name,
        UNLISTED.severity,
        OF_EXPORTER,
        compared("max by (job, account) (cloudflare_exporter_unlisted_assets)", ">", UNLISTED),
        "An account has usage of assets that no list shows.",
        "Account {{ $labels.account }} has usage of {{ $value }} assets that Cloudflare does not list: they have been "
        "deleted, or the token may not list them. They are counted as (unlisted) and belong to no project.",
        wait="1h",
        subject=("account",),
    )


def _beside_usage() -> Iterator[Alert]:
    yield Alert(
        SOURCE_DOWN.name,
        SOURCE_DOWN.severity,
        OF_EXPORTER,
        "max by (job, source) (cloudflare_exporter_source_up) == 0",
        "The exporter cannot read a source.",
        "Source {{ $labels.source }} says nothing current: reading it has failed for three of its "
        "intervals or since the start. Its metrics are absent; usage is counted all the same. The "
        "exporter's status page and its log show why.",
        wait="15m",
    )
    yield Alert(
        CARD_OLD.name,
        CARD_OLD.severity,
        OF_EXPORTER,
        f"time() - max by (job) (cloudflare_exporter_rate_card_timestamp_seconds)\n  > {threshold(CARD_OLD)}",
        "The exporter's prices are old.",
        "The prices used for cost estimates were looked up {{ $value | humanizeDuration }} ago. Update the "
        "exporter, or set changed prices under costs.prices.",
        wait="1h",
    )


def _revisions() -> Iterator[Record | Alert]:
    revisions = "cloudflare_exporter_revisions_total"
    yield Record(REVISED, f"max by ({', '.join(DATASET)}) (\n{inner(growth(revisions, '1h'))}\n)")
    yield Alert(
        REVISIONS.name,
        REVISIONS.severity,
        OF_EXPORTER,
        f"{REVISED}\n  > {threshold(REVISIONS)} * avg_over_time({REVISED}[7d] offset 1h)\n"
        "  and\n"
        f"{REVISED} > {setting(REVISIONS, 'least_rows')}\n"
        "  and\n"
        f"count_over_time({REVISED}[7d] offset 1h) > 800",
        "Cloudflare revises unusually many figures downwards.",
        "Within an hour Cloudflare revised {{ $value | humanize }} rows of dataset {{ $labels.dataset }} (account {{ "
        "$labels.account }}) downwards. Counters do not decrease, so they may be too high by that much until the day "
        "is audited; check whether Cloudflare reports an incident of its analytics.",
        keep="1h",
        subject=("account",),
        why="The one-hour window already smooths it.",
    )
