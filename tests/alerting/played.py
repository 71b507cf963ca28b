"""The demo account as an exporter shows it to Prometheus, and what fires: Prometheus' own rule engine decides."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from exporter.app import build_exporter
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.simulator import DEMO_TOKEN, ManualClock, Simulator, Traffic, scene_world
from stack.tools import Tools
from tests.alerting.promtool import of_target
from tests.alerting.shipped import SHIPPED, Json, judge, selected_metrics
from tests.clock import CoupledClock
from tests.documents import shared_documents

Scrape = Mapping[str, float]

Firing = frozenset[tuple[str, str]]
"""The labels of an alert that fires, its name and severity among them."""

GROWS = re.compile(r"\w+(_total|_sum|_count|_queried_until_timestamp_seconds|_last_success_timestamp_seconds)(\{|$)")
"""What is laid out evenly between two scrapes; the rest stays as it was."""

WANTED = selected_metrics(SHIPPED)
TRAFFIC = Traffic(1)


@dataclass
class Played:
    """A scene that was played: its scrapes, a ``step`` apart, from when it began."""

    begins: datetime
    step: timedelta
    scrapes: list[Scrape] = field(default_factory=list)

    def firing(
        self,
        tools: Tools,
        folder: Path,
        groups: Sequence[Json],
        every: timedelta,
        judged_every: timedelta | None = None,
    ) -> dict[timedelta, set[Firing]]:
        """Return what fires of some groups' alerts, looked at every so often, by the time since the scene began.

        Their rules are evaluated at each step, or less often.
        """
        times = [every * number for number in range(1, len(self.scrapes) * self.step // every)]
        # Promtool tells what there is where it is not wanted, so nothing is wanted.
        test = {
            "interval": written(self.step),
            "input_series": list(self._input_series(selected_metrics([r for group in groups for r in group["rules"]]))),
            "promql_expr_test": [
                {"expr": 'ALERTS{alertstate="firing"}', "eval_time": written(time), "exp_samples": []} for time in times
            ],
        }
        said = judge(tools.promtool, folder, groups, test, seconds=300, step=written(judged_every or self.step))
        return read(said)

    def _input_series(self, wanted: frozenset[str]) -> Iterator[dict[str, str]]:
        """Return the wanted series as promtool reads them; equal values in a row are written once."""
        for name in sorted({name for scrape in self.scrapes for name in scrape if name.partition("{")[0] in wanted}):
            is_time = name.partition("{")[0].endswith("_timestamp_seconds")
            shift = self.begins.timestamp() if is_time else 0.0
            runs: list[tuple[str, int]] = []
            was_there = False
            for scrape in self.scrapes:
                value = scrape.get(name)
                text = repr(value - shift) if value is not None else "stale" if was_there else "_"
                was_there = value is not None
                if runs and runs[-1][0] == text:
                    runs[-1] = (text, runs[-1][1] + 1)
                else:
                    runs.append((text, 1))
            yield {"series": of_target(name), "values": " ".join(repeated(text, times) for text, times in runs)}
        yield {"series": of_target("up"), "values": f"1x{len(self.scrapes) - 1}"}


def read(said: str) -> dict[timedelta, set[Firing]]:
    """Read out of what promtool says what fired when."""
    found: defaultdict[timedelta, set[Firing]] = defaultdict(set)
    time = timedelta()
    for line in said.splitlines():
        if at := re.search(r"expr: .*, time: (?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?", line):
            days, hours, minutes = (int(part or 0) for part in at.groups())
            time = timedelta(days=days, hours=hours, minutes=minutes)
        for labels in re.findall(r"\{__name__=\"ALERTS\", (.*?)\} 1E\+00", line):
            told = re.findall(r'(\w+)="([^"]*)"', labels)
            found[time].add(frozenset((name, value) for name, value in told if name != "alertstate"))
    return dict(found)


def written(span: timedelta) -> str:
    """Return a span of time as promtool reads it."""
    return f"{span // timedelta(minutes=1)}m"


def repeated(text: str, times: int) -> str:
    """Return a value so many times as promtool reads it."""
    if times == 1:
        return text
    return f"_x{times}" if text == "_" else f"{text}x{times - 1}"


async def play(
    scene: str, begins: datetime, lasts: timedelta, step: timedelta, *, asked_every: int = 1, folder: Path | None = None
) -> Played:
    """Let an exporter, with the ledger of a folder or none, run on a scene from when it begins.

    It asks every so many steps; what it counts in between is laid out evenly, as a real Prometheus would have it.
    """
    cloudflare = ManualClock(begins)
    clock = CoupledClock(cloudflare)
    simulator = Simulator(scene_world(scene, begins), cloudflare, traffic=TRAFFIC, documents=shared_documents())
    config = Config(
        cloudflare=Cloudflare(
            api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": DEMO_TOKEN}),)
        ),
        storage=Storage(path=str(folder or "")),
        poll=Poll(refresh=max(step, timedelta(minutes=1))),
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app))
    played = Played(begins, step)
    transport = httpx.ASGITransport(app=exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as web:
        while cloudflare.now() <= begins + lasts:
            await exporter.poller.refresh()
            newest = samples((await web.get("/metrics")).text)
            if played.scrapes:
                played.scrapes += between(played.scrapes[-1], newest, asked_every)
            played.scrapes.append(newest)
            clock.advance(step * asked_every)
    await exporter.close()
    return played


def samples(text: str) -> Scrape:
    """Return the samples that rules read."""
    lines = (line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] in WANTED)
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}


def between(before: Scrape, after: Scrape, steps: int) -> Iterator[Scrape]:
    """Return the scrapes between two, the last left out: what grows has grown evenly."""
    growing = {name: after[name] - value for name, value in before.items() if name in after and GROWS.match(name)}
    for number in range(1, steps):
        yield {
            name: value + growing[name] * number / steps if name in growing else value for name, value in before.items()
        }
