"""``/api/health``: what the status page says, for programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter import __version__
from exporter.simulator import Fault, Kind
from exporter.status import find_problems
from tests.cli.commands.scene import priced_world
from tests.configured import Site
from tests.exposition.api.scene import Api, bare_api, running_api
from tests.exposition.test_server import Site as Web


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[Api, Site]]:
    """An exporter that runs."""
    with running_api() as found:
        yield found


def test_all_is_well(scene: tuple[Api, Site]) -> None:
    """Accounts, datasets and lists are told with how fresh they are."""
    api, site = scene
    found = api.answer("/api/health")
    assert (found["status"], found["ready"], found["polling"], found["problems"]) == ("ok", True, True, [])
    assert found["version"] == __version__
    assert [(each["account"], each["state"]) for each in found["accounts"]] == [("production", "up"), ("Other", "up")]
    # What is idle is asked every five minutes.
    assert all("2025-10-20T09:43" < each["data_until"] <= "2025-10-20T09:48:00Z" for each in found["accounts"])
    assert {each["state"] for each in (*found["datasets"], *found["lists"])} == {"ok"}
    assert found["series"] == sum(len(site.samples(name)) for name in site.families())
    workers = [each for each in found["datasets"] if each["dataset"] == "workersInvocationsAdaptive"]
    assert {each["data_until"] for each in workers} == {"2025-10-20T09:48:00Z"}
    assert [(each["account"], each["sample_interval"], each["days_to_fill_in"]) for each in workers] == [
        ("production", 1, 0),
        ("Other", 1, 0),
    ]


def test_problems_are_those_of_the_first_page(tmp_path: Path) -> None:
    """What is wrong is told with since when and what to do, and it is still answered with 200."""

    async def fail(site: Site) -> None:
        await site.refresh(2)
        site.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="graphql"))
        await site.refresh(2)

    site = Site(priced_world(), tmp_path)
    with bare_api(site.exporter.web) as api:
        api.run(fail(site))
        found = api.answer("/api/health")
        snapshot = site.exporter.published.snapshot
        assert snapshot is not None
        problems = find_problems(snapshot.status, snapshot.account_labels)
        assert found["status"] == "degraded"
        assert [(each["account"], each["part"], each["detail"]) for each in found["problems"]] == [
            (each.account, each.part, each.detail) for each in problems
        ]
        assert len(problems) > 0
        assert all(each["since"] and each["remedy"] for each in found["problems"])
        page = api.ask("/").text
        assert all(each["part"] in page for each in found["problems"])
        api.run(site.exporter.close())


def test_before_the_first_refresh() -> None:
    """It says so, and is answered all the same; everything else is not ready."""
    site = Web()
    with bare_api(site.app) as api:
        found = api.answer("/api/health")
        assert (found["status"], found["ready"], found["as_of"], found["accounts"]) == ("degraded", False, None, [])
        for path in ("assets", "projects", "project/shop", "usage", "costs"):
            assert api.refusal(f"/api/{path}", 503)[0] == "not_ready"
        assert api.refusal("/api/health?verbose=1") == (
            "bad_request",
            "Unknown parameter verbose. Supported: none.",
        )


def test_a_poller_that_stands_still_shows() -> None:
    """As on ``/-/healthy``."""
    site = Web()
    site.show()
    with bare_api(site.app) as api:
        assert api.answer("/api/health")["polling"] is True
        site.clock.advance(301)
        found = api.answer("/api/health")
        assert (found["status"], found["ready"], found["polling"]) == ("degraded", True, False)
        assert api.ask("/-/healthy").status_code == 503


def test_a_token_that_shows_no_account_has_its_name() -> None:
    """It is told among the accounts, without an id."""
    site = Web()
    site.show()
    with bare_api(site.app) as api:
        found = api.answer("/api/health")
        (token,) = [each for each in found["accounts"] if not each["account_id"]]
        assert (token["account"], token["state"], token["reason"]) == ("token 2", "down", "unauthorized")
        assert token["since"] == "2025-10-20T07:50:05Z"
        assert found["problems"][0]["part"] == "token"
