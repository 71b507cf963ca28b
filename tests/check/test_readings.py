"""Datasets that take a request for each asset, each tried on one of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.check import Level, Topic
from exporter.check.document import as_json
from exporter.check.links import needed_permissions
from exporter.simulator import Fault, Kind, Queue, World
from tests.check.scene import Scene, account, the, troubles, world
from tests.readings import BACKLOG, PRODUCTS_BY_REST, QUEUES, SIZE, STREAM


def with_queues(number: int = 3) -> World:
    """An account with some queues."""
    example = account()
    queues = tuple(Queue(id=f"q{index}", name=f"jobs-{index}") for index in range(number))
    return world(replace(example, assets=(*example.assets, *queues)))


def reading_scene(folder: Path, simulated: World | None = None) -> Scene:
    """A check of an exporter that reads queues and databases by REST."""
    return Scene(folder, simulated or with_queues(), PRODUCTS_BY_REST)


def test_one_asset_is_tried(tmp_path: Path) -> None:
    """The finding says what reading all of them takes, and so does the need."""
    scene = reading_scene(tmp_path)
    report = scene.check()
    assert troubles(report) == []
    assert the(report, Topic.DATASETS, BACKLOG.name).message == "answers. It takes 3 requests every 5m."
    assert the(report, Topic.DATASETS, SIZE.name).message == "answers. It takes 2 requests every 30m."
    assert the(report, Topic.REQUESTS, "readings").message == (
        "4 REST requests per five minutes for what takes one for each asset, of 600 that lists come first in. "
        "Each asset: as often as it should be."
    )
    (group,) = json.loads(as_json(report))["budget"]["groups"]
    assert group["readings"] == {"requests_per_period": 4, "stretch": 1.0}
    assert {trial.state for trial in report.datasets if trial.dataset in {BACKLOG.name, SIZE.name}} == {"ok"}


def test_a_missing_permission_is_reported(tmp_path: Path) -> None:
    """It is named with what is not published, and nothing else is in trouble."""
    scene = reading_scene(tmp_path)
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=403, path="*/metrics"))
    report = scene.check()
    assert troubles(report) == [("error", "datasets", BACKLOG.name)]
    finding = the(report, Topic.DATASETS, BACKLOG.name)
    assert finding.message == (
        "refused: the token lacks the permission 'Queues Read'. Not published: cloudflare_queue_backlog_messages, "
        "cloudflare_queue_backlog_bytes."
    )
    assert finding.remedy == (
        "Add 'Queues Read' to the token, or create a new one with the token link, or leave the product out with "
        "filters.products."
    )
    assert report.wants_link and "%22queues%22" in report.link
    (state,) = [trial.state for trial in report.datasets if trial.dataset == BACKLOG.name]
    assert state == "unavailable"


@pytest.mark.parametrize(
    ("fault", "level", "message"),
    [
        (
            Fault(kind=Kind.HTTP_STATUS, status=500, path="*/metrics"),
            Level.ERROR,
            "could not be tried. queueMetrics of",
        ),
        (Fault(kind=Kind.ODD_RESULT, path="*/metrics"), Level.ERROR, "no object at result"),
        (Fault(kind=Kind.HTTP_STATUS, status=404, path="*/metrics"), Level.OK, "the account does not use it."),
        (Fault(kind=Kind.THROTTLE, seconds=300, path="*/metrics"), Level.ERROR, "not tried: Cloudflare is throttling"),
    ],
)
def test_a_reading_that_fails_is_reported(tmp_path: Path, fault: Fault, level: Level, message: str) -> None:
    """With the words for any other failure."""
    scene = reading_scene(tmp_path)
    scene.spoil(fault)
    finding = the(scene.check(), Topic.DATASETS, BACKLOG.name)
    assert finding.level is level and message in finding.message


def test_nothing_to_read_is_no_trouble(tmp_path: Path) -> None:
    """An account without queues has nothing to try, and needs no requests for them."""
    report = reading_scene(tmp_path, with_queues(0)).check()
    assert the(report, Topic.DATASETS, BACKLOG.name).message == "not tried: the account has nothing to read it of."
    (state,) = [trial.state for trial in report.datasets if trial.dataset == BACKLOG.name]
    assert state == "untried"


def test_many_assets_stretch_the_interval(tmp_path: Path) -> None:
    """More queues than the budget suffices for are a warning."""
    report = reading_scene(tmp_path, with_queues(1_200)).check()
    assert troubles(report) == [("warning", "requests", "readings")]
    finding = the(report, Topic.REQUESTS, "readings")
    assert "So the time between two readings is 2.5 times what it should be." in finding.message
    assert "cloudflare.budget_share.rest" in finding.remedy


def test_the_token_link_has_the_permissions_of_readings() -> None:
    """Also of a product whose list needs another one; a list's own key stays."""
    both = replace(QUEUES, datasets=(BACKLOG, STREAM, replace(BACKLOG, name="other")))
    permissions = needed_permissions((*PRODUCTS_BY_REST, both))
    assert (permissions["Queues Read"], permissions["Stream Read"], permissions["D1 Read"]) == (
        "queues",
        "stream",
        "d1",
    )
