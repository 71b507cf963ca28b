"""Pruning: an asset that left is forgotten, all of it at once, when nothing names it any more."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from exporter.catalog.dataset import Dataset
from exporter.ledger import KEPT_DAYS, Standing
from exporter.ledger.pruning import BATCH
from exporter.ledger.store.store import CommitError
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, FlatTariff, Scene, other_program, worker
from tests.ledger.gauge_scene import GaugeState

SHOP, API = worker("w1", "shop"), worker("w2", "api")
UNLISTED = ("unassigned", "(unlisted)", "success")
UNMETERED = replace(CALLS, meters=())
LATER = KEPT_DAYS + 2


def on(day: int, clock: str = "12:00") -> str:
    """Return a moment some days later, as ``at`` reads it."""
    hours, minutes = clock.split(":")
    return f"{24 * day + int(hours)}:{minutes}"


def departed(folder: Path | None = None, dataset: Dataset = CALLS) -> Scene:
    """Return a ledger of two Workers; ``shop`` had 6 calls until it left on Monday, and 5 as unlisted since."""
    scene = Scene(folder, (dataset,), FlatTariff())
    scene.list("09:59", SHOP, API)
    scene.say_and_scrape("10:00", {})
    for minute in ("10:55", "11:30", "11:36"):
        scene.say_and_scrape(minute, {"10": {"w1": 6}})
    for minute in ("11:40", "11:50"):
        scene.list(minute, API)
    for minute in ("12:00", "12:02", "13:40", "13:46"):
        scene.say_and_scrape(minute, {"12": {"w1": 5}})
    for minute in ("03:00", "03:10"):
        scene.audit(on(2, minute), {"w1": 11})
    assert scene.series()[UNLISTED] == 5
    return scene


def go_on(scene: Scene, day: int) -> None:
    """Let ``api`` be used once some days later, with two discoveries after that."""
    for minute in ("12:00", "13:40", "13:46"):
        scene.say_and_scrape(on(day, minute), {str(24 * day + 11): {"w2": 1}})
    for minute in ("14:00", "14:10"):
        scene.list(on(day, minute), API)


def is_known(scene: Scene, asset: str = "w1") -> bool:
    """Return whether an asset is in the roster; it has either all of its parts or none."""
    is_there = ("worker", asset) in scene.ledger.roster(ACCOUNT.id)
    has_row = any(which == asset for which, _ in scene.totals())
    assert has_row == is_there
    return is_there


def traces(folder: Path, asset: str = "w1") -> set[str]:
    """Return the tables of the file that name an asset."""
    with other_program(folder) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found = set()
        for table in tables:
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            column = "id" if table == "asset" else "asset"
            if (
                column in columns
                and connection.execute(f"SELECT 1 FROM {table} WHERE {column} = ?", (asset,)).fetchone()
            ):
                found.add(table)
        return found


def test_all_of_an_asset_goes_when_its_last_daily_sum_is_gone(tmp_path: Path) -> None:
    """Its rows of usage and of cost, its entry and its last use go together; its series as unlisted stays as it is."""
    scene = departed(tmp_path)
    go_on(scene, KEPT_DAYS)
    assert is_known(scene)
    assert traces(tmp_path) == {"asset", "row", "used", "daily", "newest_sum"}
    scene.reopen()
    go_on(scene, LATER)
    before = scene.series()
    assert before[UNLISTED] == 5
    assert not is_known(scene)
    assert traces(tmp_path) == set()
    assert ("worker", "w1") not in scene.ledger.publication().used[ACCOUNT.id]
    scene.reopen()
    assert (scene.series(), is_known(scene), is_known(scene, "w2")) == (before, False, True)
    scene.ledger.close()


def test_daily_sums_of_an_idle_dataset_go_as_well(tmp_path: Path) -> None:
    """Nothing is used any more: the oldest day goes with one discovery, its hours too, what it named with the next."""
    scene = departed(tmp_path)
    go_on(scene, 3)
    seen = []
    for minute in ("12:00", "12:10", "12:20"):
        scene.list(on(LATER + 3, minute), API)
        seen.append((sorted({day for day, _, _ in scene.daily()}), is_known(scene)))
        hours = {day for asset in ("w1", "w2") for day, _, _ in scene.ledger.hours(ACCOUNT.id, asset)}
        assert hours == set(seen[-1][0])
    thursday = date(2025, 10, 23)
    assert seen[:2] == [([thursday], True), ([], False)]
    scene.ledger.close()


@pytest.mark.parametrize(("days", "is_left"), [(35, True), (36, False)])
def test_an_asset_that_was_never_used_goes_when_its_series_no_longer_come_back(
    tmp_path: Path, days: int, is_left: bool
) -> None:
    """35 days after it left, also over a restart; until then its project is kept for the same label sets."""
    scene = Scene(tmp_path)
    scene.list("09:59", SHOP, API)
    for minute in ("10:10", "10:20"):
        scene.list(minute, API)
    scene.reopen()
    scene.list(on(days, "10:20"), API)
    assert (("worker", "w1") in scene.ledger.roster(ACCOUNT.id)) == is_left
    scene.ledger.close()


def test_an_open_hour_and_then_its_audit_name_an_asset() -> None:
    """Without a meter there are no daily sums: it goes when the day of its last usage is final, and not before."""
    scene = departed(dataset=UNMETERED)
    scene.say_and_scrape(on(40, "10:00"), {})
    seen = []
    for minute in ("10:10", "10:20"):
        scene.say_and_scrape(on(40, minute), {str(24 * 40 + 10): {"w1": 2}})
    scene.list(on(40, "10:30"), API)
    seen.append(is_known(scene))
    for minute in ("12:00", "12:10"):
        scene.say_and_scrape(on(40, minute), {str(24 * 40 + 10): {"w1": 2}})
    scene.list(on(40, "12:20"), API)
    seen.append(is_known(scene))
    for minute in ("03:00", "03:10"):
        scene.audit(on(42, minute), {"w1": 2}, day=MONDAY + timedelta(days=40))
    scene.list(on(42, "03:20"), API)
    seen.append(is_known(scene))
    assert (seen, scene.series()[UNLISTED]) == ([True, True, False], 7)


def test_a_daily_sum_that_an_audit_found_names_an_asset(tmp_path: Path) -> None:
    """No hourly answer ever held its usage, and no hour of last use is known."""
    scene = Scene(tmp_path)
    scene.list("09:59", SHOP, API)
    for minute in ("10:00", "10:55", "24:40", "24:46"):
        scene.say_and_scrape(minute, {})
    for minute in ("03:00", "03:10"):
        scene.audit(on(2, minute), {"w1": 2})
    for minute in ("03:20", "03:30"):
        scene.list(on(2, minute), API)
    scene.list(on(40), API)
    assert is_known(scene)
    for minute in ("12:00", "12:10"):
        scene.list(on(LATER, minute), API)
    assert not is_known(scene)
    scene.ledger.close()


def test_readings_go_too_but_one_that_is_shown_stays(tmp_path: Path) -> None:
    """The state of an asset that left is no longer shown; that of one that no list ever had is."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("10:30", {"10": {"w1": 7, "w9": 3}})
    for minute in ("10:40", "10:50"):
        scene.list(minute, API)
    for minute in ("12:00", "12:10", "12:20"):
        scene.list(on(LATER, minute), API)
    assert ("reading" in traces(tmp_path), "reading" in traces(tmp_path, "w9")) == (False, True)
    assert {asset for _, asset in scene.ledger.roster(ACCOUNT.id)} == {"w2", "w9"}
    assert scene.shown() == {("(unlisted)", "hot"): 3}
    scene.ledger.close()


def pruned(folder: Path | None = None) -> Scene:
    """Return a ledger that has forgotten the Worker ``shop``."""
    scene = departed(folder)
    go_on(scene, LATER)
    assert not is_known(scene)
    return scene


def test_an_asset_that_appears_again_counts_on_from_there() -> None:
    """Its usage is added to that of unlisted assets; listed again it has its name and starts at zero."""
    scene = pruned()
    hour = str(24 * LATER + 14)
    for minute in ("14:20", "14:21"):
        assert scene.say(on(LATER, minute), {hour: {"w1": 3}}).strangers == {("worker", "w1")}
        scene.scrape()
    scene.list(on(LATER, "14:22"), API)
    scene.say_and_scrape(on(LATER, "14:22"), {hour: {"w1": 4}})
    assert (scene.series()[UNLISTED], scene.totals()["w1", "success"]) == (9, 4)
    scene.list(on(LATER, "14:23"), API, SHOP)
    for minute in ("14:23", "14:24"):
        scene.say_and_scrape(on(LATER, minute), {hour: {"w1": 6}})
    assert scene.series()[UNLISTED] == 9
    assert scene.series()["unassigned", "shop", "success"] == 2


def test_late_usage_of_a_pruned_asset_is_counted_once() -> None:
    """An audit finds it a stranger, and finds it again only in what it added itself."""
    scene = pruned()
    day = MONDAY + timedelta(days=LATER)
    usage = {"w1": 2, "w2": 1}
    assert scene.audit(on(LATER + 2, "03:00"), usage, day=day).late == {("w1", ("success",)): (2,)}
    assert scene.audit(on(LATER + 2, "03:10"), usage, day=day).late == {}
    scene.list(on(LATER + 2, "03:20"), API)
    for minute in ("03:20", "03:30"):
        scene.say_and_scrape(on(LATER + 2, minute), {})
    assert (scene.series()[UNLISTED], scene.totals()["w1", "success"]) == (7, 2)
    assert scene.daily()[day, "w1", "calls"] == 2


def test_a_fill_about_a_pruned_asset_only_sets_daily_sums() -> None:
    """Usage before counting began is no part of any total; the sum is there once, under no name."""
    scene = pruned()
    scene.ledger.reset_counters()
    day = MONDAY + timedelta(days=LATER - 1)
    for minute in ("14:20", "14:30"):
        scene.fill(on(LATER, minute), {"w1": 8}, day=day)
    assert scene.daily()[day, "w1", "calls"] == 8
    assert scene.series() == {}


def test_the_series_of_unlisted_assets_never_leaves() -> None:
    """Those that fed it may be pruned, so it stays when the last that is known gets a name."""
    scene = pruned()
    hour = str(24 * LATER + 14)
    scene.say(on(LATER, "14:20"), {hour: {"w3": 1}})
    scene.list(on(LATER, "14:21"), API)
    scene.list(on(LATER, "14:22"), API, worker("w3", "new"))
    assert scene.series()[UNLISTED] == 5


def test_pruning_is_done_in_batches_and_looked_for_once_an_hour() -> None:
    """A full batch is followed by another at the next discovery."""
    scene = Scene()
    many = [worker(f"m{number}", f"many-{number}") for number in range(2 * BATCH + 10)]
    scene.list("09:59", SHOP, API, *many)
    for minute in ("10:10", "10:20"):
        scene.list(minute, SHOP, API)
    for minute in ("10:40", "10:50"):
        scene.list(minute, API)
    left = []
    for minute in ("10:25", "10:35", "10:45", "10:55", "11:40", "11:50"):
        scene.list(on(35, minute), API)
        left.append(len(scene.ledger.roster(ACCOUNT.id)) - 1)
    assert left == [BATCH + 11, 11, 1, 1, 1, 0]


def test_series_that_left_go_in_batches_when_they_are_too_old(tmp_path: Path) -> None:
    """None that might still come back goes with them."""
    scene = departed(tmp_path)
    with other_program(tmp_path) as connection:
        connection.executemany(
            "INSERT INTO left_series VALUES ('Example', 'calls', 'unassigned', ?, 'm(status;)', '[\"a\"]', ?, '7', ?)",
            [(f"gone-{number}", ACCOUNT.id, 1_700_000_000) for number in range(BATCH + 10)],
        )

        def count() -> int:
            (number,) = connection.execute("SELECT count(*) FROM left_series").fetchone()
            return int(number)

        kept = []
        for minute in ("14:00", "14:10", "14:20"):
            scene.list(on(1, minute), API)
            kept.append(count())
        assert kept == [12, 2, 2]
    scene.ledger.close()


def test_a_failed_commit_prunes_nothing(tmp_path: Path) -> None:
    """All parts stay, in memory and in the file; the discovery itself is applied."""
    scene = departed(tmp_path)
    with other_program(tmp_path) as connection:
        connection.execute("CREATE TRIGGER full BEFORE DELETE ON used BEGIN SELECT RAISE(ABORT, 'no space left'); END")
    with pytest.raises(CommitError, match="no space left"):
        go_on(scene, LATER)
    assert is_known(scene)
    scene.reopen()
    assert is_known(scene)
    assert scene.ledger.roster(ACCOUNT.id)["worker", "w1"].standing is Standing.UNLISTED
    with other_program(tmp_path) as connection:
        connection.execute("DROP TRIGGER full")
    scene.list(on(LATER, "16:00"), API)
    assert not is_known(scene)
    scene.ledger.close()
