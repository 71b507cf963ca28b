"""A simulated Cloudflare and an exporter that watches it, as processes that can be treated badly."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import yaml

from exporter.simulator.demo import DEMO_TOKEN
from stack.port import LOOPBACK, any_free
from stack.process import Process
from tests.end_to_end.cloudflare import SimulatedCloudflare
from tests.end_to_end.counters import COUNTERS, Counter

from .metrics import Page, counters, read_page, value, values

PROGRAM = Path(sys.executable).with_name("cloudflare-exporter")

# Simulated seconds in one of ours: a refresh a second asks for a new minute each time.
SPEED = 60.0

# Each refresh lists what there is, so that it learns the simulated time.
CONFIGURATION = {
    "cloudflare": {"budget_share": {"graphql": 1.0, "rest": 1.0}},
    "poll": {"refresh": "1s", "discovery": "1s"},
}

SAMPLE = tuple({counter.dataset: counter for counter in COUNTERS}.values())
"""One counter of each dataset; the oracle takes its time for all of them."""

START_SECONDS = 30.0
END_SECONDS = 20.0


class Cloudflare(SimulatedCloudflare):
    """A running simulator whose clock can be put forward, and whose assets stay the same."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._account = ""
        self._known_names: dict[str, str] = {}

    def go_forward(self, length: timedelta) -> None:
        """Let time pass at once."""
        self._post("/_sim/clock", {"now": (self.now() + length).isoformat()})

    def account(self) -> str:
        """Return the id of the only account."""
        if not self._account:
            self._account = super().account()
        return self._account

    def _names(self, account: str) -> dict[str, str]:
        if not self._known_names:
            self._known_names = super()._names(account)
        return self._known_names

    def used_until_end(self, page: Page) -> list[str]:
        """Compare every counter with all that was used since its start; gives what differs. Traffic has ended."""
        end = self.now() + timedelta(days=1)
        return self._differences(page, COUNTERS, lambda dataset: end)

    def used_until_asked(self, page: Page) -> list[str]:
        """Compare a counter of each dataset with what was used until ``queried_until``; gives what differs."""
        return self._differences(page, SAMPLE, lambda dataset: dataset_time(page, "queried_until", dataset))

    def _differences(
        self, page: Page, compared: Iterable[Counter], until: Callable[[str], datetime | None]
    ) -> list[str]:
        found = []
        for counter in compared:
            since, end = dataset_time(page, "start", counter.dataset), until(counter.dataset)
            if since is None or end is None:
                found.append(f"{counter}: no time of its dataset")
                continue
            expected, published = self.used(counter, since, end), values(page, counter)
            found += [
                f"{counter} {dict(labels)}: used {expected.get(labels, 0)}, published {published.get(labels, 0)}"
                for labels in sorted(expected.keys() | published.keys())
                if expected.get(labels, 0) != published.get(labels, 0)
            ]
        return found


def dataset_time(page: Page, which: str, dataset: str) -> datetime | None:
    """Return a dataset's ``start`` or ``queried_until``."""
    found = value(page, f"cloudflare_exporter_dataset_{which}_timestamp_seconds", dataset=dataset)
    return datetime.fromtimestamp(float(found), UTC) if found is not None else None


@contextmanager
def simulated_cloudflare(folder: Path, lateness: timedelta = timedelta(0)) -> Iterator[Cloudflare]:
    """Run a simulator; what is used is to be seen so much later at most."""
    address = f"{LOOPBACK}:{any_free()}"
    cloudflare = Cloudflare(address)
    process = Process(
        "The simulated Cloudflare",
        [
            PROGRAM,
            "demo",
            "--simulator-only",
            f"--simulator.listen-address={address}",
            f"--simulator.speed={SPEED:.0f}",
            f"--simulator.lateness={lateness.total_seconds():.0f}s",
        ],
        folder / "cloudflare.log",
    )
    with process:
        process.start()
        process.wait_until_ready(f"{cloudflare.url}/_sim/clock", START_SECONDS)
        try:
            yield cloudflare
        finally:
            cloudflare.close()


@dataclass(frozen=True)
class Outcome:
    """How a program ended, and what it said."""

    code: int
    output: str
    errors: str


class Exporter(Process):
    """``serve`` on a state folder; ``within`` is a command that runs it elsewhere (another mount namespace)."""

    def __init__(self, cloudflare: Cloudflare, folder: Path, state: Path, within: Sequence[str | Path] = ()) -> None:
        self.state = state
        self.address = f"{LOOPBACK}:{any_free()}"
        configuration = folder / "exporter.yml"
        configuration.write_text(yaml.safe_dump(CONFIGURATION))
        self._arguments = [
            *map(str, (*within, PROGRAM, "serve")),
            f"--config.file={configuration}",
            f"--web.listen-address={self.address}",
            f"--storage.path={state}",
        ]
        outer = {name: word for name, word in os.environ.items() if not name.startswith("CLOUDFLARE_")}
        self._environment = outer | {
            "CLOUDFLARE_API_TOKEN": DEMO_TOKEN,
            "CLOUDFLARE_API_URL": cloudflare.api_url,
        }
        log = folder / f"exporter-{self.address.rpartition(':')[2]}.log"
        super().__init__("The exporter", self._arguments, log, self._environment)
        self._client = httpx.Client(base_url=f"http://{self.address}", timeout=10)

    @property
    def pid(self) -> int:
        """Return the number of the running process."""
        assert self._child is not None
        return self._child.pid

    def begin(self) -> None:
        """Start it, or start it again, and wait until it is ready."""
        self.start()
        self.wait_until_ready(f"http://{self.address}/-/ready", START_SECONDS)

    def wait_until_listening(self) -> None:
        """Wait until it answers scrapes; it may have nothing to tell yet."""
        self.wait_until_ready(f"http://{self.address}/metrics", START_SECONDS)

    def run(self, *flags: str) -> Outcome:
        """Run it to its end, which has to come at once."""
        done = subprocess.run(
            [*self._arguments, *flags],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=END_SECONDS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def page(self) -> Page:
        """Scrape it."""
        answer = self._client.get("/metrics", headers={"Accept": "text/plain"})
        answer.raise_for_status()
        return read_page(answer.text)

    def first_page(self) -> str:
        """Return the page for people."""
        return self._client.get("/").text

    def status(self, path: str) -> int:
        """Return the HTTP status of a page."""
        return self._client.get(path).status_code

    def wait_for(self, condition: Callable[[Page], bool], what: str, seconds: float = 30.0) -> Page:
        """Scrape until the condition holds; gives that page. Fails, with the log's end, if it does not in time."""
        end = time.monotonic() + seconds
        while not condition(page := self.page()):
            assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}\n{self.tail()}"
            time.sleep(0.1)
        return page

    def wait_until_right(self, differences: Callable[[Page], list[str]], seconds: float = 30.0) -> Page:
        """Scrape until there are no differences: births take another scrape. Fails with those that stay."""
        end = time.monotonic() + seconds
        while found := differences(page := self.page()):
            assert time.monotonic() < end, "\n".join(found)
            time.sleep(0.3)
        return page

    def wait_until_counted(self, seconds: float = 30.0) -> Page:
        """Wait until there is usage of every product."""
        return self.wait_for(
            lambda page: all(value(page, counter.name) for counter in SAMPLE), "the first usage", seconds
        )

    def wait_until_asked(self, moment: datetime, seconds: float = 20.0) -> Page:
        """Wait until every dataset was asked after a moment: what was told before it is not enough."""

        def is_asked(page: Page) -> bool:
            times = (dataset_time(page, "queried_until", counter.dataset) for counter in SAMPLE)
            return all(until is not None and until >= moment for until in times)

        return self.wait_for(is_asked, f"questions up to {moment}", seconds)

    def said(self, text: str) -> list[str]:
        """Return the lines of its log that hold a text."""
        return [line for line in self.log.read_text().splitlines() if text in line]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        super().__exit__(kind, error, trace)


class Watch:
    """Scrapes an exporter all the time, through all of its lives, and takes down every counter that falls."""

    def __init__(self, exporter: Exporter) -> None:
        self.falls: list[str] = []
        self.pages = 0
        self._url = f"http://{exporter.address}/metrics"
        self._seen: dict[tuple[str, str], Decimal] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        with httpx.Client(timeout=5) as client:
            while not self._ended.wait(0.1):
                try:
                    text = client.get(self._url, headers={"Accept": "text/plain"}).raise_for_status().text
                except httpx.HTTPError:
                    continue
                self._look(counters(read_page(text)))

    def _look(self, page: Page) -> None:
        self.pages += 1
        for series, amount in page.items():
            before = self._seen.get(series, Decimal(0))
            if amount < before:
                self.falls.append(f"{series} fell from {before} to {amount}")
            self._seen[series] = amount
