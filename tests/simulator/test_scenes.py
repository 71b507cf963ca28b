"""The scenes of the demo account: one of each name, and what goes wrong in it does from when it says."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from exporter.cli.scenes import DEFAULT_SCENE, SCENES
from exporter.simulator import DEMO_ACCOUNT_ID, ManualClock, Simulator, Traffic, scene_world
from exporter.simulator.scenes import CHANGES
from tests.documents import shared_documents

BEGINS = datetime(2026, 11, 24, 3, tzinfo=UTC)
"""At night, when there is least traffic."""

WELL = (BEGINS, BEGINS + timedelta(minutes=5))
WRONG = (BEGINS + timedelta(minutes=5), BEGINS + timedelta(minutes=20))
TRAFFIC = Traffic(1)

WORKERS = ("workersInvocationsAdaptive", "scriptTag")
QUERIES = ("d1AnalyticsAdaptiveGroups", "databaseId")
OBJECTS = ("durableObjectsPeriodicGroups", "namespaceId")
STORED = ("r2StorageAdaptiveGroups", "bucketName")


def used(
    scene: str, of: tuple[str, str], span: tuple[datetime, datetime]
) -> Mapping[tuple[str, ...], Mapping[str, int]]:
    """Return what is used in a scene, by asset."""
    simulator = Simulator(
        scene_world(scene, BEGINS), ManualClock(BEGINS), traffic=TRAFFIC, documents=shared_documents()
    )
    return simulator.used(DEMO_ACCOUNT_ID, of[0], *span, by=of[1:])


def test_what_is_told_of_a_scene_is_there() -> None:
    """The command knows the scenes that the simulator has, the default first."""
    assert {scene.name for scene in SCENES} == set(CHANGES)
    assert SCENES[0].name == DEFAULT_SCENE
    with pytest.raises(KeyError):
        scene_world("peace", BEGINS)


@pytest.mark.parametrize(
    ("scene", "of", "measure", "least"),
    [
        ("errors", WORKERS, "errors", 500),
        ("runaway-query", QUERIES, "rowsRead", 15 * 1_000 * 200_000 * 9 // 10),
        ("rows-written", QUERIES, "rowsWritten", 15 * 150_000 * 9 // 10),
        ("alarm-loop", OBJECTS, "rowsWritten", 15 * 120_000 * 9 // 10),
    ],
)
def test_an_incident_is_of_one_asset(scene: str, of: tuple[str, str], measure: str, least: int) -> None:
    """Five minutes after the start one asset uses much more than when all is well, the others what they always use."""
    assert used(scene, of, WELL) == used("healthy", of, WELL)
    healthy, wrong = used("healthy", of, WRONG), used(scene, of, WRONG)
    changed = [key for key in wrong if wrong[key] != healthy[key]]
    assert len(changed) == 1
    assert wrong[changed[0]][measure] - healthy[changed[0]][measure] >= least


def test_a_release_is_rolled_back() -> None:
    """Half an hour after the start the Worker is well again."""
    after = (BEGINS + timedelta(minutes=30), BEGINS + timedelta(hours=1))
    assert used("errors", WORKERS, after) == used("healthy", WORKERS, after)


@pytest.mark.parametrize(("scene", "of"), [("full-scans", QUERIES), ("storage", STORED)])
def test_what_is_always_wrong(scene: str, of: tuple[str, str]) -> None:
    """A database or a bucket is not as when all is well, from the start on."""
    healthy, wrong = used("healthy", of, WELL), used(scene, of, WELL)
    assert len([key for key in wrong if wrong[key] != healthy.get(key)]) == 1
