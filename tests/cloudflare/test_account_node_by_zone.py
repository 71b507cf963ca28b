"""The account's node about zones: one alias for all, an answer for each, and a cut page is no empty zone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files

import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalog.dataset import Dataset
from exporter.catalog.readable import AccountNodeByZone
from exporter.cloudflare import DatasetLimits
from exporter.cloudflare.documents import build_document, whole_piece
from exporter.cloudflare.errors import CloudflareError, Unreachable
from exporter.cloudflare.limits import USUAL_LIMITS
from exporter.ledger.signature import signature_of
from exporter.model import DAY, Answer, BookKey, Question, Scope
from exporter.simulator import Fault, Kind, Sampling, Zone
from tests.cloudflare.zone_scene import EXAMPLE, HOUR, MINUTE, SIX, TEN, Outcomes, ZoneScene, ask
from tests.schema import load_cloudflare_schema
from tests.zones import QUERIES, QUERIES_BY_ACCOUNT

QUIET = "e" * 32
ALL = (*SIX, QUIET)
SINCE = TEN - 3 * HOUR


def page_of(size: int) -> dict[BookKey, DatasetLimits]:
    """Limits of the account that allow so many rows."""
    return {BookKey(Scope(EXAMPLE.id), QUERIES.key): DatasetLimits(page_size=size)}


def ask_node(scene: ZoneScene, dataset: Dataset = QUERIES_BY_ACCOUNT, page_size: int = 10_000) -> Outcomes:
    """The outcome of asking all zones, by zone."""
    return ask(scene.analytics, *ALL, since=SINCE, dataset=dataset, limits=page_of(page_size))


@pytest.fixture
def zones() -> ZoneScene:
    """Six zones with traffic and one without."""
    scene = ZoneScene()
    scene.simulator.add(EXAMPLE.id, Zone(id=QUIET, name="quiet.example", weight=0))
    return scene


def test_all_zones_take_one_alias(zones: ZoneScene) -> None:
    """Each is answered its own rows and its newest hour, and one without rows is answered that it has none."""
    outcomes = ask_node(zones)
    zones.check(outcomes, *SIX, since=SINCE, dataset=QUERIES)
    quiet = outcomes[QUIET]
    assert isinstance(quiet, Answer)
    assert (quiet.hours, quiet.newest, quiet.question.scope) == ({}, None, Scope(EXAMPLE.id, QUIET))
    assert {said.newest for zone, said in outcomes.items() if zone != QUIET and isinstance(said, Answer)} == {
        TEN - HOUR
    }
    (asked,) = zones.asked.variables
    assert asked["among_0"] == list(ALL)
    assert "usage_1" not in zones.asked.texts[0]
    assert "newest_0" not in zones.asked.texts[0]


def test_either_node_answers_the_same(zones: ZoneScene) -> None:
    """What a zone's own node says is what the account's says of it, and the book is the same."""
    own, whole = (ask(zones.analytics, *SIX, since=SINCE, dataset=each) for each in (QUERIES, QUERIES_BY_ACCOUNT))
    for zone in SIX:
        first, second = own[zone], whole[zone]
        assert isinstance(first, Answer) and isinstance(second, Answer)
        assert first.hours == second.hours == zones.truth(zone, SINCE, QUERIES)
        assert first.question.book == second.question.book
    assert signature_of(QUERIES) == signature_of(QUERIES_BY_ACCOUNT)
    assert QUERIES.key == QUERIES_BY_ACCOUNT.key


def test_zones_that_began_at_other_times_are_asked_from_their_own_hours_on(zones: ZoneScene) -> None:
    """Close ones share an alias and get their own hours; one that began within an hour has an alias of its own."""
    backs = dict(zip(SIX, [3 * HOUR, 2 * HOUR, HOUR, 6 * HOUR, 75 * MINUTE, 2 * HOUR], strict=True))
    questions = [
        (QUERIES_BY_ACCOUNT, Question(Scope(EXAMPLE.id, zone), QUERIES.key, TEN - back, TEN))
        for zone, back in backs.items()
    ]
    outcomes = asyncio.run(zones.analytics.ask(EXAMPLE, questions))
    (asked,) = zones.asked.variables
    spans = {asked[f"since_{number}"][11:16]: asked[f"among_{number}"] for number in range(3)}
    assert spans == {"04:00": [SIX[3]], "07:00": [*SIX[:3], SIX[5]], "08:45": [SIX[4]]}
    for _, question in questions:
        said = outcomes[question]
        assert isinstance(said, Answer)
        zone = question.scope.zone_id
        assert said.hours == zones.truth(zone, TEN - backs[zone], QUERIES)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 90))
def test_a_cut_page_is_never_an_empty_zone(page_size: int) -> None:
    """However few rows a page has: each zone is answered all of its rows, or nobody is."""
    scene = ZoneScene()
    outcomes = ask(scene.analytics, *SIX, since=SINCE, dataset=QUERIES_BY_ACCOUNT, limits=page_of(page_size))
    if any(isinstance(outcome, CloudflareError) for outcome in outcomes.values()):
        # Three kinds of queries in a single minute do not fit.
        assert page_size <= 3
        assert all(isinstance(outcome, CloudflareError) for outcome in outcomes.values())
        return
    scene.check(outcomes, *SIX, since=SINCE, dataset=QUERIES)


def test_a_full_page_is_met_once(zones: ZoneScene) -> None:
    """It is cut by the hour, then by zones, and asked so from then on."""
    zones.check(ask_node(zones, page_size=12), *SIX, since=SINCE, dataset=QUERIES)
    assert zones.analytics.splits.count > 1
    zones.asked.variables.clear()
    zones.check(ask_node(zones, page_size=12), *SIX, since=SINCE, dataset=QUERIES)
    assert len(zones.asked.variables) == 1
    assert any(name.startswith("below_") for name in zones.asked.variables[0])


def test_an_error_is_that_of_all_its_zones(zones: ZoneScene) -> None:
    """What was not answered is not empty."""
    zones.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=QUERIES.name))
    assert {type(outcome) for outcome in ask_node(zones).values()} == {Unreachable}


def test_a_node_without_a_filter_is_asked_about_all() -> None:
    """Rows of zones that nobody asked about are dropped."""
    scene = ZoneScene()
    dataset = replace(QUERIES, reads=AccountNodeByZone(has_filter=False))
    outcomes = ask(scene.analytics, *SIX[:2], since=SINCE, dataset=dataset)
    assert list(outcomes) == list(SIX[:2])
    scene.check(outcomes, *SIX[:2], since=SINCE, dataset=QUERIES)
    assert "among_0" not in scene.asked.variables[0]


def test_a_sampled_answer_is_asked_finer() -> None:
    """As that about an account is, until it is exact."""
    scene = ZoneScene(sampling={QUERIES.name: Sampling(interval=10, wider_than=HOUR)})
    outcomes = ask(scene.analytics, *SIX, since=SINCE, dataset=QUERIES_BY_ACCOUNT)
    scene.check(outcomes, *SIX, since=SINCE, dataset=QUERIES)
    assert {said.sample_interval for said in outcomes.values() if isinstance(said, Answer)} == {Decimal(1)}


@pytest.mark.parametrize("is_overview", [False, True])
def test_days_are_told_apart_too(zones: ZoneScene, is_overview: bool) -> None:
    """A closed day of all zones takes one alias, and so does the question whether there was anything."""
    midnight = TEN.replace(hour=0)
    questions = [
        (
            QUERIES_BY_ACCOUNT,
            Question(
                Scope(EXAMPLE.id, zone), QUERIES.key, midnight - DAY, midnight, by_day=True, is_overview=is_overview
            ),
        )
        for zone in ALL
    ]
    outcomes = asyncio.run(zones.analytics.ask(EXAMPLE, questions))
    assert len(zones.asked.variables) == 1
    by = ("zoneTag", *(() if is_overview else QUERIES.words))
    used = zones.simulator.used(EXAMPLE.id, QUERIES.name, midnight - DAY, midnight, by=by)
    for question, said in outcomes.items():
        assert isinstance(said, Answer)
        zone = question.scope.zone_id
        rows = {(key[0], key[1:]): (row["count"],) for key, row in used.items() if key[0] == zone}
        assert said.hours == ({midnight - DAY: rows} if zone != QUIET else {})


def texts(datasets: Sequence[Dataset]) -> list[str]:
    """The documents that ask the account's nodes."""
    question = Question(Scope(EXAMPLE.id), QUERIES.key, SINCE, TEN)
    pieces = [
        replace(whole_piece(dataset.of_all_zones, each, USUAL_LIMITS), among=SIX, id_from=SIX[1], id_below=SIX[5])
        for dataset in datasets
        for each in (question, replace(question, by_day=True), replace(question, is_overview=True))
    ]
    return [build_document(EXAMPLE.id, [piece]).text for piece in pieces]


def test_documents_are_valid() -> None:
    """What is asked of the account's node is valid for the simulator and for Cloudflare."""
    sdl = files("exporter.simulator").joinpath("schema.graphql").read_text(encoding="utf-8")
    for schema in (build_schema(sdl), load_cloudflare_schema()):
        assert [validate(schema, parse(text)) for text in texts([QUERIES_BY_ACCOUNT])] == [[], [], []]


def test_what_tells_zones_apart_has_no_other_ids() -> None:
    """Rows of assets within a zone would have two ids."""
    with pytest.raises(ValueError, match="rows that are told apart by zone have no other ids"):
        replace(QUERIES_BY_ACCOUNT, id_dimension="queryName")
