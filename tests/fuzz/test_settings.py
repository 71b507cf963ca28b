"""The ``settings`` of datasets, of an account and of zones, that differ from true ones anywhere."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from exporter.catalog import DATASETS
from exporter.cloudflare import Analytics, CloudflareError, DatasetLimits
from exporter.model import BookKey
from tests.catalog.test_lists import ACCOUNT
from tests.cloudflare.conftest import Scene
from tests.fuzz.budget import fuzzed
from tests.fuzz.form import check_form
from tests.fuzz.mutations import Json, answers
from tests.fuzz.scene import answered
from tests.zones import CACHE_RESERVE

ZONE = "c" * 32
OF_ACCOUNT = [dataset for dataset in DATASETS.values() if not dataset.is_of_zones][:4]
OF_ZONES = list(CACHE_RESERVE.datasets)


def settings_of(names: list[str]) -> Json:
    """The settings of some datasets."""
    return {
        name: {
            "enabled": True,
            "maxDuration": 2_764_800,
            "maxPageSize": 10_000,
            "notOlderThan": 7_948_800,
            "availableFields": ["sum_requests", "count", "dimensions_date"],
        }
        for name in names
    }


def answer(**account: Json) -> Json:
    """An answer about one account."""
    return {"data": {"viewer": {"accounts": [account], "budget": 6_000}, "cost": 1}, "errors": None}


LIMITS = answers(answer(settings=settings_of([dataset.name for dataset in OF_ACCOUNT])))
ZONE_LIMITS = answers(answer(zones=[{"zoneTag": ZONE, "settings": settings_of([one.name for one in OF_ZONES])}]))


def check_limits(found: dict[BookKey, DatasetLimits] | CloudflareError) -> None:
    """Fail unless limits are such that something can be asked within them."""
    check_form(found)
    for limits in () if isinstance(found, CloudflareError) else found.values():
        assert isinstance(limits.is_enabled, bool)
        assert limits.page_size > 0
        assert limits.retention > timedelta(0)
        assert limits.longest is None or limits.longest > timedelta(0)


@fuzzed(250)
@given(LIMITS)
def test_limits_of_an_account(document: Json) -> None:
    """What is read are limits, or an error that says what to do."""

    async def read(scene: Scene) -> dict[BookKey, DatasetLimits]:
        return await Analytics(scene.client).limits(ACCOUNT, OF_ACCOUNT)

    check_limits(answered([document], read))


@fuzzed(250)
@given(st.lists(ZONE_LIMITS, min_size=1, max_size=2))
def test_limits_of_zones(documents: list[Json]) -> None:
    """The same of zones."""

    async def read(scene: Scene) -> dict[BookKey, DatasetLimits]:
        return await Analytics(scene.client).zone_limits(ACCOUNT, OF_ZONES, [ZONE])

    check_limits(answered(documents, read))
