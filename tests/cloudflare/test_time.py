"""Cloudflare's time."""

from datetime import UTC, datetime, timedelta

import pytest

from exporter.cloudflare import CloudflareTime
from exporter.cloudflare.time import parse_date
from tests.cloudflare.conftest import ManualClock

NOON = datetime(2025, 10, 20, 12, 0, 0, tzinfo=UTC)


def test_time_is_unknown_before_the_first_answer() -> None:
    """Without any Date there is no time and no offset."""
    time = CloudflareTime(ManualClock())
    assert time.now() is None
    assert time.offset() is None


def test_time_goes_on_between_answers() -> None:
    """The newest Date is carried on by the seconds that passed since."""
    clock = ManualClock()
    time = CloudflareTime(clock)
    time.observe(NOON)
    clock.advance(90)
    assert time.now() == NOON + timedelta(seconds=90)


def test_an_older_date_changes_nothing() -> None:
    """An answer that arrives out of order does not turn time back."""
    clock = ManualClock()
    time = CloudflareTime(clock)
    time.observe(NOON)
    clock.advance(10)
    time.observe(NOON - timedelta(minutes=5))
    assert time.now() == NOON + timedelta(seconds=10)


def test_offset_is_the_lead_of_the_machines_clock() -> None:
    """A machine two hours behind Cloudflare has a negative offset."""
    time = CloudflareTime(ManualClock())
    time.observe(NOON)
    assert time.offset() == timedelta(hours=-2)


def test_a_date_header_is_utc() -> None:
    """The form that HTTP prescribes is read; anything else is an error."""
    assert parse_date("Mon, 20 Oct 2025 12:00:00 GMT") == NOON
    with pytest.raises(ValueError, match="yesterday"):
        parse_date("yesterday")
