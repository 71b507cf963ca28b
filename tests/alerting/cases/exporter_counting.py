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
                "The exporter comes near the requests that it may send.",
                "Only 9% of the requests to Cloudflare's graphql API that the exporter allows itself in five minutes "
                "are "
                "left. When none are, figures grow old: raise poll.refresh or budget_share, or let other tools of this "
                "Cloudflare user ask less.",
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
                "broken. Figures stand still until it can be written again; nothing is counted twice then.",
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
                "2h 0m 0s of dataset workersInvocationsAdaptive (account Above) were asked by nobody before Cloudflare "
                "forgot them: the exporter was away for too long. Counters and costs lack that usage for good; this "
                "alert "
                "ends by itself.",
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
                "Something is used that no list shows.",
                "Account Above has usage of 1 assets that Cloudflare does not list: deleted since, or the token may "
                "not list "
                "them. They are counted as (unlisted) and belong to no project.",
                DASHBOARD,
            )
        ],
        checks=1,
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
                "The prices that costs are estimated with were looked up 181d 0h 0m 0s ago. Update the exporter, or "
                "set "
                "prices that have changed under costs.prices.",
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
                "Cloudflare takes back unusually many figures.",
                "Within an hour Cloudflare put 1.2k rows of dataset workersInvocationsAdaptive (account Above) lower "
                "than "
                "before. Counters do not fall, so they may be too high by that much until the audit of the day; see "
                "whether "
                "Cloudflare reports a disturbance of its analytics.",
                DASHBOARD,
            )
        ],
        length=length,
        step=5 * MINUTE,
    )
