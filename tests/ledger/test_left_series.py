"""Series that left: for 35 days a label set that comes back goes on from the total that it had."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Metric, MetricPart
from exporter.ledger import Ledger
from exporter.ledger.left_series import REMEMBERED
from exporter.ledger.store.store import CommitError
from exporter.model import Account, Answer, Scope
from tests.ledger.day_scene import RESETS
from tests.ledger.factories import ACCOUNT, CALLS, DAY, FlatTariff, Scene, answer, at, inventory, other_program, worker
from tests.ledger.test_commit import refusing

SHOP = ("unassigned", "shop", "success")
STORE = ("unassigned", "store", "success")
ERROR = ("unassigned", "shop", "error")
OTHER = Account("b" * 32, "Other")


def clock(after: timedelta) -> str:
    """Return a moment so long after the day began, as ``at`` reads it."""
    return f"{after // timedelta(hours=1)}:{after % timedelta(hours=1) // timedelta(minutes=1):02}"


def left(folder: Path | None = None, dataset: Dataset = CALLS) -> Scene:
    """Return a ledger whose Worker ``shop`` had 6 successes and 2 errors when it was renamed to ``store`` at 10:03."""
    scene = Scene(folder, (dataset,))
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    for minute in ("10:01", "10:02"):
        scene.say_and_scrape(minute, {"10": {"w1": 6, ("w1", "error"): 2}})
    scene.list("10:03", worker("w1", "store"))
    scene.say_and_scrape("10:03", {"10": {"w1": 6, ("w1", "error"): 2}})
    assert scene.series() == {STORE: 0}
    return scene


def kept(folder: Path) -> list[tuple[str, ...]]:
    """Return what is kept of series that left: names of accounts, assets and metrics, labels and amounts."""
    with other_program(folder) as connection:
        columns = "label, asset, metric, labels, amount"
        return connection.execute(f"SELECT {columns} FROM left_series ORDER BY amount").fetchall()


def about(account_id: str, said: Answer) -> Answer:
    """Return an answer as one about another account."""
    return replace(said, question=replace(said.question, scope=Scope(account_id)))


def test_a_label_set_that_comes_back_goes_on(tmp_path: Path) -> None:
    """It is published at the amount that it had until that was scraped; each label set by itself, when it is due."""
    scene = left(tmp_path)
    scene.list("10:04", worker("w1", "shop"))
    scene.say("10:04", {"10": {"w1": 7, ("w1", "error"): 2}})
    scene.say("10:05", {"10": {"w1": 8, ("w1", "error"): 2}})
    assert scene.series() == {SHOP: 6}
    scene.scrape()
    scene.say_and_scrape("10:06", {"10": {"w1": 9, ("w1", "error"): 3}})
    assert scene.series() == {SHOP: 9, ERROR: 2}
    scene.say("10:07", {"10": {"w1": 9, ("w1", "error"): 3}})
    assert scene.series() == {SHOP: 9, ERROR: 3}
    assert kept(tmp_path) == []
    scene.ledger.close()


def test_nobody_saw_it_come_back(tmp_path: Path) -> None:
    """Unscraped it goes on after five minutes, also when the exporter is started again meanwhile."""
    scene = left(tmp_path)
    scene.list("10:04", worker("w1", "shop"))
    scene.say("10:04", {"10": {"w1": 7, ("w1", "error"): 2}})
    scene.reopen()
    published = []
    for minute in ("10:05", "10:10", "10:11"):
        scene.say(minute, {"10": {"w1": 7, ("w1", "error"): 2}})
        published.append(scene.series()[SHOP])
    assert published == [6, 6, 7]
    scene.ledger.close()


@pytest.mark.parametrize(("after", "amount"), [(timedelta(days=35), 6), (timedelta(days=35, minutes=1), 0)])
def test_it_is_remembered_for_35_days(after: timedelta, amount: int) -> None:
    """By Cloudflare's time, from the discovery with which it left to the answer with which it comes back."""
    scene = left()
    back = clock(at("10:03") - DAY + after)
    scene.list(back, worker("w1", "shop"))
    scene.say(back, {})
    assert scene.series() == {SHOP: amount}


def test_the_births_of_a_jump_come_where_they_left() -> None:
    """Beside the old values and the old ``until``, as zeros do; then all follow at once."""
    scene = left()
    scene.list("10:20", worker("w1", "shop"), worker("w2", "api"))
    usage = {"10": {"w1": 9, ("w1", "error"): 2, "w2": 5}}
    api = ("unassigned", "api", "success")
    scene.say_and_scrape("10:20", usage)
    assert (scene.series(), scene.published_until()) == ({SHOP: 6, api: 0}, at("10:03"))
    scene.say("10:21", usage)
    assert (scene.series(), scene.published_until()) == ({SHOP: 9, api: 5}, at("10:21"))


def test_a_worker_that_is_created_again_goes_on_where_its_predecessor_ended() -> None:
    """The name is the same, the id is another: nothing of either is counted twice or lost."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("10:55", {"10": {"w1": 6}})
    scene.say_and_scrape("11:30", {"10": {"w1": 6}})
    scene.say_and_scrape("11:36", {"10": {"w1": 6}})
    for minute in ("11:40", "11:50"):
        scene.list(minute)
    assert scene.series() == {}
    scene.list("12:00", worker("w2", "shop"))
    for minute in ("12:00", "12:01"):
        scene.say_and_scrape(minute, {"12": {"w2": 5}})
    assert scene.series() == {SHOP: 11}


def test_list_cost_goes_on_as_usage_does() -> None:
    """Its series leave and come back with those of the usage that they price."""
    scene = Scene(tariffs=FlatTariff())
    scene.list("09:59", worker("w1", "shop"))
    for minute, name, usage in (
        ("10:00", "shop", 0),
        ("10:01", "shop", 6),
        ("10:02", "shop", 6),
        ("10:03", "store", 6),
        ("10:04", "shop", 6),
        ("10:05", "shop", 7),
        ("10:06", "shop", 7),
    ):
        scene.list(minute, worker("w1", name))
        scene.say_and_scrape(minute, {"10": {"w1": usage}} if usage else {})
    (costs,) = scene.ledger.publication().list_costs
    assert [(placement.asset, amount) for placement, _, amount in costs.series] == [("shop", 7 * 7)]


def test_an_account_that_gets_its_label_back_goes_on() -> None:
    """Under the other label its series start at zero."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    seen = []
    for minute, alias, usage in (
        ("10:00", {}, 0),
        ("10:01", {}, 6),
        ("10:02", {ACCOUNT.id: "production"}, 6),
        ("10:03", {ACCOUNT.id: "production"}, 8),
        ("10:04", {}, 8),
        ("10:05", {}, 9),
    ):
        scene.ledger.enroll([ACCOUNT], alias)
        scene.say_and_scrape(minute, {"10": {"w1": usage}})
        seen.append(scene.series()[SHOP])
    assert seen == [0, 6, 0, 2, 6, 7]


def test_an_account_that_takes_over_a_label_goes_on_under_it(tmp_path: Path) -> None:
    """A series is told by its labels alone, so the first answer about the other account finds what left under them."""
    scene = left(tmp_path)
    scene.ledger.enroll([ACCOUNT, OTHER], {ACCOUNT.id: "production", OTHER.id: ACCOUNT.name})
    scene.ledger.apply_discovery(replace(inventory("10:04", [worker("w7", "shop")]), account=OTHER), scene.selection, 0)
    scene.ledger.apply(OTHER.id, [about(OTHER.id, answer(at("10:00"), "10:04", {}))], 0)
    assert scene.series() == {SHOP: 6}
    assert [amount for *_, amount in kept(tmp_path)] == ["2"]
    scene.ledger.close()


def test_accounts_that_swap_labels_go_on_under_the_other_label() -> None:
    """To and fro: no label set ever falls, and all grow by what was used."""
    scene = Scene()
    amounts: dict[tuple[str, str], int] = {}
    used = dict.fromkeys((ACCOUNT.id, OTHER.id), 0)
    grown = 0
    for minute in range(12):
        is_swapped = minute // 3 % 2
        alias = {ACCOUNT.id: OTHER.name, OTHER.id: ACCOUNT.name} if is_swapped else {}
        scene.ledger.enroll([ACCOUNT, OTHER], alias)
        now = f"10:{minute:02}"
        for number, (account_id, amount) in enumerate(list(used.items())):
            used[account_id] = amount + (minute > 0) * (3 + 4 * number)
            since = scene.ledger.open_from(Scope(account_id), CALLS.key) or at("10:00")
            said = about(account_id, answer(since, now, {"10": {"": used[account_id]}}))
            scene.ledger.apply(account_id, [said], scene.ledger.commit_number)
        published = scene.ledger.publication()
        for book in published.books:
            for placement, key, amount in book.series:
                which = (published.accounts[book.scope.account_id], f"{placement.asset} {key.values}")
                before = amounts.get(which, 0)
                assert amount >= before, f"{which} fell from {before} to {amount}"
                grown += amount - before
                amounts[which] = amount
    assert grown == sum(used.values())


def test_a_later_catalog_finds_it_by_its_names(tmp_path: Path) -> None:
    """Metrics may stand in another order, with others between them."""
    scene = left(tmp_path)
    further = Metric("cloudflare_all_calls_total", "Calls.", (MetricPart("requests"),))
    scene.reopen([replace(CALLS, metrics=(further, *CALLS.metrics))])
    scene.list("10:04", worker("w1", "shop"))
    scene.say("10:04", {"10": {"w1": 7, ("w1", "error"): 3}})
    (book,) = scene.ledger.publication().books
    metrics = [metric.name for metric in book.dataset.metrics]
    found = {(metrics[key.metric], *key.values): amount for _, key, amount in book.series}
    assert found == {
        ("cloudflare_calls_total", "success"): 6,
        ("cloudflare_calls_total", "error"): 2,
        ("cloudflare_all_calls_total",): 0,
    }
    scene.ledger.close()


def drop_its_metric(scene: Scene) -> None:
    """Install a release without the metric, and then one that has it again."""
    other = Metric("cloudflare_all_calls_total", "Calls.", (MetricPart("requests"),))
    scene.reopen([replace(CALLS, metrics=(other,))])
    scene.reopen()


def drop_its_dataset(scene: Scene) -> None:
    """Install a release without the dataset, and then one that has it again."""
    scene.reopen([replace(CALLS, name="others")])
    scene.reopen()


@pytest.mark.parametrize(
    "forget",
    [*RESETS.values(), drop_its_metric, drop_its_dataset],
    ids=[*RESETS, "a release without the metric", "a release without the dataset"],
)
def test_what_counts_anew_forgets_what_left(tmp_path: Path, forget: Callable[[Scene], None]) -> None:
    """Nothing of before shows in counters that start over, whether it was exposed then or had left."""
    scene = left(tmp_path)
    forget(scene)
    assert kept(tmp_path) == []
    scene.list("10:04", worker("w1", "shop"))
    scene.say("10:04", {"10": {"w1": 7, ("w1", "error"): 3}})
    assert set(scene.series().values()) == {0}
    scene.ledger.close()


def test_one_at_zero_is_not_kept(tmp_path: Path) -> None:
    """It would start at zero anyway."""
    scene = left(tmp_path)
    metric = "cloudflare_calls_total(status;)"
    assert kept(tmp_path) == [
        (ACCOUNT.name, "shop", metric, '["error"]', "2"),
        (ACCOUNT.name, "shop", metric, '["success"]', "6"),
    ]
    scene.list("10:04", worker("w1", "third"))
    assert len(kept(tmp_path)) == 2
    scene.ledger.close()


def test_leaving_and_coming_back_are_one_commit_each(tmp_path: Path) -> None:
    """Where the file refuses, the series is either exposed or kept as before, and the next attempt goes on."""
    scene = left(tmp_path)
    scene.list("10:04", worker("w1", "shop"))
    before = kept(tmp_path)
    with refusing(tmp_path, "series"), pytest.raises(CommitError):
        scene.say("10:04", {"10": {"w1": 7, ("w1", "error"): 2}})
    assert (scene.series(), kept(tmp_path)) == ({}, before)
    scene.say("10:05", {"10": {"w1": 7, ("w1", "error"): 2}})
    with refusing(tmp_path, "left_series"), pytest.raises(CommitError):
        scene.list("10:06", worker("w1", "store"))
    scene.reopen()
    assert (scene.series(), len(kept(tmp_path))) == ({SHOP: 6}, 1)
    scene.ledger.close()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_renamed_everything_is_counted_once(tmp_path: Path, seed: int) -> None:
    """Three Workers take turns with three names, over weeks and restarts: ``increase()`` comes to what was used.

    Nothing falls but what has been away for 35 days.
    """
    random = Random(seed)
    scene = Scene(tmp_path)
    seen: dict[tuple[str, str, str], tuple[int, timedelta]] = {}
    grown, now = 0, timedelta(hours=10)
    for _ in range(60):
        now += random.choice([timedelta(minutes=1)] * 5 + [timedelta(days=20)])
        names = random.sample(("shop", "store", "api"), 3)
        there = [worker(f"w{number}", name) for number, name in enumerate(names) if random.random() < 0.5]
        if random.random() < 0.1:
            scene.reopen()
        scene.list(clock(now), *there)
        usage = {f"w{number}": random.randrange(1, 9) for number in range(3)}
        for _ in range(3):
            scene.say_and_scrape(clock(now), {str(now // timedelta(hours=1)): usage})
            for which, amount in scene.series().items():
                before, at_last = seen.get(which, (0, now))
                assert amount >= before or now - at_last > REMEMBERED, f"{which} fell to {amount}"
                grown += amount - before if amount >= before else amount
                seen[which] = (amount, now)
            now += timedelta(minutes=1)
    scene.ledger.close()
    assert grown == sum(scene.totals().values())


def memory_of(folder: Path) -> int:
    """Return the bytes that an opened ledger takes."""
    tracemalloc.start()
    ledger = Ledger.open(folder, (CALLS,))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ledger.close()
    return taken


def test_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    """However much has left, a ledger that is opened takes no more memory for it."""
    left(tmp_path).ledger.close()
    Ledger.open(tmp_path, (CALLS,)).close()
    before = memory_of(tmp_path)
    with other_program(tmp_path) as connection:
        connection.executemany(
            "INSERT INTO left_series VALUES ('Example', 'calls', 'unassigned', ?, 'm(status;)', '[\"a\"]', ?, '7', 1)",
            [(f"gone-{number}", ACCOUNT.id) for number in range(2_000)],
        )
    assert memory_of(tmp_path) < before + 50_000
