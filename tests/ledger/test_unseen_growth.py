"""An asset that is gone keeps its series until what they grew by has been published and scraped."""

from pathlib import Path

import pytest

from tests.ledger.factories import Scene, worker

GONE, STAYS = worker("w1", "gone"), worker("w2", "stays")


def scene(folder: Path) -> Scene:
    """Return a ledger with two Workers, one of which a list lacks, and whose last hour has settled with late usage."""
    scene = Scene(folder)
    scene.list("09:59", GONE, STAYS)
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("10:01", {"10": {"w1": 1}})
    scene.list("10:50", STAYS)
    scene.say_and_scrape("11:31", {"10": {"w1": 5}, "11": {"w2": 1}})
    scene.say("11:37", {"10": {"w1": 7}, "11": {"w2": 1}})
    return scene


def shown(scene: Scene) -> dict[str, int]:
    """Return what is published, by asset."""
    return {asset: amount for (_, asset, _), amount in scene.series().items()}


def test_a_series_stays_until_its_last_growth_is_scraped(tmp_path: Path) -> None:
    """The list that ends it may come before any scrape."""
    ledger = scene(tmp_path)
    ledger.list("11:38", STAYS)
    assert shown(ledger)["gone"] == 7
    ledger.scrape()
    ledger.list("11:39", STAYS)
    assert "gone" not in shown(ledger)


def test_what_nobody_scrapes_leaves_after_five_minutes(tmp_path: Path) -> None:
    """Nothing is held for a Prometheus that is not there."""
    ledger = scene(tmp_path)
    ledger.list("11:42", STAYS)
    assert "gone" in shown(ledger)
    ledger.list("11:43", STAYS)
    assert "gone" not in shown(ledger)


@pytest.mark.parametrize("is_scraped", [True, False])
def test_a_process_that_was_killed_may_not_have_published_it(tmp_path: Path, is_scraped: bool) -> None:
    """What it committed is published by the next one, and stays until a scrape, or five minutes from its first list."""
    ledger = scene(tmp_path)
    ledger.reopen()
    ledger.list("12:38", STAYS)
    assert shown(ledger)["gone"] == 7
    if is_scraped:
        ledger.scrape()
    ledger.list("12:39", STAYS)
    assert ("gone" in shown(ledger)) is not is_scraped
    ledger.list("12:44", STAYS)
    assert "gone" not in shown(ledger)
