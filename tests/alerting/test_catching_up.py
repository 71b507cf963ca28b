"""After six hours without Cloudflare, or without an exporter: rates show the true mean, and no alert is false.

A real exporter is scraped as Prometheus would; Prometheus' own rule engine works on what was scraped, with the rules
that are shipped. What it must record comes from the simulated Cloudflare's oracle, and what must fire from the script.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.simulator import Traffic, World
from stack.tools import REPOSITORY, Tools
from tests.alerting.alerts import (
    ACCOUNT_DOWN,
    DATASET_STALE,
    ERROR_RATIO_HIGH,
    EXPORTER_DOWN,
    UNRESOLVED,
    WORKER_FAILING,
    Firing,
    account_down,
    every_dataset_stale,
    exporter_down,
    failing,
    large_bucket,
    unresolved,
    watchdog,
)
from tests.alerting.oracle import ERROR_RATIO, ERRORS, RATES, REQUESTS, WORKERS, Truth, recorded
from tests.alerting.promtool import RuleTest
from tests.alerting.scene import Scene, Script
from tests.alerting.shipped import ALERTS, SHIPPED, selected_metrics
from tests.alerting.world import API, CRON, FRESH, MEDIA, WEB, shop
from tests.documents import shared_documents

AWAY, BACK, END = 60, 420, 480
"""The minutes between which Cloudflare, or the exporter, is away for six hours; and the last minute."""

SETTLED = 45
"""By this minute all label sets have been born: one is published a refresh after its first usage."""

CAUGHT_UP = BACK + 7
"""By this minute everything is published that Cloudflare can show."""

LATENESS = timedelta(minutes=25)

SELDOM = 2
"""How many minutes lie between two evaluations of the rules in most scenes; in one it is a minute, which takes long."""

RESTART = 200
RESTARTED = ((0, RESTART), (RESTART + 3, END))
"""The lives of an exporter that is started again while Cloudflare is away, and misses some scrapes."""

Play = Callable[[str], Scene]


def without_cloudflare(
    world: World, *, lives: Sequence[tuple[int, int]] = ((0, END),), scrape_seconds: int = 60
) -> Script:
    """Return a script with six hours without Cloudflare, whose lists are then back first."""
    return Script(world, lives, (AWAY, BACK), BACK - 2, scrape_seconds)


SCRIPTS = {
    "scraped every minute": without_cloudflare(shop(fresh_from=300)),
    "scraped every 15 s": without_cloudflare(shop(fresh_from=300), scrape_seconds=15),
    "late data": without_cloudflare(shop(lateness=LATENESS)),
    "restarted and failing": without_cloudflare(shop(bursts={WEB: (200, 260), API: (300, 302)}), lives=RESTARTED),
    "exporter down": Script(shop(fresh_from=300), lives=((0, AWAY), (BACK, END))),
    "lists back last": Script(shop(fresh_from=BACK - 50), ((BACK - 90, END),), (BACK - 60, BACK), BACK + 3),
}


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """The scene of a script; it is played once."""
    played: dict[str, Scene] = {}
    documents, traffic = shared_documents(), Traffic(seed=1)
    wanted = selected_metrics(SHIPPED)

    def play(name: str) -> Scene:
        if name not in played:
            played[name] = Scene(SCRIPTS[name], tmp_path_factory.mktemp("scene"), wanted, documents, traffic)
            asyncio.run(played[name].play())
        return played[name]

    return play


def every(step: int, since: int, until: int) -> range:
    """Return every so many minutes, both ends included."""
    return range(since, until + 1, step)


def minutes_of_rates(step: int = 1) -> list[int]:
    """Return when rates are looked at: now and then, and each time while the rules look back at the gap."""
    return sorted({*every(5 * step, SETTLED + SETTLED % step, END), *every(step, BACK, BACK + 20)})


def minutes_of_alerts(step: int = 1) -> list[int]:
    """Return when alerts are looked at: the same, from the beginning on."""
    return [*every(5 * step, 0, SETTLED - 1), *minutes_of_rates(step)]


def expect_true_rates(test: RuleTest, truth: Truth, minutes: Iterable[int]) -> None:
    """Want every recorded rate to be the oracle's mean over the data time that it covers, to the last digit."""
    for minute in minutes:
        for rate in RATES:
            test.expect_samples(minute * 60, f"{rate.record} > 0", truth.rates(rate, minute * 60))
        test.expect_samples(minute * 60, f"{ERROR_RATIO} > 0", error_ratios(truth, minute * 60))


def error_ratios(truth: Truth, second: int) -> dict[str, float]:
    """Return the share of failed invocations where there were any."""
    errors, requests = truth.rates(ERRORS, second), truth.rates(REQUESTS, second)
    return {
        series.replace(ERRORS.record, ERROR_RATIO): rate / requests[series.replace(ERRORS.record, REQUESTS.record)]
        for series, rate in errors.items()
    }


def expect_exactly(test: RuleTest, minute: int, firing: Firing, undecided: Collection[str] = ()) -> None:
    """Want these alerts to fire and none else of the shipped rules, but for those that are undecided."""
    for name in ALERTS:
        if name not in undecided:
            test.expect_alerts(minute * 60, name, firing.get(name, []))


def alerts_of_outage(scene: Scene, minute: int) -> Firing:
    """Return what fires while Cloudflare is away; the large bucket is large, as always."""
    is_stale = AWAY + 25 <= minute <= BACK
    return {
        **watchdog(),
        **(large_bucket(MEDIA) if minute > 5 else {}),
        **(account_down() if is_stale else {}),
        **(unresolved(ACCOUNT_DOWN, "Example") if AWAY + 60 <= minute <= BACK else {}),
        **(every_dataset_stale(scene, minute * 60) if is_stale else {}),
    }


def undecided_of_outage(minute: int) -> set[str]:
    """Return which alerts may fire or not: one dataset after another is found to be stale, and caught up."""
    if AWAY + 25 <= minute < AWAY + 60:
        return {UNRESOLVED}
    is_turning = AWAY + 10 <= minute < AWAY + 25 or BACK < minute < CAUGHT_UP
    return {DATASET_STALE, ACCOUNT_DOWN, UNRESOLVED} if is_turning else set()


@pytest.mark.parametrize(("name", "step"), [("scraped every minute", 1), ("scraped every 15 s", SELDOM)])
def test_cloudflare_was_away(play: Play, tools: Tools, tmp_path: Path, name: str, step: int) -> None:
    """Every rate is the true mean before, right after and later; that Cloudflare is away is the only alert.

    So it is for a Worker and a bucket that came into being meanwhile.
    """
    scene = play(name)
    truth = Truth(scene)
    span = truth.span(WORKERS, CAUGHT_UP * 60)
    assert span and span.seconds > 6 * 3_600
    assert recorded(REQUESTS.record, {"script_name": FRESH}) in truth.means(REQUESTS, span)
    assert truth.span(WORKERS, (AWAY + 20) * 60) is None
    test = RuleTest(scene.scrapes, step=step)
    expect_true_rates(test, truth, minutes_of_rates(step))
    for minute in minutes_of_alerts(step):
        expect_exactly(test, minute, alerts_of_outage(scene, minute), undecided_of_outage(minute))
    test.run(tools.promtool, tmp_path)


def test_the_exporter_was_down(play: Play, tools: Tools, tmp_path: Path) -> None:
    """Every rate is the true mean once an exporter is back on its ledger; that there was none is the only alert."""
    scene = play("exporter down")
    truth = Truth(scene)
    span = truth.span(WORKERS, CAUGHT_UP * 60)
    assert span and span.seconds > 6 * 3_600
    test = RuleTest(scene.scrapes)
    expect_true_rates(test, truth, minutes_of_rates())
    for minute in minutes_of_alerts():
        # A large bucket stays an alert for half an hour after the last exporter that saw it.
        is_large = 5 < minute <= AWAY + 30 or minute > BACK + 5
        is_down = AWAY + 5 < minute <= BACK
        is_unresolved = AWAY + 35 < minute <= BACK
        firing = {
            **watchdog(),
            **(large_bucket(MEDIA) if is_large else {}),
            **(exporter_down() if is_down else {}),
            **(unresolved(EXPORTER_DOWN) if is_unresolved else {}),
        }
        expect_exactly(test, minute, firing)
    test.run(tools.promtool, tmp_path)


def test_data_is_late(play: Play, tools: Tools, tmp_path: Path) -> None:
    """Where usage is visible up to 25 minutes late only, rates are off by no more than that, and no alert is false."""
    scene = play("late data")
    truth = Truth(scene)
    test = RuleTest(scene.scrapes, step=SELDOM)
    for minute in (*every(10, SETTLED + 1, AWAY), *every(4, CAUGHT_UP + 1, END)):
        for rate in RATES:
            for series, (least, most) in truth.bounds(rate, minute * 60, LATENESS).items():
                test.expect_samples(minute * 60, f"count({series} >= {least!r} <= {most!r})", {"{}": 1})
    for minute in minutes_of_alerts(SELDOM):
        expect_exactly(test, minute, alerts_of_outage(scene, minute), undecided_of_outage(minute))
    test.run(tools.promtool, tmp_path)
    # 25 minutes at either end of six hours, at the end of which there is more traffic than at their begin.
    least, most = truth.bounds(REQUESTS, CAUGHT_UP * 60, LATENESS)[recorded(REQUESTS.record, {"script_name": WEB})]
    assert 0 < most < 1.3 * least


def test_lists_are_back_after_analytics(play: Play, tools: Tools, tmp_path: Path) -> None:
    """Every rate is the true mean where what came into being meanwhile is counted minutes before it can be named."""
    scene = play("lists back last")
    truth = Truth(scene)
    test = RuleTest(scene.scrapes, rules=[REPOSITORY / "alerting/rules/usage.yml"])
    expect_true_rates(test, truth, range(CAUGHT_UP, CAUGHT_UP + 15))
    test.run(tools.promtool, tmp_path)


def test_workers_failed_meanwhile(play: Play, tools: Tools, tmp_path: Path) -> None:
    """A Worker of which too much failed in the mean of the six hours is an alert, as long as that mean is shown.

    It did fail, and nobody could be told then. A burst that the mean hides is no alert: figures that are one sum over
    six hours can't tell it from a Worker that fails rarely. That the exporter is restarted meanwhile changes nothing.
    """
    scene = play("restarted and failing")
    truth = Truth(scene)
    test = RuleTest(scene.scrapes, step=SELDOM)
    expect_true_rates(test, truth, minutes_of_rates(SELDOM))
    for minute in minutes_of_alerts(SELDOM):
        firing, undecided = alerts_of_outage(scene, minute), undecided_of_outage(minute)
        if RESTART <= minute < RESTART + 60:
            # The new exporter says itself for how long the account has not been answered.
            undecided |= {ACCOUNT_DOWN, UNRESOLVED}
        if minute > BACK:
            # They judge the same mean over longer windows.
            undecided |= {"CloudflareWorkerErrorBudgetBurn", "CloudflareWorkerSuccessRatioLow", UNRESOLVED}
            undecided |= {ERROR_RATIO_HIGH}
        if CAUGHT_UP <= minute < BACK + 15:
            ratio = error_ratios(truth, minute * 60)[recorded(ERROR_RATIO, {"script_name": WEB})]
            assert ratio > 0.3
            firing |= failing(scene, minute * 60, WEB, ratio)
        elif minute > BACK:
            # It waits two minutes, and is kept for long.
            undecided |= {WORKER_FAILING}
        expect_exactly(test, minute, firing, undecided)
    test.run(tools.promtool, tmp_path)


def test_data_time_divides_what_is_not_extrapolated() -> None:
    """Where a rule divides by data time, both are differences of scraped values, so that their quotient is exact."""
    expressions = [rule["expr"] for rule in SHIPPED if "queried_until" in rule["expr"] and "record" in rule]
    assert len(expressions) > len(RATES)
    for expression in expressions:
        assert not re.search(r"\b(increase|rate|irate|delta)\(", expression), expression


def test_rates_over_our_own_time_would_alert(play: Play, tools: Tools, tmp_path: Path) -> None:
    """The same values show many times the truth, and wake somebody, if rates are taken over our own time.

    A Worker that is called so seldom that nobody need know of its failures is then called often.
    """
    scene = play("scraped every minute")
    truth = Truth(scene)
    test = RuleTest(scene.scrapes, rules=[Path(__file__).with_name("wall_clock.yml")])
    requests = f'increase(cloudflare_worker_requests_total{{script_name="{WEB}"}}[10m])'
    used = truth.rates(REQUESTS, CAUGHT_UP * 60)[recorded(REQUESTS.record, {"script_name": WEB})] * 600
    test.expect_samples(CAUGHT_UP * 60, f"count(sum({requests}) > 30 * {used!r})", {"{}": 1})
    for minute in every(5, 0, BACK):
        test.expect_alerts(minute * 60, "WorkerErrorRatioHigh", [])
    test.expect_alerts(CAUGHT_UP * 60, "WorkerErrorRatioHigh", [({"script_name": CRON}, {})])
    test.run(tools.promtool, tmp_path)
