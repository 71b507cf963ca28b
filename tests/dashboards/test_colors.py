"""Colours that stand side by side look different, to colour-blind people too, on dark and on light pages."""

from itertools import combinations, pairwise

import pytest

from dashboards.colors import BAD, BY_POSITION, CAREFUL, DISTINCT, FAINT, GOOD, MEANINGS
from tests.dashboards.reading import DASHBOARDS, Json, panels
from tests.dashboards.vision import SIGHTS, contrast, difference, distance

LEAST = 10.0
"""The least CIEDE2000 distance: lines and areas of these colours are not taken for each other."""

PAGES = {"dark": "#181b1f", "light": "#ffffff"}
LEAST_CONTRAST = 1.15
"""A fill that lies on the page is seen from this contrast on; what is thinner has a legend."""

CLASSIC = {
    "dark": "#73BF69 #F2CC0C #5794F2 #FF9830 #F2495C #B877D9 #37872D #E0B400 #1F60C4 #FA6400",
    "light": "#56A64B #E0B400 #3274D9 #FF780A #E02F44 #A352CC #19730E #CC9D00 #1250B0 #E55400",
}
"""Grafana's palette by position, in its themes, as far as the ten curves of a panel need it."""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_is_that_of_the_standard(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    """Some of the pairs that Sharma, Wu and Dalal published to check implementations by."""
    assert difference(one, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda named: next(iter(named)))
def test_names_of_one_kind_look_different(meaning: dict[str, str], sight: str) -> None:
    """Any two of them may be neighbours, as any of the others may be missing; the faint week before is among them."""
    for one, other in combinations({*meaning.values(), FAINT}, 2):
        assert distance(one, other, sight) >= LEAST, (one, other)


@pytest.mark.parametrize("sight", SIGHTS)
def test_good_and_bad_look_different(sight: str) -> None:
    """Red and green are those that colour-blind people can tell apart."""
    for one, other in combinations((GOOD, CAREFUL, BAD), 2):
        assert distance(one, other, sight) >= LEAST, (one, other)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_colour_is_seen_on_the_page(page: str) -> None:
    """Whether the page is dark or light."""
    for color in {FAINT, GOOD, CAREFUL, BAD} | {color for named in MEANINGS for color in named.values()}:
        assert contrast(color, page) >= LEAST_CONTRAST, color


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("palette", CLASSIC.values(), ids=CLASSIC)
def test_neighbours_by_position_differ(palette: str, sight: str) -> None:
    """Names that nobody knows get Grafana's colours in their order, in which no two neighbours are alike."""
    for one, other in pairwise(palette.split()):
        assert distance(one, other, sight) >= LEAST, (one, other)


@pytest.mark.parametrize("palette", CLASSIC.values(), ids=CLASSIC)
def test_the_first_by_position_differ_from_each_other(palette: str) -> None:
    """So many projects keep their colours on a page, whichever of them a panel shows side by side."""
    for one, other in combinations(palette.split()[:DISTINCT], 2):
        assert distance(one, other, "usual") >= LEAST, (one, other)


def curves() -> list[Json]:
    return [panel for page in DASHBOARDS.values() for panel in panels(page) if panel["type"] == "timeseries"]


@pytest.mark.parametrize("panel", curves(), ids=lambda panel: panel["title"])
def test_curves_are_coloured_by_position_or_by_name(panel: Json) -> None:
    """None by a hash of its name, which gives different names one colour."""
    assert panel["fieldConfig"]["defaults"]["color"] == {"mode": BY_POSITION}
