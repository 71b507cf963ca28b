"""Questions to whole answers: pages, splits, and faults that stay with their dataset."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from exporter.catalog import DATASETS
from exporter.cloudflare import Analytics, CloudflareError, Forbidden, Rejected, Throttled, TokenRejected
from exporter.cloudflare.errors import PageFull, Unreachable
from exporter.model import Account, Answer, Question, Scope
from tests.cloudflare.conftest import API_URL, Scene, answer
from tests.cloudflare.table import Table, answered, failed, fault_of, row

EXAMPLE = Account("a" * 32, "Example")
SCOPE = Scope(EXAMPLE.id)
OTHER = Account("b" * 32, "Other")

WORKERS = "workersInvocationsAdaptive"
R2 = "r2OperationsAdaptiveGroups"
D1 = "d1AnalyticsAdaptiveGroups"
OBJECTS = "durableObjectsInvocationsAdaptiveGroups"
KV = "kvOperationsAdaptiveGroups"

KV_LABELS = ("x", "x")
DATE = datetime(2025, 10, 20, 10, 0, 5, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    """A moment of the day."""
    return datetime(2025, 10, 20, hour, minute, tzinfo=UTC)


NINE, TEN = at(9), at(10)


def ask(
    analytics: Analytics, *datasets: str, since: datetime = NINE, until: datetime = TEN, account: Account = EXAMPLE
) -> dict[str, Answer | CloudflareError]:
    """The outcome of asking for some datasets."""
    questions = [
        (DATASETS[name], Question(Scope(account.id), name, since, until, asks_newest=DATASETS[name].timing.asks_newest))
        for name in datasets
    ]
    outcomes = asyncio.run(analytics.ask(account, questions))
    return {question.dataset: outcome for question, outcome in outcomes.items()}


def connect(scene: Scene, table: Table, page_limit: int = 10_000) -> Analytics:
    """Analytics that ask a table."""
    scene.router.post(f"{API_URL}/graphql").mock(side_effect=table)
    return Analytics(scene.client, page_limit)


def amounts(outcome: Answer | CloudflareError) -> dict[tuple[datetime, str], int]:
    """The first field of every row, by hour and asset."""
    assert isinstance(outcome, Answer), outcome
    return {(hour, key[0]): row[0] for hour, rows in outcome.hours.items() for key, row in rows.items()}


def kinds(outcomes: dict[str, Answer | CloudflareError]) -> dict[str, type]:
    """What became of each dataset."""
    return {name: type(outcome) for name, outcome in outcomes.items()}


def test_an_answer_holds_rows_date_and_newest_minute(scene: Scene) -> None:
    """One document brings every dataset's rows with the Date of the answer and its newest data."""
    table = Table(**{KV: [(at(9, 1), "k", 2), (at(9, 58), "k", 3)], D1: []})
    outcomes = ask(connect(scene, table), KV, D1)
    assert outcomes == {
        KV: Answer(
            Question(SCOPE, KV, at(9), at(10), asks_newest=True), DATE, {at(9): {("k", KV_LABELS): (5, 5)}}, at(9, 58)
        ),
        D1: Answer(Question(SCOPE, D1, at(9), at(10), asks_newest=True), DATE, {}, None),
    }
    assert table.asked == [{"usage_0": KV, "newest_0": KV, "usage_1": D1, "newest_1": D1}]


def test_a_full_page_is_cut_by_hours(scene: Scene) -> None:
    """Rows that do not fit are asked in halves of the range, and the answer is as if they had fitted."""
    events = [(at(hour), asset, hour) for hour in range(2, 10) for asset in ("a", "b", "c")]
    table = Table(**{KV: events})
    analytics = connect(scene, table, page_limit=7)
    outcome = ask(analytics, KV, since=at(2))[KV]
    assert amounts(outcome) == {(at(hour), asset): hour for hour in range(2, 10) for asset in ("a", "b", "c")}
    assert isinstance(outcome, Answer)
    assert outcome.newest == at(9)
    assert analytics.splits.count == 3
    assert [len([alias for alias in aliases if alias.startswith("usage")]) for aliases in table.asked] == [1, 2, 4]


def test_a_full_hour_is_cut_by_ids_then_by_minutes(scene: Scene) -> None:
    """Whatever has to be cut, every event is in the answer once."""
    events = [(at(9, minute), asset, 1) for minute in range(60) for asset in ("a", "b", "c", "d", "e")]
    analytics = connect(scene, Table(**{KV: events}), page_limit=2)
    assert amounts(ask(analytics, KV)[KV]) == {(at(9), asset): 60 for asset in ("a", "b", "c", "d", "e")}


def test_a_page_that_one_asset_fills_is_cut_by_minutes(scene: Scene) -> None:
    """The rows of one asset in one hour come together from ranges of minutes."""
    table = Table(**{KV: [(at(9, 1), "a", 4), (at(9, 59), "a", 5)]})
    full = answered({"usage_0": [row(KV, at(9), "a", 1)] * 3})
    table.fail(lambda aliases: full if len(table.asked) == 1 else None)
    assert amounts(ask(connect(scene, table, page_limit=3), KV)[KV]) == {(at(9), "a"): 9}


def test_splits_that_were_needed_are_remembered(scene: Scene) -> None:
    """The next question is asked in parts at once, for this account only."""
    events = [(at(hour), asset, hour) for hour in range(2, 10) for asset in ("a", "b", "c")]
    table = Table(**{KV: events})
    analytics = connect(scene, table, page_limit=7)
    ask(analytics, KV, since=at(2))
    table.asked.clear()
    again = ask(analytics, KV, since=at(6), until=at(9, 30))[KV]
    assert amounts(again) == {(at(hour), asset): hour for hour in range(6, 10) for asset in ("a", "b", "c")}
    assert table.asked == [{"usage_0": KV, "usage_1": KV, "newest_1": KV}]
    table.asked.clear()
    ask(analytics, KV, since=at(9), account=OTHER)
    assert table.asked == [{"usage_0": KV, "newest_0": KV}]


def test_a_question_that_never_fits_fails_loudly(scene: Scene) -> None:
    """A minute of one asset that fills a page is an error that says where, and the others are answered."""
    table = Table(**{KV: [(at(9, 30), "a", 1)], D1: [(at(9), "d", 1)]})
    full = [row(KV, at(9), "a", 1)] * 5

    def fault(aliases: dict[str, str]) -> httpx.Response:
        """Every page of KV is full."""
        rows = {alias: full if name == KV else [row(D1, at(9), "d", 7)] for alias, name in aliases.items()}
        return answered({alias: [] if alias.startswith("newest") else found for alias, found in rows.items()})

    table.fail(fault)
    outcomes = ask(connect(scene, table, page_limit=5), KV, D1)
    assert kinds(outcomes) == {KV: PageFull, D1: Answer}
    assert re.match(
        rf"{KV} of account Example \({'a' * 32}\): more than 5 rows even in the smallest part "
        r"\(2025-10-20 09:(\d\d) to 09:(\d\d)\)\.",
        str(outcomes[KV]),
    )


def test_a_part_that_fails_takes_the_whole_dataset_with_it(scene: Scene) -> None:
    """Halves are applied together or not at all."""
    table = Table(**{KV: [(at(hour), "abc"[hour % 3], 1) for hour in range(2, 10)], D1: [(at(5), "d", 1)]})
    table.fail(lambda aliases: failed(500) if "usage_1" in aliases and aliases["usage_0"] == KV else None)
    outcomes = ask(connect(scene, table, page_limit=6), D1, KV, since=at(2))
    assert kinds(outcomes) == {KV: Unreachable, D1: Answer}


def test_full_pages_with_broken_rows_fail_like_any_other(scene: Scene) -> None:
    """A row without its dimensions is the dataset's fault, however many rows there are."""
    table = Table()
    table.fail(lambda aliases: answered({"usage_0": [{"sum": {}}] * 2, "newest_0": []}))
    outcome = ask(connect(scene, table, page_limit=2), KV)[KV]
    assert isinstance(outcome, CloudflareError)
    assert KV in str(outcome)


def test_an_alias_that_fails_costs_only_itself(scene: Scene) -> None:
    """The healthy datasets of a document count, and nothing is asked twice."""
    table = Table(**{KV: [(at(9), "k", 1)], D1: [(at(9), "d", 2)]})

    def fault(aliases: dict[str, str]) -> httpx.Response:
        """Refuse R2, answer the others."""
        return answered(
            {"usage_0": [row(KV, at(9), "k", 1)], "usage_1": None, "usage_2": [row(D1, at(9), "d", 2)]},
            fault_of("usage_1", f"account {'a' * 32} does not have access to the path {R2}", "authz"),
        )

    table.fail(fault)
    outcomes = ask(connect(scene, table), KV, R2, D1)
    assert kinds(outcomes) == {KV: Answer, R2: Forbidden, D1: Answer}
    assert str(outcomes[R2]) == (
        f"{R2} of account Example ({'a' * 32}): Cloudflare answered: "
        f"account {'a' * 32} does not have access to the path {R2}. "
        "Grant the token the permission 'Account Analytics Read'; if it has that, the plan lacks this dataset."
    )
    assert len(table.asked) == 1


def test_an_alias_that_empties_the_account_is_asked_apart(scene: Scene) -> None:
    """The bystanders of an error that left no data are asked once more, without the culprit."""
    table = Table(**{KV: [(at(9), "k", 1)], D1: [(at(9), "d", 2)]})

    def fault(aliases: dict[str, str]) -> httpx.Response | None:
        """Empty every answer with R2 in it."""
        culprit = next((alias for alias, name in aliases.items() if name == R2), None)
        return failed(200, fault_of(culprit, "Internal server error")) if culprit else None

    table.fail(fault)
    outcomes = ask(connect(scene, table), KV, R2, D1)
    assert kinds(outcomes) == {KV: Answer, R2: Unreachable, D1: Answer}
    assert amounts(outcomes[D1]) == {(at(9), "d"): 2}
    assert [set(aliases.values()) for aliases in table.asked] == [{KV, R2, D1}, {KV, D1}]


def test_a_newest_minute_that_fails_costs_nothing(scene: Scene) -> None:
    """Usage counts even when nobody can say how new it is: then the hour with rows tells."""
    table = Table()
    table.fail(
        lambda aliases: answered({"usage_0": [row(KV, at(9), "k", 1)]}, fault_of("newest_0", "Internal server error"))
    )
    outcome = ask(connect(scene, table), KV)[KV]
    assert isinstance(outcome, Answer)
    assert outcome.newest == at(9)


def test_a_newest_minute_that_empties_the_account_is_found(scene: Scene) -> None:
    """Where its error leaves no data, only its own dataset fails."""
    table = Table(**{KV: [(at(9), "k", 1)], D1: [(at(9), "d", 2)]})

    def fault(aliases: dict[str, str]) -> httpx.Response | None:
        """Empty every answer with R2's newest minute in it."""
        culprit = next((alias for alias, name in aliases.items() if name == R2 and alias.startswith("newest")), None)
        return failed(200, fault_of(culprit, "Internal server error")) if culprit else None

    table.fail(fault)
    assert kinds(ask(connect(scene, table), KV, R2, D1)) == {KV: Answer, R2: Unreachable, D1: Answer}


def test_a_refused_document_is_halved_to_the_culprit(scene: Scene) -> None:
    """One field that Cloudflare does not know costs one dataset, not the document."""
    table = Table(**{name: [(at(9), "i", 1)] for name in DATASETS})
    table.fail(
        lambda aliases: failed(400, fault_of(None, 'unknown field "requests"')) if R2 in aliases.values() else None
    )
    outcomes = ask(connect(scene, table), WORKERS, R2, D1, OBJECTS, KV)
    assert kinds(outcomes) == {WORKERS: Answer, R2: Rejected, D1: Answer, OBJECTS: Answer, KV: Answer}
    assert 'Cloudflare answered: unknown field "requests".' in str(outcomes[R2])
    assert [set(aliases.values()) for aliases in table.asked] == [
        {WORKERS, R2, D1, OBJECTS, KV},
        {WORKERS, R2},
        {WORKERS},
        {R2},
        {D1, OBJECTS, KV},
    ]


def test_a_document_that_is_too_large_is_halved(scene: Scene) -> None:
    """HTTP 429 for too many nodes is cured by asking less at once, not by silence."""
    table = Table(**{KV: [(at(9), "k", 1)], D1: [(at(9), "d", 2)]})
    message = "in combination, your request queries too many nodes, zones and accounts"
    table.fail(lambda aliases: failed(429, fault_of(None, message)) if len(aliases) > 2 else None)
    assert kinds(ask(connect(scene, table), KV, D1)) == {KV: Answer, D1: Answer}
    assert len(table.asked) == 3


def test_spare_questions_take_free_places_only(scene: Scene) -> None:
    """What finds no place is not asked, and takes no document of its own; what is answered is answered whole."""
    table = Table(**{KV: [(at(9), "k", 1)], D1: [(at(9), "d", 2)]})
    analytics = connect(scene, table)
    busy = [
        (DATASETS[KV], Question(Scope(str(number)), KV, NINE, TEN.replace(minute=number), asks_newest=True))
        for number in range(12)
    ]
    idle = [(DATASETS[D1], Question(Scope(str(number)), D1, NINE, TEN)) for number in range(3)]
    found = asyncio.run(analytics.ask(EXAMPLE, busy, spare=idle))
    assert list(found) == [question for _, question in (*busy, idle[0])]
    assert amounts(found[idle[0][1]]) == {(NINE, "d"): 2}
    assert [len(aliases) for aliases in table.asked] == [25]
    assert asyncio.run(analytics.ask(EXAMPLE, [], spare=idle)) == {}
    assert len(table.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"viewer": {"accounts": []}}, "errors": None},
        {"data": {"viewer": {"accounts": [None]}}, "errors": None},
        {"data": {"viewer": None}, "errors": None},
        {"data": None, "errors": None},
    ],
)
def test_an_answer_without_the_account_is_a_failure(scene: Scene, body: dict[str, object]) -> None:
    """No account node is never taken for no usage."""
    table = Table()
    table.fail(lambda aliases: answer(body))
    outcomes = ask(connect(scene, table), KV, D1)
    assert kinds(outcomes) == {KV: Unreachable, D1: Unreachable}
    assert "Cloudflare's answer does not contain the account" in str(outcomes[KV])


def test_an_answer_without_an_alias_is_a_failure(scene: Scene) -> None:
    """A dataset that is missing without an error is not taken for no usage."""
    table = Table()
    table.fail(lambda aliases: answered({"usage_0": [], "newest_0": []} if KV in aliases.values() else {}))
    outcomes = ask(connect(scene, table), KV, D1)
    assert kinds(outcomes)[KV] is Answer
    assert isinstance(outcomes[D1], Unreachable)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (401, "Unauthorized", TokenRejected),
        (403, "not authorized for that account", Forbidden),
        (200, "Internal server error", Unreachable),
    ],
)
def test_an_error_of_the_document_is_everybodys(
    scene: Scene, status: int, message: str, error: type[CloudflareError]
) -> None:
    """An error without an alias that is not about the text fails all datasets alike, at once."""
    table = Table()
    table.fail(lambda aliases: failed(status, fault_of(None, message)))
    assert kinds(ask(connect(scene, table), KV, D1)) == {KV: error, D1: error}
    assert len(table.asked) == 1


@pytest.mark.parametrize("alias", [None, "usage_0"])
def test_a_depleted_budget_silences(scene: Scene, alias: str | None) -> None:
    """The budget error that comes with HTTP 200 stops all questions for five minutes."""
    table = Table()
    message = "rate limiter budget depleted, try again after 5 minutes"
    table.fail(lambda aliases: failed(200, fault_of(alias, message, "budget")) if len(table.asked) == 1 else None)
    analytics = connect(scene, table)
    assert kinds(ask(analytics, KV)) == {KV: Throttled}
    scene.clock.advance(299)
    assert kinds(ask(analytics, KV)) == {KV: Throttled}
    assert len(table.asked) == 1
    scene.clock.advance(1)
    assert kinds(ask(analytics, KV)) == {KV: Answer}


def test_many_parts_take_several_documents(scene: Scene) -> None:
    """No document holds more than twenty-five aliases, and the answer's date is that of its oldest part."""
    until = at(0) + timedelta(hours=30)
    events = [(at(0) + timedelta(hours=hour), asset, 1) for hour in range(30) for asset in ("a", "b")]
    table = Table(**{KV: events})
    analytics = connect(scene, table, page_limit=3)
    outcome = ask(analytics, KV, since=at(0), until=until)[KV]
    assert amounts(outcome) == {(hour, asset): 1 for hour, asset, _ in events}
    table.asked.clear()
    ask(analytics, KV, since=at(0), until=until)
    assert [len(aliases) for aliases in table.asked] == [25, 6]
