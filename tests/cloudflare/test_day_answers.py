"""Questions about closed days to whole answers: whatever they are cut into, a day's rows stand under its start."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from exporter.catalog import DATASETS
from exporter.cloudflare import Analytics, CloudflareError
from exporter.model import Answer, Question
from tests.cloudflare.conftest import Scene
from tests.cloudflare.table import Table, answered, row
from tests.cloudflare.test_analytics import D1, DATE, EXAMPLE, KV, KV_LABELS, OTHER, R2, SCOPE, ask, at, connect


def amounts(outcome: Answer | CloudflareError) -> dict[str, int]:
    """The first field of the day's rows, by asset."""
    assert isinstance(outcome, Answer), outcome
    assert list(outcome.hours) == [at(0)]
    return {asset: found[0] for (asset, _), found in outcome.hours[at(0)].items()}


def day_row(dataset: str, amount: int, interval: int = 1) -> dict[str, Any]:
    """A row of a closed day; its numbers, and how coarsely it was sampled."""
    made = row(dataset, at(0), "a", amount)
    made["dimensions"] = {**made["dimensions"], "date": "2025-10-20"}
    return {**made, "avg": {"sampleInterval": interval}}


def ask_day(analytics: Analytics, dataset: str, since: datetime, until: datetime) -> Answer:
    """The answer to a question about a part of a closed day."""
    question = Question(SCOPE, dataset, since, until, by_day=True)
    outcome = asyncio.run(analytics.ask(EXAMPLE, [(DATASETS[dataset], question)]))[question]
    assert isinstance(outcome, Answer), outcome
    return outcome


def test_a_day_is_answered_under_its_start(scene: Scene) -> None:
    """One alias brings the rows of the day, and its newest minute is nobody's question."""
    table = Table()
    table.fail(lambda aliases: answered({"usage_0": [day_row(KV, 7)]}))
    assert ask_day(connect(scene, table), KV, at(9, 41), at(23)) == Answer(
        Question(SCOPE, KV, at(9, 41), at(23), by_day=True), DATE, {at(0): {("a", KV_LABELS): (7, 7)}}
    )
    assert table.asked == [{"usage_0": KV}]


def test_the_pieces_of_a_day_add_up(scene: Scene) -> None:
    """A busy dataset that hides its sampling is asked again in pieces of two hours, whose rows are one day's."""
    table = Table()
    table.fail(lambda aliases: answered({alias: [day_row(R2, 3 if len(aliases) > 1 else 10_001)] for alias in aliases}))
    analytics = connect(scene, table)
    question = Question(SCOPE, R2, at(0), at(23), by_day=True)
    assert analytics.pieces_of(EXAMPLE, DATASETS[R2], question, {}) == 1
    assert amounts(ask_day(analytics, R2, at(0), at(23))) == {"a": 36}
    assert analytics.pieces_of(EXAMPLE, DATASETS[R2], question, {}) == 12
    assert [len(aliases) for aliases in table.asked] == [1, 12]


def test_a_sampled_day_is_asked_by_the_hour(scene: Scene) -> None:
    """The coarse answer counts nothing, the pieces are exact, and the next day is asked so at once."""
    table = Table()
    table.fail(
        lambda aliases: answered({alias: [day_row(KV, 2, 1 if len(table.asked) > 1 else 10)] for alias in aliases})
    )
    analytics = connect(scene, table)
    outcome = ask_day(analytics, KV, at(9, 41), at(13))
    assert (amounts(outcome), outcome.sampled, outcome.sample_interval) == ({"a": 8}, frozenset(), Decimal(1))
    ask_day(analytics, KV, at(9, 41), at(13))
    assert [len(aliases) for aliases in table.asked] == [1, 4, 4]


def test_an_estimated_day_says_so(scene: Scene) -> None:
    """Where even quarters of an hour are sampled, the day is an estimate."""
    table = Table()
    table.fail(lambda aliases: answered({alias: [day_row(KV, 2, 10)] for alias in aliases}))
    outcome = ask_day(connect(scene, table), KV, at(9), at(10))
    assert (amounts(outcome), outcome.sampled) == ({"a": 8}, frozenset({at(0)}))


def test_two_parts_of_a_day_are_answered_apart(scene: Scene) -> None:
    """What was before counting and what was counted stand under the same day, each in its own answer."""
    table = Table()
    table.fail(lambda aliases: answered({"usage_0": [day_row(KV, 7)], "usage_1": [day_row(KV, 5)]}))
    parts = [Question(SCOPE, KV, at(0), at(9, 41), by_day=True), Question(SCOPE, KV, at(9, 41), at(23), by_day=True)]
    outcomes = asyncio.run(connect(scene, table).ask(EXAMPLE, [(DATASETS[KV], part) for part in parts]))
    assert [amounts(outcomes[part]) for part in parts] == [{"a": 7}, {"a": 5}]


def test_what_a_refresh_costs_is_not_what_days_cost(scene: Scene) -> None:
    """Questions about days leave the cost of a refresh alone, but count as asked for their account."""
    table = Table()
    table.fail(lambda aliases: answered({alias: [] for alias in aliases}))
    analytics = connect(scene, table)
    ask(analytics, KV, D1)
    assert (analytics.cost(EXAMPLE.id), analytics.asked(EXAMPLE.id)) == (1, 1)
    ask_day(analytics, "durableObjectsPeriodicGroups", at(0), at(0) + timedelta(hours=60))
    assert (analytics.cost(EXAMPLE.id), analytics.asked(EXAMPLE.id), analytics.asked(OTHER.id)) == (1, 3, 0)
