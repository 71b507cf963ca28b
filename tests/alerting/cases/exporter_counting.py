"""Cases of the alerts about what the exporter uses up, and whether what it counts is whole."""

from collections.abc import Iterator

from tests.alerting.cases.exporter import DASHBOARD, END, OWN, of_jobs, only_since
from tests.alerting.cases.stage import DAY, HOUR, MINUTE, Counter, Course, Firing, Gauge, Scene, Signal, Way, rising


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield from _resources()
    yield from _whole()


def _resources() -> Iterator[Scene]:
    def budget(left: Course) -> list[Signal]:
        api = {"api": "graphql"}
        return [
            Gauge("cloudflare_exporter_api_budget_remaining_requests", left, api),
            Gauge("cloudflare_exporter_api_budget_requests", 200, api),
        ]

    yield Scene(
        "9 % of the requests are left, or 11 %; or none, but for half an hour only.",
        "CloudflareApiBudgetTight",
        "warning",
        of_jobs({Way.ABOVE: budget(18), Way.BELOW: budget(22), Way.OTHER: budget(only_since(29, 0, 200))}),
        [
            Firing(
                {"product": "exporter", "job": "Above", "api": "graphql"},
                "The exporter has almost used up its request budget.",
                "Only 9% of the five-minute request budget for Cloudflare's graphql API is left. Once it is used up, "
                "metrics go stale: raise poll.refresh or budget_share, or have other tools of this Cloudflare user "
                "send fewer requests.",
            )
        ],
        has_account=False,
    )
    failures = "cloudflare_exporter_commit_failures_total"
    yield Scene(
        "A change is lost every five minutes, or none; or three were lost hours ago.",
        "CloudflareExporterStorageFailing",
        "critical",
        of_jobs(
            {
                Way.ABOVE: [Gauge(failures, lambda second: float(second // 300))],
                Way.BELOW: [Gauge(failures, 0)],
                Way.OTHER: [Gauge(failures, rising(0, 3, END - 3 * HOUR))],
            }
        ),
        [
            Firing(
                {"product": "exporter", "job": "Above"},
                "The exporter cannot write its ledger.",
                "2 changes could not be written within ten minutes: the disk of the state folder is full, read-only or "
                "broken. Metrics are frozen until writes succeed again; nothing is then counted twice.",
            )
        ],
        has_account=False,
    )


def _whole() -> Iterator[Scene]:
    gap = ("cloudflare_exporter_gap_seconds_total", {"dataset": "workersInvocationsAdaptive"})
    yield Scene(
        "Two hours were lost half an hour ago, or none; or some were lost long ago.",
        "CloudflareUsageGap",
        "warning",
        {
            Way.ABOVE: [Gauge(gap[0], rising(0, 7_200, END - 30 * MINUTE), gap[1])],
            Way.BELOW: [Gauge(gap[0], 0, gap[1])],
            Way.OTHER: [Gauge(gap[0], rising(0, 7_200, END - 3 * HOUR), gap[1])],
        },
        [
            Firing(
                OWN | gap[1],
                "Usage could not be counted for some time.",
                "2h 0m 0s of dataset workersInvocationsAdaptive (account Above) left Cloudflare's retention before "
                "the exporter could fetch them: it was down for too long. Counters and costs permanently lack that "
                "usage; this alert resolves on its own.",
                DASHBOARD,
            )
        ],
        checks=1,
    )
    unlisted = "cloudflare_exporter_unlisted_assets"
    yield Scene(
        "One asset has been unlisted for hours, or none; or one for less than an hour.",
        "CloudflareUnlistedAssets",
        "info",
        {
            Way.ABOVE: [Gauge(unlisted, 1)],
            Way.BELOW: [Gauge(unlisted, 0)],
            Way.OTHER: [Gauge(unlisted, only_since(59))],
        },
        [
            Firing(
                OWN,
                "An account has usage of assets that no list shows.",
                "Account Above has usage of 1 assets that Cloudflare does not list: they have been deleted, or the "
                "token may not list them. They are counted as (unlisted) and belong to no project.",
                DASHBOARD,
            )
        ],
        checks=1,
    )
    up = "cloudflare_exporter_source_up"
    yield Scene(
        "A source has been down for hours, or only another; or for less than a quarter of an hour.",
        "CloudflareSourceDown",
        "warning",
        of_jobs(
            {
                Way.ABOVE: [Gauge(up, 0, {"source": "rate_card"}), Gauge(up, 1, {"source": "status"})],
                Way.BELOW: [Gauge(up, 1, {"source": "rate_card"})],
                Way.OTHER: [Gauge(up, only_since(14, 0, 1), {"source": "rate_card"})],
            }
        ),
        [
            Firing(
                {"product": "exporter", "job": "Above", "source": "rate_card"},
                "The exporter cannot read a source.",
                "Source rate_card says nothing current: reading it has failed for three of its intervals "
                "or since the start. Its metrics are absent; usage is counted all the same. The exporter's "
                "status page and its log show why.",
            )
        ],
        has_account=False,
    )
    looked_up = "cloudflare_exporter_rate_card_timestamp_seconds"
    yield Scene(
        "Prices are 181 days old, or 179; or new.",
        "CloudflareRateCardOld",
        "info",
        of_jobs(
            {
                Way.ABOVE: [Gauge(looked_up, END - 181 * DAY)],
                Way.BELOW: [Gauge(looked_up, END - 179 * DAY)],
                Way.OTHER: [Gauge(looked_up, 0)],
            }
        ),
        [
            Firing(
                {"product": "exporter", "job": "Above"},
                "The exporter's prices are old.",
                "The prices used for cost estimates were looked up 181d 0h 0m 0s ago. Update the exporter, or set "
                "changed prices under costs.prices.",
            )
        ],
        checks=1,
    )
    yield from _revisions()


def _revisions() -> Iterator[Scene]:
    workers = {"dataset": "workersInvocationsAdaptive"}
    length = 8 * DAY
    lately = length - 3 * HOUR

    def revised(usual: float, since_then: float) -> list[Signal]:
        hourly = rising(usual / HOUR, since_then / HOUR, lately)
        return [Counter("cloudflare_exporter_revisions_total", hourly, workers)]

    yield Scene(
        "1,200 rows an hour instead of 100, or 900; or 400 instead of one; or nothing is known of before.",
        "CloudflareRevisionsUnusual",
        "info",
        {
            Way.ABOVE: revised(100, 1_200),
            Way.BELOW: revised(100, 900),
            Way.IDLE: revised(1, 400),
            Way.STARTED: revised(1_200, 1_200),
        },
        [
            Firing(
                OWN | workers,
                "Cloudflare revises unusually many figures downwards.",
                "Within an hour Cloudflare revised 1.2k rows of dataset workersInvocationsAdaptive (account Above) "
                "downwards. Counters do not decrease, so they may be too high by that much until the day is audited; "
                "check whether Cloudflare reports an incident of its analytics.",
                DASHBOARD,
            )
        ],
        length=length,
        step=5 * MINUTE,
    )
