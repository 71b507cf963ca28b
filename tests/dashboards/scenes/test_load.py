"""What pages cost the Prometheus that answers them, in samples that it reads whenever a page is refreshed.

Here a page shows an hour that was scraped each minute, of an account with six assets. What is counted over the selected
time grows with its length and with the frequency of scrapes: six hours at 15 seconds are 24 times as much.
"""

import pytest

from tests.dashboards.reading import DASHBOARDS, Json, opened
from tests.dashboards.scenes.moments import HOUR, MINUTE
from tests.dashboards.scenes.scenes import SCENES, WELL, History

pytestmark = pytest.mark.timeout(300)

MOST_AT_A_MOMENT = 22_000
"""What all tiles and tables of a page may read."""

MOST_ALONG = 60_000
"""What all its curves may read."""


@pytest.mark.parametrize("page", DASHBOARDS.values(), ids=DASHBOARDS)
def test_a_page_reads_few_samples(history: History, page: Json) -> None:
    """Tiles and tables read the selected time a few times at most, not once for each step of it."""
    view = history.view(page, SCENES[WELL], HOUR)
    at_a_moment, along = (
        sum(
            history.prometheus.samples_read(view.expand(target["expr"]), view.at - HOUR, view.at, step)
            for panel in opened(page)
            for target in panel["targets"]
            if target["instant"] == (step is None)
        )
        for step in (None, MINUTE)
    )
    assert at_a_moment <= MOST_AT_A_MOMENT
    assert along <= MOST_ALONG
