"""A stored ledger under a catalog with other metrics over the same rows: nothing that both know starts over."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Metric, MetricPart, gauge
from tests.ledger.factories import ACCOUNT, SCOPE, Scene, answer, at, rows, worker
from tests.ledger.factories import CALLS as ONE_FIELD
from tests.ledger.gauge_scene import STOCK, GaugeState

CALLS = replace(ONE_FIELD, fields=(Field("requests"), Field("errors")))

(BY_STATUS,) = CALLS.metrics
ALL = Metric("cloudflare_all_calls_total", "Calls.", (MetricPart("requests"),))
ERRORS = Metric("cloudflare_call_errors_total", "Errors.", (MetricPart("errors"),))
SPLIT = Metric(
    "cloudflare_call_parts_total",
    "Both.",
    (MetricPart("requests", "good"), MetricPart("errors", "bad")),
    split="part",
    zeros=(("good",), ("bad",)),
)
METRICS = (BY_STATUS, ALL, ERRORS, SPLIT)


def of(*metrics: Metric) -> Dataset:
    """Return the dataset with these metrics."""
    return replace(CALLS, metrics=metrics)


class Shop(Scene):
    """A ledger on disk of one Worker, opened with some metrics."""

    def __init__(self, folder: Path, *metrics: Metric) -> None:
        super().__init__(folder, [of(*metrics)])
        self.list("09:59", worker("w1", "shop"))
        self.minute = 0
        self.use(0, 0)

    def use(self, requests: int, errors: int, *, workers: Sequence[str] = ("w1",), minutes: int = 2) -> None:
        """Let each Worker have been used so much in this hour; minutes pass, with a scrape each."""
        for _ in range(minutes):
            clock = f"10:{self.minute:02}"
            since = self.ledger.open_from(SCOPE, CALLS.key) or at("10:00")
            said = answer(since, clock, {})
            hours = {at("10:00"): dict.fromkeys(rows(dict.fromkeys(workers, requests)), (requests, errors))}
            self.ledger.apply(ACCOUNT.id, [replace(said, hours=hours if requests else {})], self._scraped)
            self.scrape()
            self.minute += 1

    def restart(self, *metrics: Metric) -> None:
        """Start a program whose catalog has these metrics."""
        self.reopen([of(*metrics)])

    def amounts(self) -> dict[tuple[str, ...], int]:
        """Return what is published, by metric and label values."""
        (book,) = self.ledger.publication().books
        return {(book.dataset.metrics[key.metric].name, *key.values): amount for _, key, amount in book.series}


def test_a_new_metric_starts_at_zero_and_the_others_go_on(tmp_path: Path) -> None:
    """Wherever it stands among them; totals stay, and it grows by what is used from now on."""
    shop = Shop(tmp_path, BY_STATUS)
    shop.use(9, 2)
    shop.restart(ERRORS, BY_STATUS, ALL)
    assert shop.totals() == {("w1", "success"): 9}
    assert shop.amounts() == {(BY_STATUS.name, "success"): 9}
    shop.use(9, 2)
    assert shop.amounts() == {(BY_STATUS.name, "success"): 9, (ALL.name,): 0, (ERRORS.name,): 0}
    shop.use(14, 3)
    assert shop.amounts() == {(BY_STATUS.name, "success"): 14, (ALL.name,): 5, (ERRORS.name,): 1}


def test_a_metric_that_is_gone_loses_its_series(tmp_path: Path) -> None:
    """If it comes back in a later release, it starts at zero again."""
    shop = Shop(tmp_path, *METRICS)
    shop.use(9, 2)
    shop.restart(BY_STATUS)
    assert shop.amounts() == {(BY_STATUS.name, "success"): 9}
    shop.use(10, 2)
    shop.restart(ALL, BY_STATUS)
    shop.use(12, 2)
    shop.use(13, 2)
    assert shop.amounts() == {(BY_STATUS.name, "success"): 13, (ALL.name,): 3}


def test_a_metric_with_other_labels_is_new(tmp_path: Path) -> None:
    """Its old label sets leave, and its new ones start at zero; the other metrics go on."""
    shop = Shop(tmp_path, BY_STATUS, ALL)
    shop.use(9, 0)
    shop.restart(replace(BY_STATUS, labels=(), zeros=((),)), ALL)
    shop.use(9, 0)
    shop.use(11, 0)
    assert shop.amounts() == {(BY_STATUS.name,): 2, (ALL.name,): 11}


def test_a_further_part_adds_what_is_used_from_now_on(tmp_path: Path) -> None:
    """A metric that another field feeds, too, goes on from its amount."""
    shop = Shop(tmp_path, ALL)
    shop.use(9, 4)
    shop.restart(replace(ALL, parts=(MetricPart("errors"), MetricPart("requests"))))
    assert shop.amounts() == {(ALL.name,): 9}
    shop.use(10, 6)
    assert shop.amounts() == {(ALL.name,): 9 + 1 + 2}


def test_usage_that_waits_for_its_series_is_not_lost(tmp_path: Path) -> None:
    """What a held birth has not yet received when the program ends comes with the next one, of a new metric not."""
    shop = Shop(tmp_path, BY_STATUS)
    shop.list("10:03", worker("w1", "shop"), worker("w2", "other"))
    shop.use(5, 0, workers=("w1", "w2"), minutes=1)
    assert shop.amounts() == {(BY_STATUS.name, "success"): 0}
    shop.restart(ALL, BY_STATUS)
    shop.use(5, 0, workers=("w1", "w2"))
    (book,) = shop.ledger.publication().books
    names = [metric.name for metric in book.dataset.metrics]
    amounts = {(names[key.metric], place.asset): amount for place, key, amount in book.series}
    assert amounts == {
        (BY_STATUS.name, "shop"): 5,
        (BY_STATUS.name, "other"): 5,
        (ALL.name, "shop"): 0,
        (ALL.name, "other"): 0,
    }


def test_it_is_written_once(tmp_path: Path) -> None:
    """A second start finds the ledger as the first left it, and the daily sums are the same throughout."""
    shop = Shop(tmp_path, BY_STATUS)
    shop.use(9, 2)
    before = shop.daily()
    shop.restart(*METRICS)
    assert shop.daily() == before
    first, commits = shop.amounts(), shop.ledger.commit_number
    shop.restart(*METRICS)
    assert (shop.amounts(), shop.ledger.commit_number) == (first, commits - 1)


def test_gauges_stay(tmp_path: Path) -> None:
    """What is stored is still known when its dataset has one more metric, after a second start, too."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("10:30", {"10": {"w1": (500, 20)}})
    more = replace(
        STOCK, metrics=(gauge("cloudflare_stock_overhead", "Overhead.", "overhead", ("class",)), *STOCK.metrics)
    )

    def readings() -> list[int]:
        return sorted(amount for book in scene.ledger.publication().books for _, _, amount in book.series if amount)

    for _ in range(2):
        scene.reopen([ONE_FIELD, more])
        assert readings() == [20, 500]
    scene.say_stock("11:30", {"11": {"w2": (7, 1)}})
    scene.reopen([ONE_FIELD, more])
    assert readings() == [1, 7, 20, 500]
    scene.ledger.close()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_releases_have(tmp_path: Path, seed: int) -> None:
    """Over random catalogs every series is the usage since its metric came, and none ever falls while it stays."""
    chance = Random(seed)
    known: Sequence[Metric] = chance.sample(METRICS, chance.randint(1, 4))
    shop, used = Shop(tmp_path, *known), (0, 0)
    since = {metric.name: (0, 0) for metric in known}
    for _ in range(8):
        used = (used[0] + chance.randint(1, 9), used[1] + chance.randint(0, 3))
        shop.use(*used)
        requests, errors = (
            {name: used[field] - at_start[field] for name, at_start in since.items()} for field in (0, 1)
        )
        expected = {
            (BY_STATUS.name, "success"): requests.get(BY_STATUS.name),
            (ALL.name,): requests.get(ALL.name),
            (ERRORS.name,): errors.get(ERRORS.name),
            (SPLIT.name, "good"): requests.get(SPLIT.name),
            (SPLIT.name, "bad"): errors.get(SPLIT.name),
        }
        assert shop.amounts() == {key: amount for key, amount in expected.items() if amount is not None}
        known = chance.sample(METRICS, chance.randint(1, 4))
        since = {metric.name: since.get(metric.name, used) for metric in known}
        shop.restart(*known)
        shop.use(*used)
    shop.ledger.close()
