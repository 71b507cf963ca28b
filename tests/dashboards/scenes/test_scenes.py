"""Tiles and tables in scenes, asked as Grafana asks, of a real Prometheus: what people see is true.

The scenes are moments of one history: nobody was ever there; the first twenty minutes; rules that are not evaluated;
all is well; a gap in Prometheus around the full hour, soon and long after; Cloudflare away for half an hour; an
exporter that has been dead for eight minutes. What is true is said by others than the dashboards: about money the
exporter's own statement of the billing cycle, about usage the simulator (and where the time before the start is laid
out evenly, what was written down), about alerts the list of those that were made to fire.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboards.colors import BAD, CAREFUL, GOOD
from dashboards.grafana import ABOUT
from tests.dashboards.reading import DASHBOARDS, panels
from tests.dashboards.scenes.account import COUNTED
from tests.dashboards.scenes.grafana import TILES, Column, Tile, View
from tests.dashboards.scenes.moments import (
    AFTER_DEATH,
    AWAY,
    DAY,
    DEAD,
    HOUR,
    MINUTE,
    NOBODY_THERE,
    REFRESH,
    SOON_AFTER_DEATH,
    WITHOUT_CLOUDFLARE,
)
from tests.dashboards.scenes.scenes import (
    ALIVE,
    CUT_OFF,
    DYING,
    KILLED,
    LIVING,
    NOTHING,
    SCENES,
    WELL,
    History,
    Scene,
    each_living,
    each_range,
    each_scene,
)
from tests.dashboards.scenes.truth import Truth, counters, firing, live

pytestmark = pytest.mark.timeout(300)


WHOLE_ACCOUNT = ("cloudflare-overview", "cloudflare-cost", "cloudflare-project", "cloudflare-compare")
"""Pages whose figures are about all that is chosen, not about one product."""


def told(lies: list[str]) -> str:
    return "\n".join(["", *lies])


def test_tiles_and_tables_ask_for_what_is() -> None:
    """Each query is instant: a range query shows a value of some time ago, or none where a step falls into a gap."""
    asked = [
        (page["title"], panel["title"])
        for page in DASHBOARDS.values()
        for panel in panels(page)
        for target in panel["targets"]
        if panel["type"] in TILES | {"table"} and (target["range"] or not target["instant"])
    ]
    assert not asked


@each_range(SCENES)
def test_what_is_missing_is_said(history: History, scene: Scene, length: timedelta) -> None:
    """A tile without a value says so in words, in the colour of a warning; with one, what it asks for has data."""
    lies = []
    for view in history.views(scene, length):
        for tile in view.tiles:
            if tile.is_missing:
                said = {tile.shown(value) for value in tile.values}
                if not said or any(color not in {CAREFUL, BAD} or any(map(str.isdigit, text)) for text, color in said):
                    lies.append(f"{tile}: nothing is known, and it shows {said or 'nothing'}")
            elif not any(view.ask(question) for text in tile.expressions for question in live(text)):
                lies.append(f"{tile}: nothing is known, and it shows {[tile.shown(value) for value in tile.values]}")
    assert not lies, told(lies)


@pytest.mark.parametrize("name", [NOTHING, KILLED])
def test_nothing_is_good_without_an_exporter(history: History, name: str) -> None:
    """No tile has the colour of what is well; but no alert may fire, if rules are evaluated, and data may be young."""
    lies = [
        f"{tile}: {tile.shown(value)}"
        for view in history.views(SCENES[name])
        for tile in view.tiles
        for value in tile.values
        if tile.shown(value)[1] == GOOD and (name == NOTHING or not ("ALERTS{" in tile.asks or is_age(tile)))
    ]
    assert not lies, told(lies)


@each_scene
def test_the_exporter_is_up_if_it_is_scraped(history: History, scene: Scene) -> None:
    """Up and good where the last scrape succeeded, down and bad where it failed."""
    tiles = [tile for view in history.views(scene) for tile in view.tiles if is_health(tile)]
    expected = None if scene.at == NOBODY_THERE else float(scene.at < DEAD)
    assert {tuple(tile.values) for tile in tiles} == {(expected,)}
    assert all((tile.shown(expected)[1] == GOOD) == bool(expected) for tile in tiles)


@each_range(SCENES)
def test_a_table_with_rows_has_its_figures(history: History, scene: Scene, length: timedelta) -> None:
    """Whichever of its queries have no answer."""
    lies = [
        f"{table}: {len(table.rows)} rows, and no figure"
        for view in history.views(scene, length)
        for table in view.tables
        if table.rows and table.has_figures and not table.columns
    ]
    assert not lies, told(lies)


def is_health(tile: Tile) -> bool:
    return bool(re.search(r"\bup\{", tile.asks)) and "ALERTS{" not in tile.asks


@each_scene
def test_as_many_alerts_fire_as_are_listed(history: History, scene: Scene) -> None:
    """The number is that of the rows beside it; on the overview it is that of all; it is missing without rules."""
    known = firing(scene.at)
    lies = []
    for view in history.views(scene):
        listed = {len(table.rows) for table in view.tables if "ALERTS{" in table.asks}
        for tile in (tile for tile in view.tiles if "ALERTS{" in tile.asks):
            shown = None if tile.is_missing else tile.value
            if known is None and shown is None:
                continue
            if listed != {shown}:
                lies.append(f"{tile}: {shown}, and listed are {listed}")
            if view.page["uid"] == "cloudflare-overview" and not view.chosen.keys() - {"job"}:
                right = sum(labels["job"] == scene.job for labels in known or ())
                if known is None or shown != right:
                    lies.append(f"{tile}: {shown}, and {right} fire")
    assert not lies, told(lies)


def ages(history: History, name: str) -> dict[str, float | None]:
    """Return what tiles say of the age of data."""
    tiles = (tile for view in history.views(SCENES[name]) for tile in view.tiles if not view.chosen.keys() - {"job"})
    return {str(tile): None if tile.is_missing else tile.value for tile in tiles if is_age(tile)}


def is_age(tile: Tile) -> bool:
    return tile.unit in {"s", "dtdurations"} and "time() - " in tile.asks


def test_data_grow_old_while_nobody_asks(history: History) -> None:
    """The age is small if all is well, long while Cloudflare is away, and grows with the time that nobody asks."""
    well, cut_off, just, later = (ages(history, name) for name in (WELL, CUT_OFF, DYING, KILLED))
    assert well
    lies = [f"{name}: {age} s, all is well" for name, age in well.items() if not 0 < (age or 0) <= 3 * REFRESH.seconds]
    for since, at, found in ((AWAY[0], WITHOUT_CLOUDFLARE, cut_off), (DEAD, AFTER_DEATH, later)):
        least = (at - since).total_seconds()
        lies += [f"{name}: {age} s, and not {least} s" for name, age in found.items() if (age or 0.0) < least]
    passed = (AFTER_DEATH - SOON_AFTER_DEATH).total_seconds()
    for name, age in later.items():
        if age != (just[name] or 0.0) + passed:
            lies.append(f"{name}: {just[name]} s, and after {passed} s {age} s")
    assert not lies, told(lies)


@each_living
def test_money_is_what_the_exporter_states(history: History, scene: Scene) -> None:
    """Cost to date and forecast are those of the statement of the cycle at the last scrape, to the cent."""
    look = history.truth.played.seen(scene.at - MINUTE)
    lies = []
    for view in history.views(scene):
        project = view.chosen.get("project")
        for tile in view.tiles:
            for word, stated in (("to date", look.to_date), ("forecast", look.forecast)):
                if tile.unit == "currencyUSD" and tile.title.lower().endswith(word) and is_of_account(view):
                    right = sum(usd for name, usd in stated.items() if project in {None, name})
                    if tile.is_missing or abs(tile.value - float(right)) >= 0.005:
                        lies.append(f"{tile} {view.chosen}: {tile.values}, and stated is {right}")
    assert not lies, told(lies)


def is_of_account(view: View) -> bool:
    return view.page["uid"] in WHOLE_ACCOUNT and view.chosen.keys() <= {"job", "project"}


@each_range(SCENES)
def test_a_tile_says_what_the_table_beside_it_says(history: History, scene: Scene, length: timedelta) -> None:
    """The sum of a column is the tile of the same name and unit; a share is that of the only row."""
    lies = []
    for view in history.views(scene, length):
        for tile in view.tiles:
            for column in beside(tile):
                listed = column.cells
                if tile.unit == "percentunit" and len(listed) != 1:
                    continue
                # While the exporter is there, what is not listed is known to be nothing; else nothing is known.
                may_miss, may_show = not listed, bool(listed) or scene in LIVING
                is_told = may_miss if tile.is_missing else may_show and is_close(tile.value, sum(listed))
                if not is_told:
                    said = f"{column.table.title} {column.title}: {sum(listed)} of {len(listed)} rows"
                    lies.append(f"{tile} {view.chosen}: {tile.values}, and {said}")
    assert not lies, told(lies)


def is_close(shown: float, right: float) -> bool:
    """Whether a number is right as far as floats add up."""
    return abs(shown - right) <= 1e-9 * abs(right)


def beside(tile: Tile) -> Iterator[Column]:
    """Yield the columns of the same name and unit; those of the largest rows only have another sum."""
    word = re.sub(r", .*\b(m|min|minutes?|h|hours?|d|days?)\b.*", "", tile.title).lower()
    for table in tile.view.tables:
        for title, column in table.columns.items():
            is_same = f" {word}".endswith(f" {title.lower()}") and column.unit == tile.unit
            if is_same and "topk" not in column.expression:
                yield column


@each_range(ALIVE)
def test_usage_in_a_range_is_exact(history: History, scene: Scene, length: timedelta) -> None:
    """What was used is what the counters grew by, first to last scrape, so counts are whole; a share is of those."""
    lies = []
    for view in history.views(scene, length):
        for tile in (tile for tile in view.tiles if "$__range" in tile.asks):
            right = true_usage(history.truth, view, tile.asks, tile.unit)
            shown = sum(value or 0.0 for value in tile.values)
            if right is not None and not is_exactly(shown, right):
                lies.append(f"{tile} {view.chosen}: {shown}, and true is {right}")
        for column in (column for table in view.tables for column in table.columns.values()):
            right = true_usage(history.truth, view, column.expression, column.unit)
            if column.title == ABOUT:
                lies += [f"{column.table}: marked as estimates, and no counter began anew"] * bool(column.cells)
            elif "$__range" in column.expression and column.unit != "percentunit" and right is not None:
                shown = sum(column.cells)
                if not is_exactly(shown, right):
                    lies.append(f"{column.table} {column.title} {view.chosen}: {shown}, and true is {right}")
    assert not lies, told(lies)


def true_usage(truth: Truth, view: View, expression: str, unit: str) -> float | None:
    """Return the growth of the counters of an expression, or its share if it is one; None if it is neither."""
    if unit == "currencyUSD":
        return None
    found = [truth.grown(each, view.at, view.range) for each in counters(view.expand(expression))]
    if unit == "percentunit":
        return found[0] / found[1] if len(found) == 2 and found[1] else None
    return sum(found) if found else None


def is_exactly(shown: float, right: float) -> bool:
    """Whether a number is right: to the last digit if it counts something, else as far as floats add up."""
    return shown == right if right.is_integer() else is_close(shown, right)


@each_living
@pytest.mark.parametrize("length", [6 * HOUR, 7 * DAY], ids=["6 hours", "7 days"])
def test_what_was_scraped_grew_by_what_was_used(history: History, scene: Scene, length: timedelta) -> None:
    """The simulator knows what its customers used between two scrapes; that is what the counters grew by."""
    truth = history.truth
    first, last = truth.looked(scene.job, scene.at, length)
    for name in COUNTED:
        grown = truth.grown(f'{name}{{job="{scene.job}"}}', scene.at, length)
        assert grown == pytest.approx(float(truth.played.used(name, first, last)), abs=1e-4), name


@each_range(ALIVE)
def test_the_same_word_is_the_same_figure(history: History, scene: Scene, length: timedelta) -> None:
    """Tiles of one name and unit that are about the same metrics agree, whatever page they are on."""
    found: defaultdict[tuple[str, ...], dict[str, list[float | None]]] = defaultdict(dict)
    for view in history.views(scene, length):
        for tile in (tile for tile in view.tiles if "ALERTS{" not in tile.asks):
            key = (tile.title.lower(), tile.unit, *tile.subject, *view.chosen.values())
            found[key][str(tile)] = tile.values
    lies = [f"{key[0]}: {said}" for key, said in found.items() if len(set(map(tuple, said.values()))) > 1]
    assert not lies, told(lies)
