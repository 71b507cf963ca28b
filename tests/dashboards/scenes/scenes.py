"""The scenes, and the pages in them: each with all chosen, and where all is well also with one project or asset."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.dashboards.reading import DASHBOARDS, Json, variables
from tests.dashboards.scenes.grafana import View
from tests.dashboards.scenes.moments import (
    AFTER_DEATH,
    AFTER_SILENCE,
    DAY,
    FIRST,
    HEALTHY,
    HOUR,
    NOBODY_THERE,
    SOON_AFTER_DEATH,
    SOON_AFTER_SILENCE,
    WITHOUT_CLOUDFLARE,
    WITHOUT_RULES,
)
from tests.dashboards.scenes.prometheus import Labels, Prometheus
from tests.dashboards.scenes.timeline import JOB, YOUNG_JOB
from tests.dashboards.scenes.truth import Truth


@dataclass(frozen=True, slots=True)
class Scene:
    """A moment, and the job that is chosen at it."""

    at: datetime
    job: str = JOB


NOTHING = "nobody was ever there"
START = "the first twenty minutes"
UNRULED = "rules are not evaluated"
WELL = "all is well"
CUT_OFF = "Cloudflare is away"
DYING = "the exporter has just died"
KILLED = "the exporter is dead"

SCENES = {
    NOTHING: Scene(NOBODY_THERE),
    START: Scene(FIRST, YOUNG_JOB),
    UNRULED: Scene(WITHOUT_RULES),
    WELL: Scene(HEALTHY),
    "soon after a gap": Scene(SOON_AFTER_SILENCE),
    "after a gap": Scene(AFTER_SILENCE),
    CUT_OFF: Scene(WITHOUT_CLOUDFLARE),
    DYING: Scene(SOON_AFTER_DEATH),
    KILLED: Scene(AFTER_DEATH),
}

ALIVE = [name for name in SCENES if name not in {NOTHING, DYING, KILLED}]
LIVING = [SCENES[name] for name in ALIVE]
"""Scenes in which the exporter is scraped."""

USUAL = 6 * HOUR
LONG = {"7 days": 7 * DAY, "30 days": 30 * DAY, "90 days": 90 * DAY}

each_scene = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
each_living = pytest.mark.parametrize("scene", LIVING, ids=ALIVE)


def each_range(names: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test in scenes at the usual range, and in those where it matters at long ones too."""
    long = {f"{name}, {word}": (SCENES[name], length) for name in (WELL, KILLED) for word, length in LONG.items()}
    played = {name: (SCENES[name], USUAL) for name in names}
    played |= {text: pair for text, pair in long.items() if pair[0] in {scene for scene, _ in played.values()}}
    return pytest.mark.parametrize(("scene", "length"), played.values(), ids=played)


# A project that has assets of each product, one without some, and what is no project's; then one asset.
CHOSEN: tuple[Mapping[str, str], ...] = (
    {"project": "shop"},
    {"project": "data"},
    {"project": "unassigned"},
    {"script_name": "shop-checkout"},
    {"database": "data-warehouse"},
)


@dataclass(frozen=True)
class History:
    """The Prometheus that holds all that was played, and what is true of it."""

    prometheus: Prometheus
    truth: Truth
    answers: dict[tuple[str, datetime], list[tuple[Labels, float]]]

    def view(self, page: Json, scene: Scene, length: timedelta = USUAL, **chosen: str) -> View:
        """Return a page in a scene."""
        return View(page, self.prometheus, scene.at, length, {"job": scene.job, **chosen}, self.answers)

    def views(self, scene: Scene, length: timedelta = USUAL) -> Iterator[View]:
        """Yield all pages in a scene, with all chosen, and if all is well with one project or one asset."""
        for page in DASHBOARDS.values():
            yield self.view(page, scene, length)
            names = {variable["name"] for variable in variables(page, "query")}
            if scene == SCENES[WELL]:
                for chosen in CHOSEN:
                    if chosen.keys() <= names:
                        yield self.view(page, scene, length, **chosen)
