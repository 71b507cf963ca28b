"""Whether a newer rate card is due: its prices are old, or one of them has ended and none follows."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from exporter.exposition.text import Format, render
from exporter.pricing import load_card, with_overrides
from exporter.pricing.card import Price, Rate, RateCard
from exporter.pricing.overrides import Override
from exporter.sources.rate_card import LONGEST_AGE, RateCardReading, RateCardSource
from exporter.status import Problem

LOOKED_UP = date(2026, 11, 21)
TOO_OLD = datetime(2027, 5, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def rate(ends: date | None, successor: str = "", source: str = "a page") -> Rate:
    """A meter with a price that changed once, and the new one's last day."""
    first = Price(Decimal(1), Decimal(1), valid_to=date(2026, 1, 31))
    second = Price(Decimal(2), Decimal(1), valid_from=date(2026, 2, 1), valid_to=ends)
    return Rate("queues", "Operations", "operations", source, (second, first), successor=successor)


def read(card: RateCard) -> RateCardReading:
    """What the source says of a card."""
    return asyncio.run(RateCardSource(lambda: card).poll())


def problems(reading: RateCardReading, now: datetime) -> list[Problem]:
    """What it finds wrong at a moment."""
    return list(RateCardSource(load_card).problems(reading, now))


def test_prices_grow_old() -> None:
    """The moment is published long before, and from it on there is a problem with a remedy."""
    reading = read(RateCard(LOOKED_UP, {"queues_operations": rate(None)}))
    assert LONGEST_AGE.days == 180
    assert (reading.looked_up, reading.due) == (LOOKED_UP, TOO_OLD)
    text = render(RateCardSource(load_card).families(reading, TOO_OLD), Format.TEXT).decode()
    assert f"\ncloudflare_exporter_rate_card_due_timestamp_seconds {TOO_OLD.timestamp():.0f}\n" in text
    assert problems(reading, TOO_OLD - SECOND) == []
    assert problems(reading, TOO_OLD) == [
        Problem(
            "",
            "rate card",
            "outdated",
            TOO_OLD,
            "Costs are estimated with prices looked up on 2026-11-21.",
            "Update the exporter. If there is no newer release, set changed prices under costs.prices.",
        )
    ]


def test_a_price_ends_and_none_follows() -> None:
    """The card has said itself that prices change on that day, and does not know to what: the first end counts."""
    meters = {"late": rate(date(2027, 3, 31)), "early": rate(date(2026, 12, 31)), "other": rate(None)}
    reading = read(RateCard(LOOKED_UP, meters))
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert reading.due == new_year
    assert problems(reading, new_year - SECOND) == []
    (problem,) = problems(reading, new_year)
    assert problem.since == new_year
    assert problem.detail == (
        "Costs are estimated with prices looked up on 2026-11-21, and the card has no price of early after 2026-12-31."
    )


def test_an_end_that_is_far_away_is_not_what_is_said_of_an_old_card() -> None:
    """The card is old before one of its prices ends; only what has happened is told."""
    reading = read(RateCard(LOOKED_UP, {"queues_operations": rate(date(2030, 1, 1))}))
    assert reading.due == TOO_OLD
    (problem,) = problems(reading, TOO_OLD)
    assert problem.detail == "Costs are estimated with prices looked up on 2026-11-21."


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param(rate(date(2026, 12, 31), successor="other"), id="another meter is billed in its place"),
        pytest.param(rate(date(2026, 12, 31), source=""), id="the meter is the user's own"),
    ],
)
def test_what_ends_for_good_is_not_missing(ended: Rate) -> None:
    """Neither needs a newer card."""
    assert read(RateCard(LOOKED_UP, {"ended": ended, "other": rate(None)})).due == TOO_OLD


def test_the_users_own_price_fills_the_end() -> None:
    """Who knows the new price can set it, and the problem is over."""
    card = RateCard(LOOKED_UP, {"early": rate(date(2026, 12, 31))})
    own = with_overrides(card, [Override("early", price=Decimal(3), valid_from=date(2027, 1, 1))])
    assert read(own).due == TOO_OLD


def test_the_card_in_use_is_read_each_time() -> None:
    """A reload of the configuration may change the prices."""
    cards = [RateCard(LOOKED_UP, {}), RateCard(LOOKED_UP + timedelta(days=1), {})]
    source = RateCardSource(lambda: cards.pop(0))
    assert [asyncio.run(source.poll()).due - TOO_OLD for _ in range(2)] == [timedelta(0), timedelta(days=1)]


def test_the_card_that_comes_with_the_program_names_what_follows_each_price() -> None:
    """It is due by its age alone: no price on it ends without the next one, or the meter in its place."""
    card = load_card()
    assert read(card) == RateCardReading(card.version)
    assert card.meters["workers_logs_events"].ends == date(2026, 11, 30)
    forgotten = replace(card.meters["workers_logs_events"], successor="")
    lacking = replace(card, meters={**card.meters, "workers_logs_events": forgotten})
    assert read(lacking).ending_meter == "workers_logs_events"
