"""Documents about zones: their text, which pieces share one, and how a refused one is divided."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.cloudflare import MOST_ALIASES, MOST_ZONES, USUAL_LIMITS, DatasetLimits, count_zone_documents
from exporter.cloudflare.documents import Piece, count_aliases, whole_piece
from exporter.cloudflare.limits import build_zone_settings_document
from exporter.cloudflare.zone_documents import build_zone_document, divide, take_zone_batch
from exporter.model import Question, Scope, format_time
from tests.schema import load_cloudflare_schema
from tests.zones import OPERATIONS

ACCOUNT = "a" * 32
NINE = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
UNTIL = datetime(2025, 10, 20, 10, 17, tzinfo=UTC)


def zone(number: int) -> str:
    """The id of a zone."""
    return f"{number:032x}"


def piece(number: int, since: datetime = NINE, *, by_day: bool = False, limits: DatasetLimits = USUAL_LIMITS) -> Piece:
    """The piece that asks for a zone's operations."""
    question = Question(Scope(ACCOUNT, zone(number)), OPERATIONS.key, since, UNTIL, by_day, asks_newest=not by_day)
    return whole_piece(OPERATIONS, question, limits)


def pieces(*numbers: int, by_day: bool = False) -> list[Piece]:
    """The pieces of some zones."""
    return [piece(number, by_day=by_day) for number in numbers]


def zones_of(batch: list[Piece]) -> list[str]:
    """The zones of a batch, each once."""
    return list(dict.fromkeys(one.zone_id for one in batch))


def test_a_documents_text() -> None:
    """Two zones of an account, asked alike, make exactly this text and these variables."""
    document = build_zone_document(ACCOUNT, pieces(1, 2))
    assert document.variables == {
        "account": ACCOUNT,
        "zones": [zone(1), zone(2)],
        "since_0": "2025-10-20T09:00:00Z",
        "until_0": "2025-10-20T10:17:00Z",
        "newest_since_0": "2025-10-20T09:00:00Z",
    }
    assert document.text == (
        "query Usage($account: string!, $zones: [string!]!, $since_0: Time!, $until_0: Time!, "
        "$newest_since_0: Time!) {\n"
        "  cost\n"
        "  viewer {\n"
        "    budget\n"
        "    accounts(filter: {accountTag: $account}) {\n"
        "      zones(filter: {zoneTag_in: $zones}) {\n"
        "        zoneTag\n"
        "        usage_0: cacheReserveOperationsAdaptiveGroups(limit: 10000, filter: "
        "{datetimeMinute_geq: $since_0, datetimeMinute_lt: $until_0}) {\n"
        "          dimensions { datetimeHour operationClass actionStatus } sum { requests } avg { sampleInterval }\n"
        "        }\n"
        "        newest_0: cacheReserveOperationsAdaptiveGroups(limit: 1, filter: "
        "{datetimeMinute_geq: $newest_since_0, datetimeMinute_lt: $until_0}, orderBy: [datetimeMinute_DESC]) {\n"
        "          dimensions { datetimeMinute }\n"
        "        }\n"
        "      }\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_documents_are_valid() -> None:
    """What is asked of zones, and of their plans, is valid for the simulator and for Cloudflare."""
    sdl = files("exporter.simulator").joinpath("schema.graphql").read_text(encoding="utf-8")
    texts = [build_zone_document(ACCOUNT, pieces(1, 2, by_day=by_day)).text for by_day in (False, True)]
    texts.append(build_zone_document(ACCOUNT, [*pieces(1, 2), piece(3, NINE - timedelta(hours=3))]).text)
    texts.append(build_zone_settings_document([OPERATIONS]))
    for schema in (build_schema(sdl), load_cloudflare_schema()):
        assert [validate(schema, parse(text)) for text in texts] == [[]] * len(texts)


def test_zones_are_asked_together_as_far_as_cloudflare_allows() -> None:
    """Zones times aliases are ten at most: a day takes one alias a zone, usage of now two."""
    batch, rest = take_zone_batch(pieces(*range(12), by_day=True))
    assert (len(zones_of(batch)), len(zones_of(rest))) == (10, 2)
    batch, rest = take_zone_batch(pieces(*range(12)))
    assert (len(zones_of(batch)), len(zones_of(rest))) == (5, 7)
    assert take_zone_batch(pieces(1, 2), most=1) == (pieces(1), pieces(2))


def test_a_document_takes_as_many_pieces_of_its_zones_as_fit() -> None:
    """Three zones with four pieces each: three of each fit, then the fourth of all."""
    hours = [NINE - timedelta(hours=back) for back in range(4)]
    asked = [piece(number, hour, by_day=True) for hour in hours for number in (1, 2, 3)]
    batch, rest = take_zone_batch(asked)
    assert [[one.since for one in batch if one.zone_id == zone(number)] for number in (1, 2, 3)] == [hours[:3]] * 3
    assert take_zone_batch(rest) == (rest, [])
    assert [one.since for one in rest] == [hours[3]] * 3


def test_zones_that_are_asked_otherwise_have_lists_of_their_own() -> None:
    """Another range, or a plan with other limits, cannot share a node, but a document."""
    later, smaller = piece(2, NINE + timedelta(hours=1)), piece(3, limits=DatasetLimits(page_size=500))
    asked = [*pieces(1), later, smaller, *pieces(4)]
    batch, rest = take_zone_batch(asked)
    assert (batch, rest) == ([*pieces(1, 4), later, smaller], [])
    document = build_zone_document(ACCOUNT, batch)
    assert document.zones == {"zones": (zone(1), zone(4)), "zones_1": (zone(2),), "zones_2": (zone(3),)}
    assert document.places == (("zones", 0, 0), ("zones", 0, 0), ("zones_1", 1, 1), ("zones_2", 2, 2))
    assert document.variables["since_1"] == "2025-10-20T10:00:00Z"
    assert "usage_2: cacheReserveOperationsAdaptiveGroups(limit: 500" in document.text
    assert take_zone_batch(asked, 4) == (pieces(1, 4), [later, smaller])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=30, unique=True), min_size=1, max_size=25),
    st.integers(1, 250),
    st.booleans(),
)
def test_every_piece_is_asked_once_within_the_limits(shapes: list[list[int]], most: int, by_day: bool) -> None:
    """Whatever zones are asked: no document has too many zones, aliases or nodes, and each answer has its place."""
    asked = [
        piece(number, NINE - timedelta(hours=back), by_day=by_day)
        for number, there in enumerate(shapes)
        for back in there
    ]
    waiting, seen = asked, []
    while waiting:
        batch, waiting = take_zone_batch(waiting, most)
        document = build_zone_document(ACCOUNT, batch)
        is_single = len(batch) == 1
        assert batch and len(zones_of(batch)) <= MOST_ZONES
        assert count_aliases(batch) <= most or is_single
        assert len(re.findall(r"(?:usage|newest)_\d+:", document.text)) <= MOST_ALIASES
        assert sorted(one for zones in document.zones.values() for one in zones) == sorted(zones_of(batch))
        for one, place in zip(batch, document.places, strict=True):
            assert one.zone_id in document.zones[place.zones]
            assert document.variables[f"since_{place.number}"] == format_time(one.since)
        seen += batch
    assert sorted(map(repr, seen)) == sorted(map(repr, asked))


@pytest.mark.parametrize("zones", [10, 100, 1_000])
@pytest.mark.parametrize("aliases", [1, 2, 25, 26, 60])
def test_the_number_of_documents(zones: int, aliases: int) -> None:
    """Once Cloudflare has shown how much it takes: one for each 25 aliases of ten zones, whatever the zones' ranges."""
    days = [piece(0, NINE - timedelta(days=back), by_day=True) for back in range(aliases)]
    waiting = [replace(one, zone_id=zone(number)) for number in range(zones) for one in days]
    documents = 0
    while waiting:
        documents += 1
        waiting = take_zone_batch(waiting, MOST_ZONES * MOST_ALIASES)[1]
    assert documents == -(-aliases // MOST_ALIASES) * zones // MOST_ZONES


@pytest.mark.parametrize("zones", [10, 100, 1_000])
def test_zones_of_several_ranges_share_documents(zones: int) -> None:
    """Three ranges take three aliases, or six, and no document more."""
    waiting = [piece(number, NINE - timedelta(hours=3 * (number % 3))) for number in range(zones)]
    documents = 0
    while waiting:
        documents += 1
        waiting = take_zone_batch(waiting, MOST_ZONES * MOST_ALIASES)[1]
    assert documents == zones // MOST_ZONES
    assert count_zone_documents([OPERATIONS], zones, MOST_ZONES * MOST_ALIASES) == documents
    assert count_zone_documents([OPERATIONS], zones) == 2 * documents


def test_a_refused_document_is_divided() -> None:
    """By the zones that Cloudflare names, else into halves; one zone's pieces last, and a single one not at all."""
    four = pieces(1, 2, 3, 4)
    assert divide(four, f"zones [{zone(3)}] are not authorized") == (pieces(3), pieces(1, 2, 4))
    assert divide(four, "internal") == (pieces(1, 2), pieces(3, 4))
    assert divide(four, " ".join(map(zone, range(1, 5)))) == ()
    day = [*pieces(1), *pieces(1, by_day=True)]
    assert divide(day, zone(1)) == (day[:1], day[1:])
    assert divide(pieces(1), "internal") == ()


def test_aliases_are_numbered_within_a_zone() -> None:
    """The pieces of the second zone have the aliases of the first's."""
    of_both = [replace(one, number=number) for number, one in enumerate([*pieces(1), *pieces(1, by_day=True)])]
    both = [*of_both, *(replace(one, zone_id=zone(2)) for one in of_both)]
    document = build_zone_document(ACCOUNT, both)
    assert (document.zones, document.pieces) == ({"zones": (zone(1), zone(2))}, tuple(both))
    assert [place.number for place in document.places] == [0, 1, 0, 1]
    assert document.text.count("usage_") == 2
