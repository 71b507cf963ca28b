"""Windows beside usage: one dataset asked in several ways, and objects that are counted by their rows."""

from typing import Any

from exporter.catalog import DATASETS
from exporter.cloudflare.errors import Unreachable
from exporter.model import Answer, Question
from tests.cloudflare.conftest import Scene
from tests.cloudflare.table import Table, answered, fault_of, row
from tests.cloudflare.test_analytics import KV, NINE, SCOPE, TEN, ask, at, connect, kinds


def gauge_rows(dataset: str, *assets: str) -> list[dict[str, Any]]:
    """Rows of a window: no hour, every number the length of the asset's id."""
    entry = DATASETS[dataset]
    return [
        {
            "dimensions": dict.fromkeys(entry.dimensions, "x") | {entry.id_dimension: asset},
            **{
                group: {field.name: len(asset) for field in entry.fields if field.group == group}
                for group in {field.group for field in entry.fields}
            },
        }
        for asset in assets
    ]


def test_a_dataset_is_asked_in_several_ways_at_once(scene: Scene) -> None:
    """Usage and window of one dataset are answered apart, each under its key; a fault of one costs only that one."""
    window = f"{KV}/quantiles"
    table = Table()
    faults = [fault_of("usage_1", "Internal server error"), None]
    table.fail(
        lambda aliases: answered(
            {"usage_0": [row(KV, at(9), "k", 1)], "newest_0": [], "usage_1": gauge_rows(window, "k")},
            *filter(None, [faults[len(table.asked) - 1]]),
        )
    )
    analytics = connect(scene, table)
    assert kinds(ask(analytics, KV, window)) == {KV: Answer, window: Unreachable}
    outcome = ask(analytics, KV, window)[window]
    assert isinstance(outcome, Answer)
    assert (outcome.question, outcome.hours) == (
        Question(SCOPE, window, NINE, TEN),
        {NINE: {("k", ("x",)): (1_000_000,) * 5}},
    )
    assert table.asked[0] == {"usage_0": KV, "newest_0": KV, "usage_1": KV}


def test_distinct_objects_are_counted(scene: Scene) -> None:
    """Each row is one active object of its namespace."""
    objects = "durableObjectsPeriodicGroups/objects"
    table = Table()
    table.fail(lambda aliases: answered({"usage_0": gauge_rows(objects, "a", "a", "b")}))
    outcome = ask(connect(scene, table), objects)[objects]
    assert isinstance(outcome, Answer)
    assert outcome.hours == {NINE: {("a", ()): (2,), ("b", ()): (1,)}}


def test_a_full_page_of_objects_is_a_lower_bound(scene: Scene) -> None:
    """It is taken as it is, in one request, and never split."""
    objects = "durableObjectsPeriodicGroups/objects"
    table = Table()
    table.fail(lambda aliases: answered({"usage_0": gauge_rows(objects, *"aab")}))
    analytics = connect(scene, table, page_limit=3)
    outcome = ask(analytics, objects)[objects]
    assert isinstance(outcome, Answer)
    assert outcome.hours == {NINE: {("a", ()): (2,), ("b", ()): (1,)}}
    assert (len(table.asked), analytics.splits.count) == (1, 0)
