"""How a label that keeps only some words is asked about: the kept ones, the rest, and once a day which there are."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, parse, validate

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Tallied, Tally
from exporter.catalog.readable import AccountNodeByZone, ZoneNode
from exporter.catalog.timing import Window
from exporter.cloudflare import USUAL_LIMITS, Analytics, DatasetLimits
from exporter.cloudflare.choosing import share_words
from exporter.cloudflare.decode import Fold, decode_rows
from exporter.cloudflare.documents import RANKED, Piece, build_document
from exporter.cloudflare.splits import Splits, split_piece
from exporter.cloudflare.zone_documents import build_zone_document, take_zone_batch
from exporter.model import DAY, HOUR, MINUTE, OTHER, ZONE, Account, Answer, Choice, Question, Scope
from tests.cloudflare.conftest import API_URL, Scene, answer
from tests.documents import shared_documents
from tests.schema import load_cloudflare_schema
from tests.servers import MOST, SERVED

EXAMPLE = Account("a" * 32, "Example")
SCOPE = Scope(EXAMPLE.id)
MIDNIGHT = datetime(2025, 10, 21, tzinfo=UTC)
CHOICES = (Choice(MIDNIGHT - 3 * DAY, ("x", "y")), Choice(MIDNIGHT, ("x", "z")))

PATHS = Dataset(
    name="httpRequestsAdaptiveGroups",
    version=1,
    kind=ZONE,
    id_dimension="",
    reads=ZoneNode(),
    labels=(Label("status_code", "edgeResponseStatus", top=2, scalar="uint16"),),
    fields=(Field("count", ""),),
)


@pytest.fixture
def simulated_schema() -> GraphQLSchema:
    """The schema of the simulated Cloudflare."""
    return shared_documents().schema


def question(since: datetime, until: datetime, choices: tuple[Choice, ...] = CHOICES) -> Question:
    """A question about the servers of D1."""
    return Question(SCOPE, SERVED.key, since, until, asks_newest=True, choices=choices)


def ranking() -> Question:
    """A question about the servers that had most to do on a day."""
    return Question(SCOPE, SERVED.key, MIDNIGHT - DAY, MIDNIGHT, is_ranking=True)


def pieces(
    asked: Question, dataset: Dataset = SERVED, limits: DatasetLimits = USUAL_LIMITS, splits: Splits | None = None
) -> tuple[Piece, ...]:
    """The pieces of a question."""
    return (splits or Splits()).pieces(EXAMPLE.id, dataset, asked, limits)


def about(asked: tuple[Piece, ...]) -> list[tuple[datetime, datetime, str]]:
    """The time of each piece, and the words that it is about."""
    return [(one.since, one.until, f"{'not ' * one.is_rest}{' '.join(one.words)}") for one in asked]


def test_each_day_is_asked_by_its_own_choice() -> None:
    """The kept words and the rest of a time stand side by side; the newest minute is asked once."""
    since, until = MIDNIGHT - 2 * HOUR, MIDNIGHT + HOUR + MINUTE
    asked = pieces(question(since, until))
    assert about(asked) == [
        (since, MIDNIGHT, "x y"),
        (since, MIDNIGHT, "not x y"),
        (MIDNIGHT, until, "x z"),
        (MIDNIGHT, until, "not x z"),
    ]
    assert [one.newest_since for one in asked] == [None, None, None, since]


def test_without_a_choice_all_are_one() -> None:
    """The label's dimension is not asked about."""
    (whole,) = pieces(question(MIDNIGHT - HOUR, MIDNIGHT, ()))
    assert (whole.is_rest, whole.words) == (True, ())
    text = build_document(EXAMPLE.id, [whole]).text
    assert "servedByInstance" not in text and "databaseId databaseRole }" in text
    before, kept, rest = pieces(question(MIDNIGHT - HOUR, MIDNIGHT + HOUR, CHOICES[1:]))
    assert about((before, kept, rest)) == [
        (MIDNIGHT - HOUR, MIDNIGHT, "not "),
        (MIDNIGHT, MIDNIGHT + HOUR, "x z"),
        (MIDNIGHT, MIDNIGHT + HOUR, "not x z"),
    ]


def test_what_is_cut_is_cut_for_both(simulated_schema: GraphQLSchema) -> None:
    """Cuts by time, by id and by fields leave the kept words of a piece next to its rest."""
    splits = Splits()
    (kept, _) = pieces(question(MIDNIGHT, MIDNIGHT + HOUR), splits=splits)
    halves = split_piece(kept, ["a", "b"])
    assert [(half.words, half.is_rest, half.kept) for half in halves] == [(("x", "z"), False, {"x", "z"})] * 2
    splits.remember(EXAMPLE.id, kept, halves)
    limits = replace(USUAL_LIMITS, longest=HOUR, most_fields=6)
    asked = pieces(question(MIDNIGHT, MIDNIGHT + 2 * HOUR), limits=limits, splits=splits)
    shapes = [(one.since, one.id_from, len(one.elsewhere), one.is_rest) for one in asked]
    assert shapes == [
        shape
        for since in (MIDNIGHT, MIDNIGHT + HOUR)
        for id_from in (None, "b")
        for shape in ((since, id_from, 1, False), (since, id_from, 1, False), (since, id_from, 0, True))
    ]
    assert validate(simulated_schema, parse(build_document(EXAMPLE.id, asked).text)) == []


def test_a_closed_day_is_asked_by_its_choice() -> None:
    """The words of a day fold by what held then."""
    asked = replace(question(MIDNIGHT - DAY, MIDNIGHT), by_day=True, asks_newest=False)
    assert [text for _, _, text in about(pieces(asked))] == ["x y", "not x y"]
    assert [text for _, _, text in about(pieces(replace(asked, is_overview=True)))] == [""]


def test_the_document(simulated_schema: GraphQLSchema) -> None:
    """The words are a variable; the rest is asked by the opposite filter and without the dimension."""
    document = build_document(EXAMPLE.id, pieces(question(MIDNIGHT, MIDNIGHT + HOUR)))
    assert document.variables["words_0"] == document.variables["words_1"] == ("x", "z")
    assert "$words_0: [string!]!" in document.text
    kept, rest = document.text.split("usage_1:")
    assert "servedByInstance_in: $words_0" in kept and "databaseId databaseRole servedByInstance }" in kept
    assert "servedByInstance_notin: $words_1" in rest and "databaseId databaseRole }" in rest
    for schema in (simulated_schema, load_cloudflare_schema()):
        assert validate(schema, parse(document.text)) == []


def test_a_ranking_is_one_row_a_word(simulated_schema: GraphQLSchema) -> None:
    """It is ordered by the first field, of the words that are many times as many as are kept, and never cut."""
    (asked,) = pieces(ranking(), limits=replace(USUAL_LIMITS, most_fields=4))
    document = build_document(EXAMPLE.id, [asked])
    assert f"(limit: {RANKED * MOST}, filter:" in document.text
    assert "orderBy: [sum_rowsRead_DESC]) {" in document.text
    assert "dimensions { servedByInstance } sum { rowsRead } avg { sampleInterval }" in document.text
    for schema in (simulated_schema, load_cloudflare_schema()):
        assert validate(schema, parse(document.text)) == []


def test_numbers_are_asked_as_numbers() -> None:
    """A status is no text; zones are asked likewise, and their rows are ranked by their number."""
    scope = Scope(EXAMPLE.id, "c" * 32)
    counted = Question(scope, PATHS.key, MIDNIGHT, MIDNIGHT + HOUR, choices=(Choice(MIDNIGHT, ("200", "404")),))
    ranked = Question(scope, PATHS.key, MIDNIGHT - DAY, MIDNIGHT, is_ranking=True)
    asked = [*pieces(counted, PATHS), *pieces(ranked, PATHS)]
    document = build_zone_document(EXAMPLE.id, asked)
    assert document.variables["words_0"] == (200, 404)
    assert "orderBy: [count_DESC]" in document.text
    assert validate(load_cloudflare_schema(), parse(document.text)) == []


def dimensions(server: str | None) -> dict[str, str]:
    """The dimensions of a row; those of the rest have no server."""
    named = {"datetimeHour": "2025-10-21T00:00:00Z", "databaseId": "d", "databaseRole": "primary"}
    return named if server is None else named | {"servedByInstance": server}


def row(amount: int, server: str | None) -> dict[str, Any]:
    """A row about a server."""
    return {"dimensions": dimensions(server), "sum": {"rowsRead": amount, "readQueries": 1}}


def test_words_that_are_not_kept_are_one() -> None:
    """Those of another zone in the same document, and all of the rest."""
    kept, both = frozenset({"x"}), [row(1, "x"), row(2, "y"), row(4, "z")]
    (rows,) = decode_rows(SERVED, both, MIDNIGHT, fold=Fold("servedByInstance", kept, is_rest=False)).values()
    assert rows == {("d", ("primary", "x")): (1, 1), ("d", ("primary", OTHER)): (6, 2)}
    (rows,) = decode_rows(SERVED, [row(8, None)], MIDNIGHT, fold=Fold("servedByInstance", kept, is_rest=True)).values()
    assert rows == {("d", ("primary", OTHER)): (8, 1)}


def zone_question(zone: str, *words: str) -> Question:
    """A question about a zone that keeps some words."""
    choices = (Choice(MIDNIGHT, words),) if words else ()
    return Question(Scope(EXAMPLE.id, zone), PATHS.key, MIDNIGHT, MIDNIGHT + HOUR, choices=choices)


def test_zones_that_keep_other_words_share_documents() -> None:
    """All are asked about the words of all, and keep their own; a zone that keeps none is asked apart."""
    zones = {f"{number:032x}": (str(number), "200") for number in range(10)}
    asked = [pieces(zone_question(zone, *words), PATHS) for zone, words in zones.items()]
    shared = share_words([*asked, pieces(zone_question("f" * 32), PATHS)])
    together = tuple(sorted({"200", *map(str, range(10))}))
    assert {one.words for some in shared[:10] for one in some} == {together}
    assert [some[0].kept for some in shared[:10]] == [frozenset(words) for words in zones.values()]
    assert [(one.words, one.is_rest) for one in shared[10]] == [((), True)]
    batch, rest = take_zone_batch([one for some in shared for one in some])
    assert [one.is_rest for one in batch] == [False] * 10
    batch, rest = take_zone_batch(rest)
    assert [one.is_rest for one in batch] == [True] * 10
    assert [one.zone_id for one in rest] == ["f" * 32]
    assert share_words([pieces(question(MIDNIGHT, MIDNIGHT + HOUR))]) == [pieces(question(MIDNIGHT, MIDNIGHT + HOUR))]


def test_both_parts_are_one_answer(scene: Scene) -> None:
    """A full page of kept words halves them and not the rest; a ranking's page may be full, and sampled."""
    asked: list[dict[str, Any]] = []

    def say(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        asked.append(body["variables"])
        text, usage = body["query"], {}
        for index in range(text.count("usage_")):
            node = text.split(f"usage_{index}:")[1].split("usage_")[0]
            if "orderBy" in node:
                ranked = [{"dimensions": {"servedByInstance": f"s{number}"}} for number in range(RANKED * MOST)]
                rows = [{**each, "sum": {"rowsRead": 7}, "avg": {"sampleInterval": 10}} for each in ranked]
            elif "_notin" in node:
                rows = [row(5, None)]
            else:
                is_wide = "_lt: $below" not in node and "_geq: $from" not in node
                rows = [row(1, "x"), row(2, "z")] if is_wide else [row(3, "x")]
                rows[-1]["dimensions"]["databaseId"] = "e"
            usage[f"usage_{index}"] = rows
        return answer({"data": {"viewer": {"accounts": [usage]}}, "errors": None})

    scene.router.post(f"{API_URL}/graphql").mock(side_effect=say)
    counted = replace(question(MIDNIGHT, MIDNIGHT + HOUR), asks_newest=False)
    analytics = Analytics(scene.client, page_limit=2)
    said = asyncio.run(analytics.ask(EXAMPLE, [(SERVED, counted)]))[counted]
    assert isinstance(said, Answer), said
    (rows,) = said.hours.values()
    assert rows == {("e", ("primary", "x")): (6, 2), ("d", ("primary", OTHER)): (5, 1)}
    assert len(asked) == 2 and not any("words_2" in variables for variables in asked)
    ranked = asyncio.run(Analytics(scene.client).ask(EXAMPLE, [(SERVED, ranking())]))[ranking()]
    assert isinstance(ranked, Answer), ranked
    assert ranked.sample_interval == Decimal(10)
    assert ranked.hours == {MIDNIGHT - DAY: {("", (f"s{number}",)): (7,) for number in range(RANKED * MOST)}}
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": (*SERVED.labels, Label("region", "servedByRegion", top=2))}, "only one label of a counter"),
        ({"timing": Window()}, "only one label of a counter"),
        ({"reads": AccountNodeByZone(), "id_dimension": ""}, "ranks the words of all zones"),
        ({"id_dimension": "servedByInstance"}, "servedByInstance tells more"),
        ({"labels": (*SERVED.labels, Label("copy", "servedByInstance"))}, "servedByInstance tells more"),
        ({"meters": (Meter("m", "rowsRead", where={"server": frozenset({"x"})}),)}, "neither meter nor tally"),
        ({"tallies": (Tally(Tallied.REQUESTS, "m", "server", "x"),)}, "neither meter nor tally"),
    ],
)
def test_what_cannot_be_folded_is_refused(changes: dict[str, Any], message: str) -> None:
    """When the catalog is built, not in the night."""
    with pytest.raises(ValueError, match=message):
        replace(SERVED, **changes)


def test_the_rest_has_no_class() -> None:
    """Words are classified, but not what stands for those that are not kept."""
    label = Label("server", "servedByInstance", classify=str.upper, top=2)
    assert [label.value(word) for word in ("x", OTHER)] == ["X", OTHER]
    assert Label("server", "servedByInstance", classify=str.upper).value(OTHER) == OTHER.upper()
