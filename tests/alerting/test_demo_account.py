"""The demo account on one day, after three weeks of history: exactly what its built-in incidents deserve fires.

A real exporter is scraped. In the three weeks it asks every six hours, and what lies between is laid out evenly, as the
history of a real Prometheus would have it; on the day it asks every ten minutes. Prometheus' own rule engine decides
what fires: alerts that look back for weeks have all of the history, others nine days of it, or its last evening.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from exporter.app import build_exporter
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.simulator import DEMO_TOKEN, ManualClock, Simulator, demo_world
from stack.tools import Tools
from tests.alerting.promtool import of_target
from tests.alerting.shipped import ALERTS, SHIPPED, expressions_of, judge, only, rests_on, selected_metrics
from tests.clock import CoupledClock
from tests.documents import shared_documents

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
"""A Monday. On the day at the end, from evening to evening, a bucket of the shop grows past its threshold."""

STEP = timedelta(minutes=10)
HISTORY, WATCHED = timedelta(weeks=3, hours=18), timedelta(hours=29)
UNREAD = (
    (re.compile(r"offset [23]w"), timedelta(0)),
    (re.compile(r"\b\d+[dw]\b|\b([2-9]\d|\d{3,})h"), timedelta(days=13)),
    (re.compile(""), timedelta(days=21)),
)
"""How much of the history an alert does not read, by what its expressions and those it rests on look back at."""


class Reading(NamedTuple):
    """How much of the history alerts do not read, and how often their rules are evaluated."""

    unread: timedelta
    step: str


SELDOM = "30m"
"""How often the rules are evaluated of alerts that look back for days, unless they count what was recorded."""

STEPS_OF_HISTORY = 36
"""How many steps lie between two questions of the history."""

UNTIL_LOOKED, HOURS_APART = 4, 3
"""How many hours of the day pass until it is looked at what fires, and how many lie between two looks."""

Scrape = Mapping[str, float]

GROWS = re.compile(r"\w+(_total|_sum|_count|_queried_until_timestamp_seconds|_last_success_timestamp_seconds)(\{|$)")
"""What is laid out evenly between two scrapes; the rest stays as it was."""

Subject = tuple[tuple[str, str], ...]

CHECKOUT = {"project": "shop", "script_name": "checkout"}
WAREHOUSE = {"project": "data", "database": "data-warehouse"}

ALWAYS: Sequence[tuple[str, str, Mapping[str, str], str]] = (
    ("CloudflareWatchdog", "info", {}, "it always fires"),
    ("CloudflareWorkerErrorRatioHigh", "warning", CHECKOUT, "checkout throws for six minutes of every quarter hour"),
    ("CloudflareWorkerSuccessRatioLow", "warning", CHECKOUT, "the same"),
    ("CloudflareWorkerErrorBudgetBurn", "critical", CHECKOUT, "the same"),
    ("CloudflareWorkerErrorBudgetBurn", "warning", CHECKOUT, "the same"),
    (
        "CloudflareCriticalUnresolved",
        "critical",
        {"project": "shop", "alert": "CloudflareWorkerErrorBudgetBurn"},
        "and nobody mends it",
    ),
    ("CloudflareD1FullScans", "warning", WAREHOUSE, "a table without index is read whole by each query"),
    ("CloudflareCostForecastHigh", "warning", {}, "which costs hundreds of dollars a month"),
    ("CloudflareR2BucketLarge", "warning", {"project": "data", "bucket": "data-lake"}, "it holds 40 GB"),
    ("CloudflareUnlistedAssets", "info", {}, "a Worker is called that no list shows"),
    *(
        ("CloudflareR2QuotaHigh", "warning", {"meter": meter}, "more is used than is included")
        for meter in ("r2_storage_gb_month",)
    ),
    *(
        ("CloudflareQuotaHigh", "warning", {"meter": meter}, "more is used than is included")
        for meter in (
            "workers_requests",
            "workers_cpu_ms",
            "d1_rows_read",
            "do_requests",
            "do_kv_read_units",
            "do_kv_write_units",
            "do_kv_deletes",
        )
    ),
)
"""Alert, severity, labels and why: what fires at every hour of the day."""

AT_TIMES: Sequence[tuple[str, str, Mapping[str, str], str]] = (
    (
        "CloudflareListCostPerHourHigh",
        "critical",
        {"project": "data"},
        "at noon they cost over a dollar an hour",
    ),
    (
        "CloudflareCriticalUnresolved",
        "critical",
        {"project": "data", "alert": "CloudflareListCostPerHourHigh"},
        "and nobody ends them",
    ),
    ("CloudflareR2BucketFilling", "warning", {"project": "shop", "bucket": "shop-images"}, "it reaches 10 GB soon"),
    ("CloudflareR2BucketLarge", "warning", {"project": "shop", "bucket": "shop-images"}, "and then has"),
    ("CloudflareR2QuotaHigh", "info", {"meter": "r2_class_a"}, "what is included lasts for ten days of the cycle"),
    ("CloudflareR2QuotaHigh", "warning", {"meter": "r2_class_a"}, "and no longer"),
    ("CloudflareQuotaHigh", "info", {"meter": "do_duration_gb_s"}, "chat grows from day to day"),
    (
        "CloudflareQuotaHigh",
        "info",
        {"meter": "kv_storage_gb_month"},
        "a share of the cycle's storage that grows by day",
    ),
    ("CloudflareQuotaHigh", "warning", {"meter": "do_duration_gb_s"}, "and then is above"),
)
"""What fires at some hours of the day, and not at others."""

pytestmark = pytest.mark.timeout(580)


async def scrapes() -> list[Scrape]:
    """Return one scrape a step of the history and the day."""
    wanted = selected_metrics(SHIPPED)
    cloudflare = ManualClock(BEGIN)
    clock = CoupledClock(cloudflare)
    simulator = Simulator(demo_world(), cloudflare, documents=shared_documents())
    config = Config(
        cloudflare=Cloudflare(
            api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": DEMO_TOKEN}),)
        ),
        storage=Storage(path=""),
        poll=Poll(refresh=STEP),
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app))
    found: list[Scrape] = []
    steps = 1
    transport = httpx.ASGITransport(app=exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as web:
        while cloudflare.now() < BEGIN + HISTORY + WATCHED:
            await exporter.poller.refresh()
            newest = samples((await web.get("/metrics")).text, wanted)
            if found:
                found += between(found[-1], newest, steps)
            found.append(newest)
            steps = STEPS_OF_HISTORY if cloudflare.now() < BEGIN + HISTORY else 1
            clock.advance(STEP * steps)
    await exporter.close()
    return found


def samples(text: str, wanted: frozenset[str]) -> Scrape:
    lines = (line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] in wanted)
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}


def between(before: Scrape, after: Scrape, steps: int) -> Iterator[Scrape]:
    """Return the scrapes between two, the last left out: what grows has grown evenly."""
    growing = {name: after[name] - value for name, value in before.items() if name in after and GROWS.match(name)}
    for number in range(1, steps):
        yield {
            name: value + growing[name] * number / steps if name in growing else value for name, value in before.items()
        }


def input_series(found: Sequence[Scrape], begin: datetime, wanted: frozenset[str]) -> Iterator[dict[str, str]]:
    """Return the wanted series as promtool reads them; equal values in a row are written once."""
    for name in sorted({name for scrape in found for name in scrape if name.partition("{")[0] in wanted}):
        is_time = name.partition("{")[0].endswith("_timestamp_seconds")
        shift = begin.timestamp() if is_time else 0.0
        runs: list[tuple[str, int]] = []
        was_there = False
        for scrape in found:
            value = scrape.get(name)
            text = repr(value - shift) if value is not None else "stale" if was_there else "_"
            was_there = value is not None
            if runs and runs[-1][0] == text:
                runs[-1] = (text, runs[-1][1] + 1)
            else:
                runs.append((text, 1))
        yield {"series": of_target(name), "values": " ".join(written(text, times) for text, times in runs)}
    yield {"series": of_target("up"), "values": f"1x{len(found) - 1}"}


def written(text: str, times: int) -> str:
    if times == 1:
        return text
    return f"_x{times}" if text == "_" else f"{text}x{times - 1}"


def hours() -> range:
    """Return the hours of the day at which it is looked, counted from the end of the history."""
    return range(UNTIL_LOOKED, int(WATCHED.total_seconds()) // 3_600, HOURS_APART)


def watch(
    promtool: Path, folder: Path, found: Sequence[Scrape], alerts: Sequence[str], reading: Reading
) -> dict[tuple[str, str, Subject], set[int]]:
    """Return the hours at which what fired of some alerts, whose rules are read alike."""
    unread, step = reading
    groups, skipped = only(alerts), (HISTORY - unread) // timedelta(hours=1)
    # Promtool tells what fires where it is not wanted, so nothing is wanted.
    nothing = [
        {"eval_time": f"{skipped + hour}h", "alertname": name, "exp_alerts": []} for name in alerts for hour in hours()
    ]
    wanted = selected_metrics([rule for group in groups for rule in group["rules"]])
    series = list(input_series(found[unread // STEP :], BEGIN + unread, wanted))
    test = {"interval": "10m", "input_series": series, "alert_rule_test": nothing}
    return fired(judge(promtool, folder, groups, test, seconds=400, step=step), skipped)


def fired(said: str, skipped: int) -> dict[tuple[str, str, Subject], set[int]]:
    """Read out of what promtool says at which hours what fired, by alert, severity and labels."""
    found: defaultdict[tuple[str, str, Subject], set[int]] = defaultdict(set)
    hour = 0
    for line in said.splitlines():
        if at := re.search(r"alertname: \w+, time: (?:(\d+)d)?(?:(\d+)h)?", line):
            hour = int(at[1] or 0) * 24 + int(at[2] or 0) - skipped
        elif labels := re.search(r"Labels:\{(.*)\}", line):
            read = dict(re.findall(r'(\w+)="([^"]*)"', labels[1]))
            for usual in ("job", "account", "product"):
                read.pop(usual, None)
            alert, severity = read.pop("alertname"), read.pop("severity")
            found[alert, severity, tuple(sorted(read.items()))].add(hour)
    return dict(found)


def read_by(alert: str) -> Reading:
    """Return what neither an alert nor what it rests on reads, and how often they are evaluated."""
    expressions = expressions_of(alert)
    wanted = rests_on(expressions)
    expressions += [rule["expr"] for rule in SHIPPED if rule.get("record") in wanted]
    unread = next(unread for looks_back, unread in UNREAD if any(map(looks_back.search, expressions)))
    is_seldom = unread < UNREAD[-1][1] and not any("count_over_time" in text for text in expressions)
    return Reading(unread, SELDOM if is_seldom else "10m")


def test_what_fires_is_what_is_wrong(tools: Tools, tmp_path: Path) -> None:
    """Nothing fires but what the account's incidents deserve, and all of that does."""
    found = asyncio.run(scrapes())
    seen: dict[tuple[str, str, Subject], set[int]] = {}
    for reading in {read_by(name) for name in ALERTS}:
        alerts = [name for name in ALERTS if read_by(name) == reading]
        seen |= watch(tools.promtool, tmp_path, found, alerts, reading)
    wanted = {(alert, severity, tuple(sorted(labels.items()))) for alert, severity, labels, _ in (*ALWAYS, *AT_TIMES)}
    assert seen.keys() == wanted, (seen.keys() - wanted, wanted - seen.keys())
    everywhere = set(hours())
    for alert, severity, labels, why in ALWAYS:
        missing = everywhere - seen[alert, severity, tuple(sorted(labels.items()))]
        assert not missing, (alert, labels, why, sorted(missing))
    for alert, severity, labels, why in AT_TIMES:
        assert seen[alert, severity, tuple(sorted(labels.items()))] < everywhere, (alert, labels, why)
