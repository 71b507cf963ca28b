"""Cloudflare's time."""

from datetime import UTC, datetime, timedelta

import pytest

from exporter.cloudflare import CloudflareTime
from exporter.cloudflare.time import parse_date
from tests.cloudflare.conftest import ManualClock

NOON = datetime(2025, 10, 20, 12, 0, 0, tzinfo=UTC)
MORNING = ManualClock().now()
FAR = (timedelta(minutes=2), timedelta(hours=72), timedelta(days=3_650), timedelta(minutes=-2), timedelta(days=-3_650))
EXTREMES = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class Scene:
    """A time that is told dates; each arrives ten seconds after the one before."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.time = CloudflareTime(self.clock)

    def tell(self, date: datetime) -> bool:
        """Let an answer with a Date arrive; return whether it is believed."""
        self.clock.advance(10)
        return self.time.observe(date, self.clock.monotonic())

    @property
    def truth(self) -> datetime:
        """What a right answer would say ten seconds from now."""
        return self.clock.now() + timedelta(seconds=10)


def test_time_is_unknown_before_the_first_answer() -> None:
    """Without any Date there is no time and no offset."""
    time = CloudflareTime(ManualClock())
    assert time.now() is None
    assert time.offset() is None


def test_time_goes_on_between_answers() -> None:
    """The newest Date is carried on by the seconds that passed since."""
    scene = Scene()
    assert scene.tell(MORNING)
    scene.clock.advance(90)
    assert scene.time.now() == MORNING + timedelta(seconds=90)


def test_a_slightly_older_date_changes_nothing() -> None:
    """An answer that arrives out of order does not turn time back."""
    scene = Scene()
    scene.tell(MORNING)
    assert scene.tell(MORNING - timedelta(seconds=30))
    assert scene.time.now() == MORNING + timedelta(seconds=10)


@pytest.mark.parametrize("wrong", FAR)
def test_one_wrong_date_never_sets_the_time(wrong: timedelta) -> None:
    """Neither ahead nor behind, however often it happens between right ones."""
    scene = Scene()
    scene.tell(scene.truth)
    for _ in range(3):
        assert not scene.tell(scene.truth + wrong)
        assert scene.tell(scene.truth)
    assert scene.time.now() == scene.clock.now()


@pytest.mark.parametrize("wrong", FAR)
def test_the_first_date_may_be_the_wrong_one(wrong: timedelta) -> None:
    """Where it disagrees with the machine's clock no time is known before another has come."""
    scene = Scene()
    assert not scene.tell(scene.truth + wrong)
    assert scene.time.now() is None
    assert scene.tell(scene.truth)
    assert scene.time.now() == scene.clock.now()


def test_a_machine_whose_clock_is_wrong_learns_the_time() -> None:
    """Two answers that agree are believed against the machine's clock, which is then said to be off."""
    scene = Scene()
    assert not scene.tell(NOON)
    assert scene.tell(NOON + timedelta(seconds=10))
    assert scene.time.now() == NOON + timedelta(seconds=10)
    assert scene.time.offset() == scene.clock.now() - NOON - timedelta(seconds=10)


@pytest.mark.parametrize("wrong", FAR)
def test_two_answers_that_agree_correct_the_time(wrong: timedelta) -> None:
    """A machine that slept jumps ahead with them, and time that was wrong all along goes back."""
    scene = Scene()
    scene.tell(scene.truth)
    assert not scene.tell(scene.truth + wrong)
    assert scene.tell(scene.truth + wrong)
    assert scene.time.now() == scene.clock.now() + wrong
    assert not scene.tell(scene.truth)
    assert scene.tell(scene.truth)
    assert scene.time.now() == scene.clock.now()


def test_two_wrong_dates_that_disagree_set_no_time() -> None:
    """Each is as doubtful as the other."""
    scene = Scene()
    scene.tell(scene.truth)
    assert not scene.tell(scene.truth + timedelta(hours=1))
    assert not scene.tell(scene.truth + timedelta(hours=2))
    assert not scene.tell(scene.truth + timedelta(hours=1))


def test_time_that_passes_faster_is_followed() -> None:
    """A simulated Cloudflare's seconds may be shorter: of two answers one after the other, the second is believed."""
    scene = Scene()
    scene.tell(scene.truth)
    for refreshes in range(1, 5):
        ahead = timedelta(hours=refreshes)
        assert not scene.tell(scene.truth + ahead)
        assert scene.tell(scene.truth + ahead + timedelta(minutes=4))


@pytest.mark.parametrize("date", EXTREMES)
def test_the_ends_of_the_calendar_are_only_far_away(date: datetime) -> None:
    """No arithmetic fails on them."""
    scene = Scene()
    assert not scene.tell(date)
    assert scene.tell(scene.truth)
    assert not scene.tell(date)


def test_a_date_header_is_utc() -> None:
    """The form that HTTP prescribes is read."""
    assert parse_date("Mon, 20 Oct 2025 12:00:00 GMT") == NOON


@pytest.mark.parametrize(
    "header",
    [
        "",
        "yesterday",
        "Mon, 20 Oct 2025 12:00:00",
        "Mon, 20 Oct 99999 12:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -0100",
        "Mon, 20 Oct 2025 12:00:00 +9999999999",
        "1761998400",
    ],
)
def test_anything_else_is_an_error(header: str) -> None:
    """It is a ValueError, whatever is wrong."""
    with pytest.raises(ValueError, match=r".+"):
        parse_date(header)
