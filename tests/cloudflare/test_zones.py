"""Zones asked together: each has its own answer, and the trouble of one costs the others nothing."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from exporter.cloudflare import Analytics, CloudflareError, DatasetLimits, Discovery, Forbidden, Throttled
from exporter.cloudflare.document_size import BELIEVED
from exporter.cloudflare.errors import Rejected, Unreachable
from exporter.model import Answer, Asset, BookKey, Listing, Question, Scope
from exporter.simulator import Fault, Kind, Limits, Sampling, Zone
from tests.cloudflare.conftest import API_URL, DATE, Scene, answer
from tests.cloudflare.zone_scene import EXAMPLE, FOREIGN, HOUR, MINUTE, SIX, TEN, Outcomes, ZoneScene, ask
from tests.zones import CACHE_RESERVE, OPERATIONS


def ask_all(scene: ZoneScene, zones: Sequence[str]) -> list[list[str]]:
    """Ask some zones, which all answer, and return those of each document that it took."""
    scene.asked.variables.clear()
    assert {type(outcome) for outcome in scene.ask(*zones).values()} == {Answer}
    return scene.asked.zones


@pytest.fixture
def zones() -> ZoneScene:
    """Zones without any trouble."""
    return ZoneScene()


def test_zones_are_asked_together_and_answered_apart(zones: ZoneScene) -> None:
    """Six zones take two documents, and each answer has its zone's rows under the zone's id, and its newest minute."""
    outcomes = zones.ask(*SIX)
    zones.check(outcomes, *SIX)
    assert zones.asked.zones == [list(SIX[:5]), [SIX[5]]]
    newest = [found.newest for found in outcomes.values() if isinstance(found, Answer)]
    assert newest == [TEN - MINUTE] * 6
    assert zones.analytics.cost(EXAMPLE.id) == 2


def test_a_zone_that_fails_costs_only_itself(zones: ZoneScene) -> None:
    """An error with the place of a zone in its path is that zone's."""
    zones.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, zone=SIX[1]))
    outcomes = zones.ask(*SIX[:3])
    zones.check(outcomes, SIX[0], SIX[2])
    assert isinstance(outcomes[SIX[1]], Unreachable)
    assert f"cacheReserveOperationsAdaptiveGroups of zone {SIX[1]} of account Example" in str(outcomes[SIX[1]])
    assert len(zones.asked.zones) == 1


def test_a_zone_that_is_missing_is_not_empty(zones: ZoneScene) -> None:
    """Without a node and without an error, a zone fails, and is not asked once more at once."""
    zones.simulator.faults.add(Fault(kind=Kind.ZONE_ABSENT, zone=SIX[0]))
    outcomes = zones.ask(*SIX[:3])
    zones.check(outcomes, *SIX[1:3])
    assert isinstance(outcomes[SIX[0]], Unreachable)
    assert "does not contain it" in str(outcomes[SIX[0]])
    assert len(zones.asked.zones) == 1


def test_a_zone_that_may_not_be_asked_costs_a_document(zones: ZoneScene) -> None:
    """One that is not the account's refuses the whole document; asked without it, the others answer."""
    outcomes = zones.ask(*SIX[:2], FOREIGN)
    zones.check(outcomes, *SIX[:2])
    assert isinstance(outcomes[FOREIGN], Forbidden)
    assert "'Analytics Read'" in outcomes[FOREIGN].remedy
    assert zones.asked.zones == [[*SIX[:2], FOREIGN], [FOREIGN], list(SIX[:2])]


def test_a_token_that_may_ask_no_zone_is_refused_at_once() -> None:
    """Where Cloudflare names all zones, none is asked apart."""
    zones = ZoneScene(permissions=frozenset({"analytics"}))
    outcomes = zones.ask(*SIX[:5])
    assert {type(outcome) for outcome in outcomes.values()} == {Forbidden}
    assert len(zones.asked.zones) == 1


def test_a_document_that_is_too_large_is_halved() -> None:
    """Cloudflare allows fewer zones and datasets together: the next documents are as large as one that was answered."""
    zones = ZoneScene(limits=Limits(max_zone_nodes=5))
    zones.check(zones.ask(*SIX), *SIX)
    assert [len(some) for some in zones.asked.zones] == [5, 2, 3, 1, 2, 1]
    zones.asked.variables.clear()
    zones.check(zones.ask(*SIX), *SIX)
    assert [len(some) for some in zones.asked.zones] == [2] * 3


def test_documents_grow_while_cloudflare_answers() -> None:
    """Fifty-nine zones take nine of them, then six; a size that was refused is tried again six hours later."""
    zones = ZoneScene(limits=Limits(max_zone_nodes=1_000))
    sixty = [f"{number:032x}" for number in range(60)]
    for zone in sixty[len(SIX) + 1 :]:
        zones.simulator.add(EXAMPLE.id, Zone(id=zone, name=f"{zone}.example", weight=1))
    took = [len(ask_all(zones, sixty[1:])) for _ in range(4)]
    assert (took[0], took[-1]) == (9, 6)
    zones.simulator.faults.add(Fault(kind=Kind.TOO_MANY_NODES, limit=12))
    took = [len(ask_all(zones, sixty[1:])) for _ in range(8)]
    assert took[0] > 12
    assert took[-1] == 10
    zones.simulator.faults.clear()
    assert len(ask_all(zones, sixty[1:])) == 10
    zones.exporter_clock.advance(BELIEVED)
    took = [len(ask_all(zones, sixty[1:])) for _ in range(3)]
    assert took[-1] == 6


def test_a_full_page_is_of_one_zone(zones: ZoneScene) -> None:
    """A zone whose rows do not fit is asked in halves, and then alone at once; the others stay together."""
    zones.simulator.faults.add(Fault(kind=Kind.SMALL_PAGES, zone=SIX[0], limit=7))
    limits = {BookKey(Scope(EXAMPLE.id, SIX[0]), OPERATIONS.key): DatasetLimits(page_size=7)}
    since = TEN - 4 * HOUR
    questions = [
        (OPERATIONS, Question(Scope(EXAMPLE.id, zone), OPERATIONS.key, since, TEN, asks_newest=True))
        for zone in SIX[:3]
    ]
    for documents in (2, 1):
        outcomes = asyncio.run(zones.analytics.ask(EXAMPLE, questions, limits))
        zones.check({question.scope.zone_id: said for question, said in outcomes.items()}, *SIX[:3], since=since)
        assert [values["zones"] for values in zones.asked.variables] == [[SIX[0]]] * documents
        assert zones.asked.variables[0]["zones_1"] == list(SIX[1:3])
        zones.asked.variables.clear()
    assert zones.analytics.splits.count == 1


def test_zones_share_an_alias_if_their_open_hours_are_close(zones: ZoneScene) -> None:
    """Up to two hours apart they are asked the same, and each gets its own hours; within an hour they are not."""
    sinces = dict(zip(SIX, [5 * HOUR, 3 * HOUR, 4 * HOUR, 2 * HOUR, HOUR, 90 * MINUTE], strict=True))
    questions = [
        (OPERATIONS, Question(Scope(EXAMPLE.id, zone), OPERATIONS.key, TEN - back, TEN))
        for zone, back in sinces.items()
    ]
    outcomes = asyncio.run(zones.analytics.ask(EXAMPLE, questions))
    assert list(outcomes) == [question for _, question in questions]
    (asked,) = zones.asked.variables
    assert [asked[key] for key in ("zones", "zones_1", "zones_2")] == [list(SIX[:3]), list(SIX[3:5]), [SIX[5]]]
    assert [asked[f"since_{number}"][11:16] for number in range(3)] == ["05:00", "08:00", "08:30"]
    for question, said in outcomes.items():
        assert isinstance(said, Answer)
        assert said.question == question
        assert said.newest == TEN - HOUR
        whole = zones.truth(question.scope.zone_id, TEN - 6 * HOUR)
        assert {hour: rows for hour, rows in said.hours.items() if hour >= question.since} == {
            hour: rows for hour, rows in whole.items() if hour >= question.since
        }
        first = question.since.replace(minute=0)
        assert min(said.hours) == first
        if question.since > first:
            assert said.hours[first] != whole[first]


def test_a_sampled_zone_is_cut_finer() -> None:
    """What is an estimate says so; a range that is sampled is asked again hour by hour, then by quarters."""
    zones = ZoneScene(sampling={OPERATIONS.name: Sampling(interval=10, wider_than=HOUR)})
    found = zones.ask(SIX[0], since=TEN - 2 * HOUR)[SIX[0]]
    assert isinstance(found, Answer)
    assert (found.sample_interval, found.hours) == (Decimal(1), zones.truth(SIX[0], TEN - 2 * HOUR))
    assert len(zones.asked.zones) == 2
    zones.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, zone=SIX[1]))
    zones.asked.variables.clear()
    zones.ask(*SIX[:3], since=TEN - 2 * HOUR)
    assert zones.asked.zones[0] == [SIX[0]]


def test_limits_are_a_zones(zones: ZoneScene) -> None:
    """Each zone's plan says what it allows; a zone that may not be asked costs no other its limits."""
    zones.simulator.faults.add(
        Fault(kind=Kind.SMALL_PAGES, zone=SIX[0], limit=50), Fault(kind=Kind.UNAVAILABLE, zone=SIX[1])
    )
    found = asyncio.run(zones.analytics.zone_limits(EXAMPLE, [OPERATIONS], [*SIX, FOREIGN]))
    sizes = {key.scope.zone_id: (limits.page_size, limits.is_enabled) for key, limits in found.items()}
    assert sizes == dict.fromkeys(SIX, (10_000, True)) | {SIX[0]: (50, True), SIX[1]: (10_000, False)}
    assert {key.dataset for key in found} == {OPERATIONS.key}
    assert len(zones.asked.zones) == 3


def test_zones_are_listed_by_their_account(zones: ZoneScene) -> None:
    """The list is asked for one account's active zones, at its largest page."""
    zones.simulator.add(EXAMPLE.id, Zone(id="e" * 32, name="new.example", status="pending"))
    inventory = asyncio.run(Discovery(zones.client, zones.time, [CACHE_RESERVE]).assets(EXAMPLE))
    listing = inventory.listings["zone"]
    assert isinstance(listing, Listing)
    created = datetime(2024, 1, 1, tzinfo=UTC)
    assert listing.assets[0] == Asset("zone", SIX[0], "1.example", created=created, modified=created)
    assert [asset.id for asset in listing.assets] == list(SIX)


Reply = Callable[[list[str]], dict[str, Any]]


def script(scene: Scene, reply: Reply) -> tuple[Analytics, list[list[str]]]:
    """Analytics whose documents are answered with an account and errors, as ``reply`` says of the zones asked."""
    asked: list[list[str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["variables"]["zones"])
        said = reply(asked[-1])
        data = {"viewer": {"accounts": [{"zones": said["zones"]}]}}
        return answer({"data": data, "errors": said.get("errors")})

    scene.router.post(f"{API_URL}/graphql").mock(side_effect=respond)
    return Analytics(scene.client), asked


def empty_node(zone: str) -> dict[str, Any]:
    """A zone without rows."""
    return {"zoneTag": zone, "usage_0": [], "newest_0": []}


def error(place: int | None, *alias: str, message: str = "Internal server error") -> dict[str, Any]:
    """An error at a place of the list of zones."""
    path = ["viewer", "accounts", 0, "zones", *([] if place is None else [place]), *alias]
    return {"message": message, "path": path}


def failing(outcomes: Outcomes) -> list[str]:
    """The zones that have no answer."""
    return [zone for zone, outcome in outcomes.items() if not isinstance(outcome, Answer)]


def refuse_with(culprit: str, zones: Sequence[str], *, empties_list: bool) -> dict[str, Any]:
    """An error of one zone that empties its node, or the list of all."""
    if culprit not in zones:
        return {"zones": [empty_node(zone) for zone in zones]}
    nodes = None if empties_list else [None if zone == culprit else empty_node(zone) for zone in zones]
    return {"zones": nodes, "errors": [error(list(zones).index(culprit), "usage_0")]}


@pytest.mark.parametrize("empties_list", [False, True])
def test_an_error_that_hides_its_zone_is_found(scene: Scene, empties_list: bool) -> None:
    """Where the answer does not show whose an error is, the zones are halved until the culprit stands alone."""
    analytics, asked = script(scene, lambda zones: refuse_with(SIX[2], zones, empties_list=empties_list))
    outcomes = ask(analytics, *SIX[:4])
    assert failing(outcomes) == [SIX[2]]
    assert isinstance(outcomes[SIX[2]], Unreachable)
    assert asked == [list(SIX[:4]), list(SIX[:2]), list(SIX[2:4]), [SIX[2]], [SIX[3]]]


def test_zones_that_another_ones_error_emptied_are_asked_again(scene: Scene) -> None:
    """A node that is lacking beside an error of another zone is asked once more, without that zone."""

    def reply(zones: list[str]) -> dict[str, Any]:
        if SIX[0] not in zones:
            return {"zones": [empty_node(zone) for zone in zones]}
        return {"zones": [{**empty_node(SIX[0]), "usage_0": None}], "errors": [error(0, "usage_0")]}

    analytics, asked = script(scene, reply)
    assert failing(ask(analytics, *SIX[:3])) == [SIX[0]]
    assert asked == [list(SIX[:3]), list(SIX[1:3])]


def test_an_unknown_newest_minute_costs_nothing(scene: Scene) -> None:
    """A zone's usage counts even when nobody can say how new it is."""

    def reply(zones: list[str]) -> dict[str, Any]:
        return {"zones": [{**empty_node(zones[0]), "newest_0": None}], "errors": [error(0, "newest_0")]}

    assert failing(ask(script(scene, reply)[0], SIX[0])) == []


def test_a_refusal_of_a_whole_zone_is_the_zones(scene: Scene) -> None:
    """An error with the place of a zone and nothing after it is about all that was asked of it."""

    def reply(zones: list[str]) -> dict[str, Any]:
        nodes = [{"zoneTag": SIX[0]}, *(empty_node(zone) for zone in zones[1:])]
        return {"zones": nodes, "errors": [error(0, message="does not have access to the path")]}

    outcomes = ask(script(scene, reply)[0], *SIX[:2])
    assert failing(outcomes) == [SIX[0]]
    assert isinstance(outcomes[SIX[0]], Forbidden)


@pytest.mark.parametrize(
    ("message", "kind", "documents"),
    [
        ("rate limiter budget depleted, try again after 5 minutes", Throttled, 1),
        ("unable to execute query", Unreachable, 1),
        ("not authorized for that account", Forbidden, 1),
        ("zone does not have access to the field", Forbidden, 7),
        ("number of fields can't be more than 30", Rejected, 7),
    ],
)
def test_an_error_of_the_document_is_everybodys(
    scene: Scene, message: str, kind: type[CloudflareError], documents: int
) -> None:
    """Only what the text may cause is looked for zone by zone."""
    analytics, asked = script(scene, lambda _: {"zones": None, "errors": [error(None, message=message)]})
    outcomes = ask(analytics, *SIX[:4])
    assert {type(outcome) for outcome in outcomes.values()} == {kind}
    assert len(asked) == documents


def test_an_answers_date_is_its_own(scene: Scene) -> None:
    """The answer of a zone has the date of the document that it came in."""
    analytics, _ = script(scene, lambda zones: {"zones": [empty_node(zone) for zone in zones]})
    found = ask(analytics, SIX[0])[SIX[0]]
    assert isinstance(found, Answer)
    assert found.date.strftime("%a, %d %b %Y %H:%M:%S GMT") == DATE
