"""Documents about zones: their text, which pieces share one, and how a refused one is divided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

from graphql import build_schema, parse, validate

from exporter.cloudflare import USUAL_LIMITS, DatasetLimits
from exporter.cloudflare.documents import Piece, whole_piece
from exporter.cloudflare.limits import build_zone_settings_document
from exporter.cloudflare.zone_documents import build_zone_document, divide, take_zone_batch
from exporter.model import Question, Scope
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
    texts.append(build_zone_settings_document([OPERATIONS]))
    for schema in (build_schema(sdl), load_cloudflare_schema()):
        assert [validate(schema, parse(text)) for text in texts] == [[], [], []]


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


def test_zones_that_are_asked_otherwise_have_documents_of_their_own() -> None:
    """Another range, or a plan with other limits, cannot share a node."""
    later, smaller = piece(2, NINE + timedelta(hours=1)), piece(3, limits=DatasetLimits(page_size=500))
    batch, rest = take_zone_batch([*pieces(1), later, smaller, *pieces(4)])
    assert (batch, rest) == (pieces(1, 4), [later, smaller])
    assert take_zone_batch(rest) == ([later], [smaller])


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
    assert (document.aliases, document.zones, document.pieces) == (2, (zone(1), zone(2)), tuple(both))
    assert document.text.count("usage_") == 2
