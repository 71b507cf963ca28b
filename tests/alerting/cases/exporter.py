"""Cases of the alerts about the exporter, and of the escalation."""

from collections.abc import Iterator

from tests.alerting.cases.stage import HOUR, MINUTE, Counter, Course, Firing, Gauge, Scene, Signal, Way

END = 9 * HOUR
PROBLEM = "cloudflare_exporter_problem_start_timestamp_seconds"
OWN = {"account": "Above", "product": "exporter"}
DASHBOARD = "var-account=Above"


def only_since(minutes: int, value: float = 1, before: float | None = 0) -> Course:
    """Return a value that has been there for so many minutes at the end, and another before."""
    return lambda second: value if second >= END - minutes * MINUTE else before


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield from _running()
    yield from _answered()
    yield from _unresolved()


def of_jobs(signals: dict[Way, list[Signal]]) -> dict[Way, list[Signal]]:
    """Let each way be a job of its own, where there is no account."""
    return {
        way: [type(each)(each.name, _course(each), {"job": way.value, **each.labels}) for each in of_way]
        for way, of_way in signals.items()
    }


def _course(signal: Signal) -> Course:
    return signal.rate if isinstance(signal, Counter) else signal.value


def _running() -> Iterator[Scene]:
    down = Firing(
        {"product": "exporter"},
        "No Cloudflare exporter can be scraped.",
        "Prometheus has reached no target of job cloudflare for 5 minutes. No other Cloudflare alert can fire until "
        "one is back; the counters then catch up on their own.",
    )
    absent = Firing(
        {"product": "exporter"},
        "Prometheus has no Cloudflare exporter to scrape.",
        "There has been no target of job cloudflare for 5 minutes. No Cloudflare alert can fire until Prometheus "
        "finds one: check its target files or service discovery.",
    )
    up = Gauge("up", 1, {"instance": "10.0.0.2:9199"})
    elsewhere = Gauge("up", 1, {"job": "prometheus"})
    for name, alert, way, signals, firing in (
        (
            "It has been down for an hour.",
            "CloudflareExporterDown",
            Way.ABOVE,
            [Gauge("up", only_since(60, 0, 1))],
            down,
        ),
        (
            "It has been down for four minutes.",
            "CloudflareExporterDown",
            Way.BELOW,
            [Gauge("up", only_since(4, 0, 1))],
            None,
        ),
        ("One of two is down.", "CloudflareExporterDown", Way.OTHER, [Gauge("up", 0), up], None),
        ("There has been none for an hour.", "CloudflareExporterAbsent", Way.ABOVE, [elsewhere], absent),
        (
            "There has been none for four minutes.",
            "CloudflareExporterAbsent",
            Way.BELOW,
            [Gauge("up", lambda second: 1 if second < END - 9 * MINUTE else None)],
            None,
        ),
        ("It is down, not absent.", "CloudflareExporterAbsent", Way.OTHER, [Gauge("up", 0)], None),
    ):
        yield Scene(name, alert, "critical", {way: signals}, [firing] if firing else [], checks=1, has_account=False)
    yield Scene(
        "Nothing is wrong.",
        "CloudflareWatchdog",
        "info",
        {Way.ABOVE: [Gauge("up", 1)]},
        [
            Firing(
                {"product": "exporter", "job": ""},
                "This alert always fires.",
                "It proves that alerts get from Prometheus through Alertmanager to their receivers. Let a dead man's "
                "switch expect it and notify you when it stops arriving.",
            )
        ],
        has_account=False,
    )
    refused = Firing(
        {"product": "exporter", "job": "Above"},
        "The exporter refused its new configuration.",
        "The configuration that was last read is invalid, so the previous one stays in force. The exporter's log "
        "names the wrong key; the exporter would not start with this file.",
    )
    reloaded = "cloudflare_exporter_config_last_reload_successful"
    yield Scene(
        "A configuration has been refused for an hour, or for four minutes; or none.",
        "CloudflareExporterConfigRefused",
        "warning",
        of_jobs(
            {
                Way.ABOVE: [Gauge(reloaded, only_since(60, 0, 1))],
                Way.BELOW: [Gauge(reloaded, only_since(4, 0, 1))],
                Way.OTHER: [Gauge(reloaded, 1)],
            }
        ),
        [refused],
        checks=1,
        has_account=False,
    )
    renamed = Firing(
        {"product": "exporter"},
        "Prometheus renames labels of the exporter.",
        "The targets of job cloudflare carry a label that the exporter's metrics have, too, so that Prometheus renames "
        "theirs, e.g. to exported_project: sums by project and routes of alerts are wrong. Set honor_labels: true in "
        "the scrape configuration, or take the label off the targets.",
    )
    info, up = "cloudflare_asset_info", "cloudflare_exporter_account_up"
    asset = {"account": "Example", "project": "shop", "kind": "worker", "asset": "api"}
    for label, metric in (("project", info), ("account", info), ("kind", info), ("asset", info), ("account", up)):
        own = asset if metric == info else {"account": "Example"}
        taken = {**own, label: "infra", f"exported_{label}": own[label]}
        yield Scene(
            f"Targets carry a label {label} that {metric} has, too.",
            "CloudflareLabelsRenamed",
            "warning",
            {Way.ABOVE: [Gauge(metric, only_since(60, 1, None), taken)]},
            [renamed],
            checks=1,
            has_account=False,
        )
    yield Scene(
        "The targets have carried it for four minutes.",
        "CloudflareLabelsRenamed",
        "warning",
        {Way.BELOW: [Gauge(info, only_since(4, 1, None), {**asset, "project": "infra", "exported_project": "shop"})]},
        [],
        checks=1,
        has_account=False,
    )
    yield Scene(
        "The targets carry other labels.",
        "CloudflareLabelsRenamed",
        "warning",
        {Way.OTHER: [Gauge(info, 1, {**asset, "env": "production", "namespace": "monitoring"})]},
        [],
        checks=1,
        has_account=False,
    )


def _answered() -> Iterator[Scene]:
    unauthorized = {"part": "account", "reason": "unauthorized", "remedy": "Give the exporter a valid one."}
    up = "cloudflare_exporter_account_up"
    yield Scene(
        "An account has not been answered for an hour, or for nine minutes; or because its token is refused.",
        "CloudflareAccountDown",
        "critical",
        {
            Way.ABOVE: [Gauge(up, only_since(60, 0, 1))],
            Way.BELOW: [Gauge(up, only_since(9, 0, 1))],
            Way.OTHER: [Gauge(up, 0), Gauge(PROBLEM, 0, unauthorized)],
        },
        [
            Firing(
                OWN,
                "Cloudflare is not answering for an account.",
                "No refresh of account Above has succeeded for ten minutes: its metrics are frozen. The exporter's "
                "status page and its log show why; counters catch up once Cloudflare answers again.",
                DASHBOARD,
            )
        ],
        checks=1,
    )
    yield Scene(
        "A token has been refused for 310 s, or for 290 s; or is not to blame.",
        "CloudflareTokenFailing",
        "critical",
        {
            Way.ABOVE: [Gauge(PROBLEM, END - 310, unauthorized)],
            Way.BELOW: [Gauge(PROBLEM, END - 290, unauthorized)],
            Way.OTHER: [Gauge(PROBLEM, 0, unauthorized | {"reason": "unreachable"})],
        },
        [
            Firing(
                OWN | unauthorized,
                "Cloudflare refuses a token, or it cannot be read.",
                "For 5m 10s the token for Above has not been accepted (unauthorized): nothing is counted with it. "
                "Give the exporter a valid one.",
                DASHBOARD,
            )
        ],
        checks=1,
    )
    until = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
    refresh = Gauge("cloudflare_exporter_refresh_interval_seconds", 60)
    workers = {"dataset": "workersInvocationsAdaptive"}
    unavailable = Gauge(
        "cloudflare_exporter_dataset_state", 1, workers | {"state": "unavailable", "reason": "forbidden"}
    )
    yield Scene(
        "A dataset is 910 s old, or 890 s; or it is refused, which is told apart, or the refresh interval is ten "
        "minutes.",
        "CloudflareDatasetStale",
        "warning",
        {
            Way.ABOVE: [Gauge(until, lambda second: second - 910, workers), refresh],
            Way.BELOW: [Gauge(until, lambda second: second - 890, workers), refresh],
            Way.OTHER: [Gauge(until, lambda second: second - 9_000, workers), refresh, unavailable],
        },
        [
            Firing(
                OWN | workers,
                "Cloudflare no longer answers for a dataset.",
                "The newest data from Cloudflare for dataset workersInvocationsAdaptive (account Above) is 15m 10s "
                "old. The exporter is running; cloudflare_exporter_dataset_state and its status page show why the "
                "dataset is not updated.",
                DASHBOARD,
            )
        ],
    )
    yield from _refused()


def _refused() -> Iterator[Scene]:
    def state(reason: str, course: Course) -> Gauge:
        labels = {"dataset": "d1AnalyticsAdaptiveGroups", "state": "unavailable", "reason": reason}
        return Gauge("cloudflare_exporter_dataset_state", course, labels)

    labels = {"kind": "kv_namespace", "state": "unavailable", "reason": "forbidden"}
    no_list = Gauge("cloudflare_exporter_discovery_state", 1, labels)
    advice = "The exporter's status page and cloudflare-exporter check name the missing permission."
    summary = "Cloudflare refuses a dataset or a list."
    yield Scene(
        "A dataset and a list have been refused for an hour, or a dataset for 14 minutes; or the plan lacks it.",
        "CloudflareDatasetRefused",
        "warning",
        {
            Way.ABOVE: [state("forbidden", only_since(60, 1, None)), no_list],
            Way.BELOW: [state("forbidden", only_since(14, 1, None))],
            Way.OTHER: [state("plan", 1)],
        },
        [
            Firing(
                OWN | {"dataset": "d1AnalyticsAdaptiveGroups", "reason": "forbidden"},
                summary,
                "Cloudflare refuses dataset d1AnalyticsAdaptiveGroups of account Above (forbidden): its usage is not "
                f"counted. {advice}",
                DASHBOARD,
            ),
            Firing(
                OWN | {"kind": "kv_namespace", "reason": "forbidden"},
                summary,
                "Cloudflare refuses the list of kv_namespace of account Above (forbidden): its usage is counted "
                "without "
                f"names. {advice}",
                DASHBOARD,
            ),
        ],
        checks=1,
    )


def _unresolved() -> Iterator[Scene]:
    def alert(course: Course, severity: str = "critical") -> list[Signal]:
        labels = {
            "alertname": "CloudflareD1RowsReadSpike",
            "alertstate": "firing",
            "severity": severity,
            "product": "d1",
            "project": "shop",
            "database": "shop-orders",
        }
        return [Gauge("ALERTS", course, labels)]

    yield Scene(
        "A critical alert has been firing for an hour, or for 29 minutes; or it is a warning.",
        "CloudflareCriticalUnresolved",
        "critical",
        {
            Way.ABOVE: alert(only_since(60, 1, None)),
            Way.BELOW: alert(only_since(29, 1, None)),
            Way.OTHER: alert(1, "warning"),
        },
        [
            Firing(
                {"account": "Above", "alert": "CloudflareD1RowsReadSpike", "product": "d1", "project": "shop"},
                "A critical alert has not been resolved for half an hour.",
                "CloudflareD1RowsReadSpike of account Above, project shop has been firing for more than 30 minutes. "
                "Nobody who was notified has resolved it: see its entry in the runbook.",
                "&var-account=Above&var-project=shop",
            )
        ],
        checks=1,
    )
