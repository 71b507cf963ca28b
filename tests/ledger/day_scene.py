"""A ledger on disk that has counted a day, and what is to be asked of its closed days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from exporter.ledger.audit_schedule import DayTask
from exporter.model import DailyKey, DayProgress
from tests.ledger.factories import CALLS, MONDAY, SCOPE, Scene, at, worker

SUNDAY = date(2025, 10, 19)
TUESDAY = date(2025, 10, 21)
WEDNESDAY = date(2025, 10, 22)

RETENTION = timedelta(days=5)

NEXT_VERSION = replace(CALLS, version=2)

USED = {"10": {"w1": 4}, "11": {"w1": 6}}


def counted(folder: Path) -> Scene:
    """Return a ledger that counts since 10:30 and has settled all of Monday: ten of the Worker ``shop``."""
    scene = Scene(folder)
    scene.list("10:29", worker("w1", "shop"))
    scene.say_and_scrape("10:30", {})
    scene.say_and_scrape("12:00", USED)
    for clock in ("24:35", "24:41"):
        scene.say_and_scrape(clock, USED)
    return scene


def calls(amount: int, day: date = MONDAY, asset: str = "w1") -> dict[DailyKey, int]:
    """Return the daily sum of one asset."""
    return {(day, asset, "calls"): amount}


def shop(scene: Scene) -> int:
    """Return what is published of successful calls to the Worker ``shop``."""
    return scene.series()["unassigned", "shop", "success"]


def tasks(scene: Scene, clock: str) -> list[DayTask]:
    """Return what is to be asked at a moment."""
    found, _ = scene.ledger.find_day_tasks(SCOPE, CALLS, at(clock), RETENTION)
    return [task for task in found if task.due <= at(clock)]


def due(scene: Scene, clock: str) -> list[str]:
    """Return what is to be asked at a moment: the day, its part and from when to when."""
    return [
        f"{task.part.day:%d} {task.part.part} {task.question.since:%H:%M}-{task.question.until:%H:%M}"
        for task in tasks(scene, clock)
    ]


def progress(scene: Scene, clock: str) -> DayProgress:
    """Return how far the closed days have come at a moment."""
    return scene.ledger.find_day_tasks(SCOPE, CALLS, at(clock), RETENTION)[1]


def everything(scene: Scene) -> tuple[object, ...]:
    """Return all that a ledger counts, publishes and wants to ask."""
    return scene.totals(), scene.series(), scene.daily(), scene.state(), tasks(scene, "80:00")


RESETS: dict[str, Callable[[Scene], None]] = {
    "a reset of the counters": lambda scene: scene.ledger.reset_counters(),
    "another version of the dataset": lambda scene: scene.reopen((NEXT_VERSION,)),
}
