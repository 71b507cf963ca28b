"""List cost: usage of each hour at that hour's price, counted as exactly as the usage itself, and never falling."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest

from exporter.billing import Tariff
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Meter
from exporter.ledger.reader import reading
from exporter.model import DISPATCH_PREFIX
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, Scene, worker
from tests.ledger.gauge_scene import STOCK, GaugeState

SHOP = worker("w1", "shop")
TUESDAY = date(2025, 10, 21)

UNMETERED = replace(CALLS, meters=())
OTHER_METER = replace(CALLS, meters=CALLS.meters[1:])
"""The dataset as releases have it that do not know the meter ``calls``."""


class Prices:
    """Tariffs that a test sets: the price of a meter, from a day on where the key has one."""

    def __init__(self, prices: Mapping[str | tuple[str, date], int]) -> None:
        self.prices = dict(prices)

    def find(self, account_id: str, meter: str, day: date, *, is_dispatched: bool) -> Tariff | None:
        """Return the newest price of a meter; a dispatched script has another meter."""
        name = f"{meter}_of_tenants" if is_dispatched else meter
        dated = [key[1] for key in self.prices if isinstance(key, tuple) and key[0] == name and key[1] <= day]
        price = self.prices[name, max(dated)] if dated else self.prices.get(name)
        return None if price is None else Tariff(name, price)


def cost(scene: Scene) -> dict[tuple[str, str], int]:
    """Return the list cost that is published, by asset and meter."""
    return {
        (placement.asset, key.values[0]): amount
        for book in scene.ledger.publication().list_costs
        for placement, key, amount in book.series
    }


def counting(prices: Prices, folder: Path | None = None) -> Scene:
    """Return a ledger that has begun at ten, with one Worker."""
    scene = Scene(folder, tariffs=prices)
    scene.list("09:59", SHOP)
    scene.say_and_scrape("10:00", {})
    return scene


def test_usage_costs_its_price() -> None:
    """A counter is born at zero and then grows by usage times price."""
    scene = counting(Prices({"calls": 7}))
    scene.say_and_scrape("10:30", {"10": {"w1": 4}})
    assert cost(scene) == {("shop", "calls"): 0}
    scene.say_and_scrape("10:31", {"10": {"w1": 9}})
    assert cost(scene) == {("shop", "calls"): 63}


def test_what_is_not_on_the_card_costs_nothing() -> None:
    """Usage without a tariff, or with a price of nothing, has no series."""
    scene = counting(Prices({"calls": 0}))
    scene.say_and_scrape("10:30", {"10": {"w1": 4, ("w1", "unbilled"): 3}})
    assert cost(scene) == {}


def test_an_hour_has_the_price_of_its_day() -> None:
    """Usage before and after midnight is priced apart, however late the answer is."""
    scene = counting(Prices({"calls": 2, ("calls", TUESDAY): 5}))
    scene.say_and_scrape("22:00", {"21": {"w1": 1}})
    scene.say_and_scrape("22:01", {"21": {"w1": 1}})
    scene.say_and_scrape("24:30", {"21": {"w1": 1}, "23": {"w1": 10}, "24": {"w1": 100}})
    scene.say_and_scrape("24:31", {"21": {"w1": 1}, "23": {"w1": 10}, "24": {"w1": 100}})
    assert cost(scene) == {("shop", "calls"): 1 * 2 + 10 * 2 + 100 * 5}


def test_a_lower_price_never_lets_it_fall() -> None:
    """What is settled keeps its price; an open hour that is told at a lower one stands still until it is exceeded."""
    prices = Prices({"calls": 10})
    scene = counting(prices)
    scene.say_and_scrape("10:10", {"10": {"w1": 5}})
    scene.say_and_scrape("10:11", {"10": {"w1": 5}})
    prices.prices["calls"] = 1
    scene.say_and_scrape("10:12", {"10": {"w1": 6}})
    assert cost(scene) == {("shop", "calls"): 50}
    prices.prices["calls"] = 10
    scene.say_and_scrape("10:13", {"10": {"w1": 7}})
    assert cost(scene) == {("shop", "calls"): 70}


def test_an_hour_stays_open_as_long_as_its_usage() -> None:
    """While a fall of what is free keeps an hour open, usage that comes late costs its price, too."""
    scene = counting(Prices({"calls": 7}))
    scene.say_and_scrape("11:20", {"10": {"w1": 4, ("w1", "unbilled"): 3}})
    for minute in range(21, 45):
        scene.say_and_scrape(f"11:{minute}", {"10": {"w1": 4, ("w1", "unbilled"): minute % 2}, "11": {"w1": 1}})
    scene.say_and_scrape("11:45", {"10": {"w1": 9, ("w1", "unbilled"): 3}, "11": {"w1": 1}})
    assert scene.totals() == {("w1", "success"): 10, ("w1", "unbilled"): 3}
    assert cost(scene) == {("shop", "calls"): 70}


def test_hours_that_settled_without_prices_cost_nothing_later(tmp_path: Path) -> None:
    """A ledger that was open without prices for hours goes on with what is open then; no hour is counted twice."""
    scene = counting(Prices({"calls": 7}), tmp_path)
    scene.say_and_scrape("10:20", {"10": {"w1": 4}})
    scene.say_and_scrape("10:21", {"10": {"w1": 4}})
    scene.ledger.close()
    unpriced = Scene(tmp_path)
    for minute in (40, 50):
        unpriced.say_and_scrape(f"12:{minute}", {"10": {"w1": 5}, "11": {"w1": 50}, "12": {"w1": 500}})
    unpriced.ledger.close()
    scene = Scene(tmp_path, tariffs=Prices({"calls": 7}))
    for minute in (51, 52):
        scene.say_and_scrape(f"12:{minute}", {"12": {"w1": 501}})
    assert cost(scene) == {("shop", "calls"): (4 + 501) * 7}


def test_a_dataset_costs_from_its_first_meter_on(tmp_path: Path) -> None:
    """Usage that the meter's first answer adds to an hour that is over by then costs its price, too."""
    scene = Scene(tmp_path, [UNMETERED], Prices({"calls": 7}))
    scene.list("09:59", SHOP)
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("10:50", {"10": {"w1": 4}})
    scene.reopen()
    for minute in (10, 11, 12):
        scene.say_and_scrape(f"11:{minute}", {"10": {"w1": 5}, "11": {"w1": 2}})
    assert cost(scene) == {("shop", "calls"): (5 + 2) * 7}


def without_the_meter(folder: Path, *told: int) -> Scene:
    """Return a ledger of a release without a meter that had cost four calls at ten; ``told`` was said after that."""
    scene = counting(Prices({"calls": 7}), folder)
    for minute, amount in enumerate((4, 4, *told), 30):
        scene.say_and_scrape(f"10:{minute}", {"10": {"w1": amount}})
    scene.reopen([OTHER_METER])
    scene.say_and_scrape("10:50", {"10": {"w1": 6}})
    assert cost(scene) == {("shop", "calls"): 4 * 7}
    return scene


def test_a_meter_that_is_back_within_the_hour_costs_no_more_than_its_usage(tmp_path: Path) -> None:
    """Its hour is told whole again, and nothing of it costs twice."""
    scene = without_the_meter(tmp_path)
    scene.reopen()
    for clock in ("11:35", "11:41", "12:35", "12:41"):
        scene.say_and_scrape(clock, {"10": {"w1": 9}, "11": {"w1": 1}} if clock < "12" else {"11": {"w1": 1}})
    assert cost(scene) == {("shop", "calls"): (9 + 1) * 7}


@pytest.mark.parametrize("told", [(), (1,)], ids=["as it was", "lower than it was"])
def test_a_meter_that_is_back_later_goes_on_from_what_it_had_cost(tmp_path: Path, told: tuple[int, ...]) -> None:
    """What it cost in an hour that was open when it left is settled, so its counter moves with the first new usage."""
    scene = without_the_meter(tmp_path, *told)
    for clock in ("11:35", "11:41"):
        scene.say_and_scrape(clock, {"10": {"w1": 6}, "11": {"w1": 1}})
    scene.reopen()
    scene.say_and_scrape("12:41", {"11": {"w1": 1}, "12": {"w1": 2}})
    assert cost(scene) == {("shop", "calls"): (4 + 1 + 2) * 7}


def test_late_usage_has_the_price_of_its_day() -> None:
    """What an audit finds is added at the price of the day that it is of."""
    scene = counting(Prices({"calls": 2, ("calls", TUESDAY): 5}))
    scene.say_and_scrape("10:30", {"10": {"w1": 10}})
    for clock in ("11:40", "11:46", "24:40", "24:46", "25:40", "25:46"):
        scene.say_and_scrape(clock, {"10": {"w1": 10}} if clock < "12" else {})
    before = cost(scene)["shop", "calls"]
    assert before == 20
    scene.audit("50:30", {"w1": 13})
    scene.audit("50:36", {"w1": 13})
    assert cost(scene) == {("shop", "calls"): before + 3 * 2}


def test_a_rename_moves_only_what_follows() -> None:
    """After a rename the new name's series begins at zero; both together are the whole cost."""
    scene = counting(Prices({"calls": 3}))
    scene.say_and_scrape("10:10", {"10": {"w1": 5}})
    scene.say_and_scrape("10:11", {"10": {"w1": 5}})
    assert cost(scene) == {("shop", "calls"): 15}
    scene.list("10:12", worker("w1", "store"))
    scene.say_and_scrape("10:13", {"10": {"w1": 9}})
    assert cost(scene) == {("store", "calls"): 0}
    scene.say_and_scrape("10:14", {"10": {"w1": 9}})
    assert cost(scene) == {("store", "calls"): 12}


def test_a_tenants_scripts_have_a_meter_of_their_own() -> None:
    """Rows of a dispatch namespace are billed under another meter."""
    tenants = f"{DISPATCH_PREFIX}tenants"
    scene = counting(Prices({"calls": 3, "calls_of_tenants": 4}))
    scene.say_and_scrape("10:10", {"10": {tenants: 5, "w1": 2}})
    scene.say_and_scrape("10:11", {"10": {tenants: 5, "w1": 2}})
    assert cost(scene) == {("shop", "calls"): 6, ("(dispatch tenants)", "calls_of_tenants"): 20}


def test_it_outlives_a_restart(tmp_path: Path) -> None:
    """A ledger that is opened again goes on from the cost it had, and counts nothing twice."""
    scene = counting(Prices({"calls": 3}), tmp_path)
    scene.say_and_scrape("10:10", {"10": {"w1": 5}})
    scene.say_and_scrape("10:11", {"10": {"w1": 5}})
    scene.reopen()
    assert cost(scene) == {("shop", "calls"): 15}
    scene.say_and_scrape("10:20", {"10": {"w1": 6}})
    assert cost(scene) == {("shop", "calls"): 18}


def test_without_assets_it_is_told_by_project() -> None:
    """Where the asset level is dropped, further cost goes to the project, and nothing falls."""
    scene = counting(Prices({"calls": 3}))
    scene.say_and_scrape("10:10", {"10": {"w1": 5}})
    scene.say_and_scrape("10:11", {"10": {"w1": 5}})
    scene.ledger.show_cost_of_assets(False)
    scene.say_and_scrape("10:12", {"10": {"w1": 7}})
    scene.say_and_scrape("10:13", {"10": {"w1": 8}})
    assert cost(scene) == {("", "calls"): 9}
    scene.ledger.show_cost_of_assets(True)
    scene.say_and_scrape("10:14", {"10": {"w1": 9}})
    assert cost(scene) == {("shop", "calls"): 18}


def test_it_is_none_of_the_datasets_that_are_asked(tmp_path: Path) -> None:
    """List cost holds up neither questions nor departures, and leaves the daily sums alone."""
    scene = counting(Prices({"calls": 3}), tmp_path)
    scene.say_and_scrape("10:30", {"10": {"w1": 5}})
    assert [book.dataset.key for book in scene.ledger.publication().books] == [CALLS.key]
    assert scene.daily() == {(MONDAY, "w1", "calls"): 5}
    with reading(tmp_path, [CALLS]) as reader:
        assert reader.until(ACCOUNT.id) == scene.ledger.until(ACCOUNT.id)
        assert reader.open_sums(ACCOUNT.id) == scene.daily()


def stored(prices: Prices) -> GaugeState:
    """Return a ledger that has begun to read what is stored, at ten."""
    scene = GaugeState(tariffs=prices)
    scene.say_stock("10:00", {"9": {"w1": 100}})
    scene.scrape()
    return scene


def stock_cost(scene: GaugeState) -> dict[str, int]:
    """Return the list cost of what is stored, by asset."""
    return {asset: amount for (asset, meter), amount in cost(scene).items() if meter == "stock"}


def test_what_is_stored_costs_each_hour() -> None:
    """Each hour that is over adds its bytes, overhead included, at the price of a byte and hour."""
    scene = stored(Prices({"stock": 2}))
    scene.say_stock("11:10", {"10": {"w1": 100}, "11": {"w1": (200, 10)}})
    scene.say_stock("12:10", {"11": {"w1": (200, 10)}, "12": {"w1": 300}})
    scene.scrape()
    scene.say_stock("13:10", {"12": {"w1": 300}, "13": {"w1": 300}})
    assert stock_cost(scene) == {"shop": 2 * (100 + 210 + 300)}


def test_what_is_stored_stays_in_hours_that_are_not_told() -> None:
    """An hour without a row of its own costs what was stored before it."""
    scene = stored(Prices({"stock": 2}))
    scene.say_stock("11:10", {"10": {"w1": 100}})
    scene.scrape()
    scene.say_stock("14:10", {"10": {"w1": 100}, "13": {"w1": 50}, "14": {"w1": 50}})
    scene.scrape()
    scene.say_stock("14:20", {"13": {"w1": 50}, "14": {"w1": 50}})
    assert stock_cost(scene) == {"shop": 2 * (3 * 100 + 50)}


def test_a_class_of_stock_whose_meter_is_back_within_the_hour_costs_each_hour_once(tmp_path: Path) -> None:
    """A release without it changes nothing, for the hour that was open is told whole again."""

    def with_meters(*classes: str) -> list[Dataset]:
        meters = [Meter(name, "bytes", where={"class": frozenset({name})}) for name in classes]
        return [CALLS, replace(STOCK, meters=tuple(meters))]

    scene = GaugeState(folder=tmp_path, tariffs=Prices({"hot": 2, "cold": 1}))
    stock = {"w1": 100, "w1/cold": 50}
    for clock, classes in (("10:00", "hot cold"), ("11:10", "hot cold"), ("11:12", "hot"), ("11:14", "hot cold")):
        scene.reopen(with_meters(*classes.split()))
        for _ in range(2):
            scene.say_stock(clock, {"9": stock, "10": stock} if clock > "11" else {"9": stock})
            scene.scrape()
    scene.say_stock("13:10", {"11": stock, "12": stock})
    assert cost(scene) == {("shop", "hot"): 3 * 200, ("shop", "cold"): 3 * 50}


@pytest.mark.parametrize("seed", range(40))
def test_it_never_falls_whatever_the_card_does(seed: int) -> None:
    """Prices that jump up and down, usage that is told late and lower, restarts: no series ever falls."""
    random = Random(seed)
    prices = Prices({"calls": 5, "stock": 3})
    scene = GaugeState(SHOP, worker("w2", "api"), tariffs=prices)
    scene.say_and_scrape("10:00", {})
    seen: dict[tuple[str, str], int] = {}
    used = {hour: {"w1": 0, "w2": 0} for hour in ("10", "11", "12")}
    for minute in range(3, 170, random.choice([3, 7])):
        clock = f"{10 + minute // 60}:{minute % 60:02}"
        now = clock[:2]
        used[now][random.choice(["w1", "w2"])] += random.randrange(1_000)
        prices.prices = {"calls": random.choice([0, 1, 5, 10**20]), "stock": random.choice([0, 3, 10**6])}
        told = {
            hour: {asset: amount // random.choice([1, 1, 1, 2]) for asset, amount in used[hour].items()}
            for hour in used
        }
        scene.say(clock, {hour: amounts for hour, amounts in told.items() if hour <= now})
        if random.random() < 0.5:
            scene.say_stock(clock, {now: {"w1": random.randrange(10**9)}})
        if random.random() < 0.7:
            scene.scrape()
        costs = cost(scene)
        assert all(costs.get(which, 0) >= amount for which, amount in seen.items())
        assert all(which in seen or amount == 0 for which, amount in costs.items())
        seen = costs
    assert any(seen.values())
