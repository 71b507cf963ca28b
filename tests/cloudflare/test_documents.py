"""GraphQL documents: their text, and whether both schemas accept them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    build_schema,
    get_named_type,
    parse,
    validate,
)

from exporter.catalog import DATASETS as CATALOG
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import ROWS
from exporter.cloudflare import USUAL_LIMITS, DatasetLimits
from exporter.cloudflare.documents import (
    MOST_ALIASES,
    Piece,
    build_document,
    count_aliases,
    fill_batch,
    take_batch,
    whole_piece,
    without_newest,
)
from exporter.cloudflare.splits import Splits
from exporter.model import Question, Scope
from tests.grains import BUILDS, DAILY, HOURLY, MOMENTARY, UNIQUES
from tests.schema import load_cloudflare_schema

ACCOUNT = "a" * 32
SCOPE = Scope(ACCOUNT)
NINE = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
TEN = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)
UNTIL = datetime(2025, 10, 20, 10, 17, tzinfo=UTC)
MIDNIGHT = datetime(2025, 10, 20, tzinfo=UTC)
NEXT_MIDNIGHT = datetime(2025, 10, 21, tzinfo=UTC)

DATASETS = {key: dataset for key, dataset in CATALOG.items() if not dataset.reads.is_spread}
"""The datasets that GraphQL is asked about."""


def piece(dataset: str, id_from: str | None = None, id_below: str | None = None, newest: bool = False) -> Piece:
    """A piece from nine o'clock on."""
    return Piece(DATASETS[dataset], NINE, UNTIL, id_from, id_below, NINE if newest else None)


def all_forms(dataset: str) -> list[Piece]:
    """Every form in which a dataset can be asked: only usage has a newest minute, only what has ids is cut by them."""
    if not DATASETS[dataset].id_dimension:
        return [piece(dataset)]
    if not DATASETS[dataset].is_counted:
        return [piece(dataset), piece(dataset, id_below="m"), piece(dataset, id_from="m")]
    return [
        piece(dataset, newest=True),
        piece(dataset),
        piece(dataset, id_below="m"),
        piece(dataset, id_from="m"),
        piece(dataset, id_from="m", id_below="t"),
        piece(dataset, id_from="t", newest=True),
    ]


def day_piece(dataset: str, since: datetime = MIDNIGHT, until: datetime = NEXT_MIDNIGHT) -> Piece:
    """The piece that asks for a closed day, or a part of it."""
    entry = DATASETS[dataset]
    return whole_piece(entry, Question(SCOPE, entry.key, since, until, by_day=True), USUAL_LIMITS)


EVERY_DOCUMENT = {
    **{name: all_forms(name) for name in DATASETS},
    "all datasets": [
        whole_piece(entry, Question(SCOPE, entry.key, NINE, UNTIL, asks_newest=entry.timing.asks_newest), USUAL_LIMITS)
        for entry in DATASETS.values()
    ],
    "as many pieces as fit": take_batch([form for name in DATASETS for form in all_forms(name)])[0],
    "a closed day of all datasets": [day_piece(name) for name in DATASETS if DATASETS[name].has_days],
    "an overview of all datasets": [
        whole_piece(entry, Question(SCOPE, entry.key, MIDNIGHT, UNTIL, by_day=True, is_overview=True), USUAL_LIMITS)
        for entry in DATASETS.values()
        if entry.has_days
    ],
    "without a field": [
        replace(piece(name), limits=DatasetLimits(missing=frozenset({entry.fields[0].name})))
        for name, entry in DATASETS.items()
        if len(entry.fields) > 1
    ],
}


@pytest.fixture(scope="module")
def simulated_schema() -> GraphQLSchema:
    """The simulator's schema."""
    return build_schema(files("exporter.simulator").joinpath("schema.graphql").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cloudflare_schema() -> GraphQLSchema:
    """Cloudflare's schema."""
    return load_cloudflare_schema()


def test_a_documents_text() -> None:
    """Two pieces, one of them part of a split question, make exactly this text and these variables."""
    pieces = [piece("kvOperationsAdaptiveGroups", newest=True), piece("r2OperationsAdaptiveGroups", "eu_a", "media")]
    document = build_document(ACCOUNT, pieces)
    assert document.pieces == tuple(pieces)
    assert document.variables == {
        "account": ACCOUNT,
        "since_0": "2025-10-20T09:00:00Z",
        "until_0": "2025-10-20T10:17:00Z",
        "newest_since_0": "2025-10-20T09:00:00Z",
        "since_1": "2025-10-20T09:00:00Z",
        "until_1": "2025-10-20T10:17:00Z",
        "from_1": "eu_a",
        "below_1": "media",
    }
    assert document.text == (
        "query Usage($account: string!, $since_0: Time!, $until_0: Time!, $newest_since_0: Time!, "
        "$since_1: Time!, $until_1: Time!, $from_1: string!, $below_1: string!) {\n"
        "  cost\n"
        "  viewer {\n"
        "    budget\n"
        "    accounts(filter: {accountTag: $account}) {\n"
        "      usage_0: kvOperationsAdaptiveGroups(limit: 10000, filter: "
        "{datetimeMinute_geq: $since_0, datetimeMinute_lt: $until_0}) {\n"
        "        dimensions { datetimeHour namespaceId actionType result } "
        "sum { requests objectBytes } avg { sampleInterval }\n"
        "      }\n"
        "      newest_0: kvOperationsAdaptiveGroups(limit: 1, filter: "
        "{datetimeMinute_geq: $newest_since_0, datetimeMinute_lt: $until_0}, orderBy: [datetimeMinute_DESC]) {\n"
        "        dimensions { datetimeMinute }\n"
        "      }\n"
        "      usage_1: r2OperationsAdaptiveGroups(limit: 10000, filter: {datetimeMinute_geq: $since_1, "
        "datetimeMinute_lt: $until_1, bucketName_geq: $from_1, bucketName_lt: $below_1}) {\n"
        "        dimensions { datetimeHour bucketName actionType responseStatusCode storageClass } "
        "sum { requests responseBytes responseObjectSize }\n"
        "      }\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_the_text_holds_no_values() -> None:
    """The same shape asked at another time, for another account and other ids is the same text."""
    first = build_document(ACCOUNT, [piece("kvOperationsAdaptiveGroups", "a", "b", newest=True)])
    later = replace(
        piece("kvOperationsAdaptiveGroups", "x", "y"), since=TEN, until=TEN + timedelta(minutes=1), newest_since=TEN
    )
    second = build_document("b" * 32, [later])
    assert first.text == second.text
    assert set(first.variables.values()).isdisjoint(set(second.variables.values()))


def test_a_dataset_is_grouped_by_each_dimension_once() -> None:
    """Two labels from one dimension, and the name and dispatch namespace beside the id, are asked for once each."""
    r2 = build_document(ACCOUNT, [piece("r2OperationsAdaptiveGroups")])
    workers = build_document(ACCOUNT, [piece("workersInvocationsAdaptive")])
    assert "dimensions { datetimeHour bucketName actionType responseStatusCode storageClass }" in r2.text
    assert "dimensions { datetimeHour scriptTag scriptName dispatchNamespaceName status }" in workers.text


def test_a_whole_question_may_ask_for_its_newest_minute_too() -> None:
    """The piece that stands for a question covers its range, and asks how new the data is if that is wanted."""
    dataset = DATASETS["d1AnalyticsAdaptiveGroups"]
    question = Question(SCOPE, dataset.key, NINE, UNTIL)
    assert whole_piece(dataset, question, USUAL_LIMITS) == Piece(dataset, NINE, UNTIL)
    newest = replace(question, asks_newest=True)
    assert whole_piece(dataset, newest, USUAL_LIMITS) == Piece(dataset, NINE, UNTIL, newest_since=NINE)


def test_spare_questions_fill_a_document() -> None:
    """In their order, each with all of its pieces or not at all."""
    two, one = [piece("d1AnalyticsAdaptiveGroups")] * 2, [piece("kvOperationsAdaptiveGroups")]
    batch = [piece("d1QueriesAdaptiveGroups", newest=True)]
    assert fill_batch(batch, [two, one, one], most=5) == ([*two, *one], [one])
    assert fill_batch(batch, [two, one, one], most=3) == (one, [two, one])
    assert fill_batch(batch, [two, one], most=2) == ([], [two, one])


def test_a_window_has_no_hours_and_a_state_no_minutes() -> None:
    """A window's rows are of the whole window; a state is asked by the hour, the only time that all storage has."""
    window, state, objects = (
        build_document(ACCOUNT, [whole_piece(DATASETS[key], Question(SCOPE, key, NINE, TEN), USUAL_LIMITS)]).text
        for key in (
            "kvOperationsAdaptiveGroups/quantiles",
            "durableObjectsStorageGroups",
            "durableObjectsPeriodicGroups/objects",
        )
    )
    assert (
        "      usage_0: kvOperationsAdaptiveGroups(limit: 10000, filter: "
        "{datetimeMinute_geq: $since_0, datetimeMinute_lt: $until_0}) {\n"
        "        dimensions { namespaceId actionType } "
        "quantiles { latencyMsP50 latencyMsP75 latencyMsP90 latencyMsP99 latencyMsP999 }\n"
    ) in window
    assert (
        "{datetimeHour_geq: $since_0, datetimeHour_lt: $until_0}) {\n"
        "        dimensions { datetimeHour } max { storedBytes }\n"
    ) in state
    assert ") {\n        dimensions { namespaceId objectId }\n      }\n" in objects
    assert all("newest" not in text for text in (window, state, objects))


def test_usage_of_a_closed_day_is_asked_by_date_and_storage_by_hour() -> None:
    """A part of a day is bounded by the minute; how new its data is nobody asks; peaks need the hours."""
    usage = build_document(ACCOUNT, [day_piece("kvOperationsAdaptiveGroups", until=UNTIL)])
    assert (
        "      usage_0: kvOperationsAdaptiveGroups(limit: 10000, filter: "
        "{datetimeMinute_geq: $since_0, datetimeMinute_lt: $until_0}) {\n"
        "        dimensions { date namespaceId actionType result } "
        "sum { requests objectBytes } avg { sampleInterval }\n"
    ) in usage.text
    assert "newest" not in usage.text
    assert usage.variables["since_0"] == "2025-10-20T00:00:00Z"
    assert usage.variables["until_0"] == "2025-10-20T10:17:00Z"
    stored = build_document(ACCOUNT, [day_piece("kvStorageAdaptiveGroups")]).text
    assert (
        "{datetimeHour_geq: $since_0, datetimeHour_lt: $until_0}) {\n"
        "        dimensions { datetimeHour namespaceId } max { byteCount keyCount }\n"
    ) in stored


def test_a_closed_day_of_all_datasets_fits_into_a_document() -> None:
    """Without their newest minutes, all datasets that are asked whole take one alias each."""
    pieces = [day_piece(name) for name in DATASETS if DATASETS[name].has_days]
    assert take_batch(pieces) == (pieces, [])


def test_a_document_holds_no_more_aliases_than_are_answered() -> None:
    """Pieces are taken in order as long as their aliases, two where the newest minute is asked for, fit."""
    with_newest = piece("kvOperationsAdaptiveGroups", newest=True)
    without = piece("kvOperationsAdaptiveGroups")
    assert take_batch([]) == ([], [])
    some = [replace(with_newest, zone_id=str(number)) for number in range(MOST_ALIASES)]
    assert take_batch(some) == (some[: MOST_ALIASES // 2], some[MOST_ALIASES // 2 :])
    # What shares its newest minute takes one more alias for all.
    assert take_batch([with_newest] * MOST_ALIASES) == ([with_newest] * (MOST_ALIASES - 1), [with_newest])
    assert take_batch([without] * MOST_ALIASES + [with_newest]) == ([without] * MOST_ALIASES, [with_newest])


def test_one_refresh_of_all_datasets_takes_few_documents() -> None:
    """Every dataset whole, states and windows included, fits into two documents."""
    pieces = [whole_piece(entry, Question(SCOPE, entry.key, NINE, UNTIL), USUAL_LIMITS) for entry in DATASETS.values()]
    batch, rest = take_batch(pieces)
    assert take_batch(rest)[1] == []
    assert {entry.dataset.key for entry in (*batch, *rest)} == set(DATASETS)


def test_a_piece_is_asked_within_its_limits() -> None:
    """The page is no larger than the plan allows, and a field that it lacks is not asked for."""
    limits = DatasetLimits(page_size=500, missing=frozenset({"objectBytes"}))
    text = build_document(ACCOUNT, [replace(piece("kvOperationsAdaptiveGroups"), limits=limits)]).text
    assert "(limit: 500, filter:" in text
    assert "sum { requests }" in text


def check(schema: GraphQLSchema, pieces: list[Piece]) -> None:
    """Validate a document and every smaller one that bisecting could make of it."""
    for part in (pieces, *([one] for one in pieces)):
        document = build_document(ACCOUNT, part)
        assert validate(schema, parse(document.text)) == []


@pytest.mark.parametrize("name", EVERY_DOCUMENT)
def test_documents_are_valid_for_the_simulator(name: str, simulated_schema: GraphQLSchema) -> None:
    """Every form of every dataset, alone and together, is valid against the simulator's schema."""
    check(simulated_schema, EVERY_DOCUMENT[name])


@pytest.mark.parametrize("name", EVERY_DOCUMENT)
def test_documents_are_valid_for_cloudflare(name: str, cloudflare_schema: GraphQLSchema) -> None:
    """Every form of every dataset, alone and together, is valid against Cloudflare's own schema."""
    check(cloudflare_schema, EVERY_DOCUMENT[name])


def coarse_forms(dataset: Dataset) -> list[Piece]:
    """Every form in which a dataset of another grain is asked: what runs, a closed day, and a range of ids."""
    running = Splits().pieces(ACCOUNT, dataset, Question(SCOPE, dataset.key, NINE, UNTIL), USUAL_LIMITS)
    closed = Splits().pieces(
        ACCOUNT, dataset, Question(SCOPE, dataset.key, MIDNIGHT, NEXT_MIDNIGHT, by_day=True), USUAL_LIMITS
    )
    by_id = [replace(running[0], id_from="m", id_below="t")] if dataset.id_dimension else []
    return [*running, *closed[:1], *by_id]


@pytest.mark.parametrize("dataset", [HOURLY, DAILY, MOMENTARY, BUILDS, UNIQUES], ids=lambda dataset: dataset.key)
def test_documents_of_other_grains_are_valid_for_cloudflare(dataset: Dataset, cloudflare_schema: GraphQLSchema) -> None:
    """Where Cloudflare has no minutes, no hours or no groups of time, none are asked for."""
    check(cloudflare_schema, coarse_forms(dataset))


@pytest.mark.parametrize("dataset", DATASETS)
def test_fields_are_declared_as_cloudflare_types_them(dataset: str, cloudflare_schema: GraphQLSchema) -> None:
    """A field is kept in millionths exactly where Cloudflare's schema says float."""
    entry = DATASETS[dataset]
    fields = [field for field in entry.fields if field.group != ROWS]
    types = {field.name: type_name(cloudflare_schema, entry.name, field.group, field.name) for field in fields}
    fractional = [name for name in types if types[name].startswith("float")]
    assert [field.name for field in fields if field.fractional] == fractional


def type_name(schema: GraphQLSchema, dataset: str, group: str, field: str) -> str:
    """The scalar type of a number of a dataset."""
    row = members(schema.type_map["account"])[dataset].type
    holder = members(row)[group].type if group else row
    return str(get_named_type(members(holder)[field].type))


def members(holder: GraphQLType) -> dict[str, GraphQLField]:
    """The fields of an object type, however it is wrapped."""
    named = get_named_type(holder)
    assert isinstance(named, GraphQLObjectType)
    return dict(named.fields)


def test_parts_of_a_dataset_share_its_newest_minute() -> None:
    """Which rows they are about is nothing to it; at other times, or of other nodes, it is asked apart."""
    whole, part = (piece(key, newest=True) for key in ("d1QueriesAdaptiveGroups", "d1QueriesAdaptiveGroups/failed"))
    other, later = piece("kvOperationsAdaptiveGroups", newest=True), replace(part, until=TEN)
    document = build_document(ACCOUNT, [whole, part, other, later, without_newest(part)])
    assert [place.newest for place in document.places[:4]] == [0, 0, 2, 3]
    assert sorted(re.findall(r"newest_\d(?=:)", document.text)) == ["newest_0", "newest_2", "newest_3"]
    assert count_aliases(document.pieces) == 5 + 3
