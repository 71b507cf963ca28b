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
    yield from _down()
    yield from _gone()
    yield from _absent()
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


def target(job: str, up: Course, build: Course, instance: str = "10.0.0.1:9199") -> list[Signal]:
    """Return what Prometheus has of a target: whether it is up, and what only an exporter says."""
    labels = {"job": job, "instance": instance}
    return [Gauge("up", up, labels), Gauge("cloudflare_exporter_build_info", build, labels | {"version": "1.0.0"})]


def until(minutes: int, end: int = END) -> Course:
    """Return a one that has been missing for so many minutes at the end."""
    return lambda second: 1 if second < end - minutes * MINUTE else None


JOBS = ("cloudflare", "cloudflare-exporter", "kubernetes-pods")

NEW = "10.0.0.2:9199"


def _down() -> Iterator[Scene]:
    yield Scene(
        "Exporters of three jobs have been down for an hour, or one for four minutes; or one of two replicas, or "
        "something else of the job.",
        "CloudflareExporterDown",
        "critical",
        {
            Way.ABOVE: [each for job in JOBS for each in target(job, only_since(60, 0, 1), until(60))]
            + [Gauge("up", 1, {"job": JOBS[2], "instance": "10.0.0.9:8080"})],
            Way.BELOW: target("below", only_since(4, 0, 1), until(4)),
            Way.OTHER: [
                *target("replicas", only_since(60, 0, 1), until(60)),
                *target("replicas", 1, 1, NEW),
                *target("others", 1, 1),
                Gauge("up", 0, {"job": "others", "instance": "10.0.0.9:8080"}),
            ],
        },
        [
            Firing(
                {"product": "exporter", "job": job},
                "No Cloudflare exporter can be scraped.",
                f"Prometheus has reached no exporter of job {job} for 5 minutes. No other Cloudflare alert can fire "
                "until one is back; the counters then catch up on their own.",
            )
            for job in JOBS
        ],
        checks=1,
        has_account=False,
    )


def _gone() -> Iterator[Scene]:
    moved = "moved"
    yield Scene(
        "The targets of three jobs left an hour ago, and that of a fourth came back under another address that does "
        "not answer; or one left nine minutes ago; or one is down, or a pod's new instance is up.",
        "CloudflareExporterGone",
        "critical",
        {
            Way.ABOVE: [each for job in JOBS for each in target(job, until(60), until(60))]
            + target(moved, until(60), until(60))
            + [Gauge("up", only_since(59, 0, None), {"job": moved, "instance": NEW})],
            Way.BELOW: target("below", until(9), until(9)),
            Way.OTHER: [
                *target("down", only_since(60, 0, 1), until(60)),
                *target("pods", until(60), until(60)),
                *target("pods", only_since(58, 1, None), only_since(58, 1, None), NEW),
            ],
        },
        [
            Firing(
                {"product": "exporter", "job": job},
                "Prometheus no longer has a Cloudflare exporter to scrape.",
                f"Job {job} had an exporter within the last day, and has none now. No Cloudflare alert can fire until "
                "Prometheus finds one: check its target files or service discovery.",
            )
            for job in (*JOBS, moved)
        ],
        checks=1,
        has_account=False,
    )


def _absent() -> Iterator[Scene]:
    absent = Firing(
        {"product": "exporter", "job": ""},
        "Prometheus has scraped no Cloudflare exporter for a day.",
        "These rules are loaded, but no target of this Prometheus has been a Cloudflare exporter within a day, so no "
        "Cloudflare alert can fire. Add the exporter to scrape_configs, or remove the rules.",
    )
    end, long_ago, lately = 27 * HOUR, 25 * 60, 23 * 60

    def down(second: int) -> float:
        return float(second < end - long_ago * MINUTE)

    for name, way, signals in (
        ("There has never been an exporter.", Way.ABOVE, [Gauge("up", 1, {"job": "prometheus"})]),
        ("The last one left 25 hours ago.", Way.ABOVE, target("any", until(long_ago, end), until(long_ago, end))),
        ("The last one left 23 hours ago.", Way.BELOW, target("any", until(lately, end), until(lately, end))),
        ("It has been down for 25 hours.", Way.OTHER, target("any", down, until(long_ago, end))),
    ):
        yield Scene(
            name,
            "CloudflareExporterAbsent",
            "warning",
            {way: signals},
            [absent] if way is Way.ABOVE else [],
            length=end,
            step=5 * MINUTE,
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

    media = {"project": "shop", "bucket": "shop-media"}
    failing = [
        Gauge(
            "ALERTS", 1, media | {"alertname": "CloudflareR2Failing", "alertstate": "firing", "severity": "critical"}
        ),
        Counter("cloudflare_r2_operations_total", 10, media | {"status_code": "503"}),
    ]
    fixed = [failing[0], Counter("cloudflare_r2_operations_total", 10, media | {"status_code": "200"})]
    yield Scene(
        "A critical alert has been firing for an hour, or for 29 minutes; or it is a warning.",
        "CloudflareCriticalUnresolved",
        "critical",
        {
            Way.ABOVE: alert(only_since(60, 1, None)),
            Way.BELOW: alert(only_since(29, 1, None)),
            Way.IDLE: alert(1, "warning"),
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
    yield Scene(
        "A bucket has been failing for hours, or its alert is only kept, for it no longer fails.",
        "CloudflareCriticalUnresolved",
        "critical",
        {Way.ABOVE: failing, Way.OTHER: fixed, Way.AWAY: fixed},
        [
            Firing(
                {"account": "Above", "alert": "CloudflareR2Failing", "project": "shop"},
                "A critical alert has not been resolved for half an hour.",
                "CloudflareR2Failing of account Above, project shop has been firing for more than 30 minutes. Nobody "
                "who was notified has resolved it: see its entry in the runbook.",
                "&var-account=Above&var-project=shop",
            )
        ],
        ("r2OperationsAdaptiveGroups",),
        checks=1,
    )
