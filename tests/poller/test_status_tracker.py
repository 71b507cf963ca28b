"""Statuses of one account: since when, in words, and one log line a change."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from exporter.cloudflare import CloudflareError, Forbidden
from exporter.cloudflare.errors import Unreachable
from exporter.model import Account, BookKey, Listing, ListingFailure, ListingFlaw, Scope
from exporter.poller.status_tracker import ALL_LISTS, StatusTracker
from tests.poller.scene import told

BEGIN = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
SCOPE = Scope("a" * 32)
KV, D1 = "kvOperationsAdaptiveGroups", "d1AnalyticsAdaptiveGroups"
KINDS = ("worker", "kv_namespace")
DOWN = Unreachable("No answer.")
REFUSED = Forbidden("Not allowed.", "Give the permission.")


class Scene:
    """The statuses of an account, and a clock that goes by the minute."""

    def __init__(self) -> None:
        self.minute = 0
        self.statuses = StatusTracker(Account("a" * 32, "Example"), self.now)

    def now(self) -> datetime:
        """The time."""
        return BEGIN + timedelta(minutes=self.minute)

    def ask(self, error: CloudflareError | None) -> datetime | None:
        """Take down what a dataset was answered with, a minute later; gives since when it stands so."""
        self.minute += 1
        self.statuses.record_dataset(BookKey(SCOPE, KV), KV, error)
        self.statuses.log_changes()
        (status,) = self.statuses.datasets()
        return status.since

    def list(self, *failing: str, final: bool = False) -> dict[str, tuple[str, datetime | None]]:
        """Take down what was listed, a minute later; gives each list's state, and since when."""
        self.minute += 1
        listings: dict[str, Listing | ListingFailure] = {kind: Listing(kind, ()) for kind in KINDS}
        listings |= {kind: ListingFailure(kind, f"No list of {kind}.", final, "failed", "Wait.") for kind in failing}
        self.statuses.record_lists(listings)
        return {status.kind: (status.state, status.since) for status in self.statuses.lists()}


def minute(number: int) -> datetime:
    """The time of a minute."""
    return BEGIN + timedelta(minutes=number)


def test_a_state_lasts_as_long_as_its_reason() -> None:
    """Another reason, or none, is another beginning; the same one is not, whatever the words."""
    scene = Scene()
    seen = [scene.ask(error) for error in (None, None, DOWN, Unreachable("Nothing."), REFUSED, REFUSED, None, DOWN)]
    assert seen == [minute(number) for number in (1, 1, 3, 3, 5, 5, 7, 8)]


def test_an_account_is_down_since_its_reason_began() -> None:
    """The words are the newest, the time is the first."""
    scene = Scene()
    for words in ("First.", "Second."):
        scene.minute += 1
        scene.statuses.mark_down("unreachable", words, "Wait.")
    whole = scene.statuses.whole
    assert (whole.is_up, whole.reason, whole.detail, whole.remedy, whole.since) == (
        False,
        "unreachable",
        "Second.",
        "Wait.",
        minute(1),
    )
    scene.minute += 1
    scene.statuses.mark_up()
    assert (scene.statuses.whole.is_up, scene.statuses.whole.since) == (True, minute(3))


def test_what_happened_and_what_to_do_stand_apart() -> None:
    """An error's remedy is not in the detail, but follows it in the log."""
    scene = Scene()
    scene.ask(REFUSED)
    (status,) = scene.statuses.datasets()
    assert (status.state, status.reason, status.detail, status.remedy) == (
        "unavailable",
        "forbidden",
        "Not allowed.",
        "Give the permission.",
    )


def test_a_dataset_asked_in_two_ways_shows_the_one_with_a_trouble() -> None:
    """Usage that is answered does not hide a window that is not."""
    scene = Scene()
    for key, error in ((KV, None), (f"{KV}/quantiles", DOWN), (D1, None)):
        scene.statuses.record_dataset(BookKey(SCOPE, key), key.partition("/")[0], error)
    assert {status.dataset: status.state for status in scene.statuses.datasets()} == {KV: "failing", D1: "ok"}


def test_what_the_plan_lacks_says_so() -> None:
    """It is unavailable, names the account, and the remedy names neither."""
    scene = Scene()
    scene.statuses.mark_unavailable(BookKey(SCOPE, KV), KV)
    (status,) = scene.statuses.datasets()
    assert (status.state, status.reason) == ("unavailable", "plan")
    assert "Example" in status.detail and "Example" not in status.remedy != ""


def test_lists_keep_their_time(caplog: pytest.LogCaptureFixture) -> None:
    """Each list stands for itself, and is told when it fails and when it is there again."""
    scene = Scene()
    with caplog.at_level(logging.INFO, logger="exporter"):
        assert scene.list() == {"worker": ("ok", minute(1)), "kv_namespace": ("ok", minute(1))}
        assert scene.list("worker") == {"worker": ("failing", minute(2)), "kv_namespace": ("ok", minute(1))}
        assert scene.list("worker")["worker"] == ("failing", minute(2))
        assert scene.list("worker", final=True)["worker"] == ("unavailable", minute(4))
        assert scene.list()["worker"] == ("ok", minute(5))
    assert told(caplog) == ["No list of worker. Wait.", "the list of assets can be read again"]


def test_a_list_with_a_flaw_is_incomplete_and_a_hint_is_no_problem(caplog: pytest.LogCaptureFixture) -> None:
    """What could not be read is told once, with what to do; a hint stands beside a list that is ok."""
    scene = Scene()
    flaws = [
        ListingFlaw("bad_items", "One item has no id.", "Look for it."),
        ListingFlaw("bad_items", "Two items have no id.", "Look for it."),
        ListingFlaw("miscounted", "It counts one too many.", is_hint=True),
    ]
    seen = []
    with caplog.at_level(logging.INFO, logger="exporter"):
        for flaw in flaws:
            scene.minute += 1
            scene.statuses.record_lists({"worker": Listing("worker", (), flaw)})
            (status,) = scene.statuses.lists()
            seen.append((status.state, status.reason, status.detail, status.remedy, status.since))
    assert seen == [
        ("incomplete", "bad_items", "One item has no id.", "Look for it.", minute(1)),
        ("incomplete", "bad_items", "Two items have no id.", "Look for it.", minute(1)),
        ("ok", "", "It counts one too many.", "", minute(3)),
    ]
    assert told(caplog) == ["One item has no id. Look for it.", "It counts one too many."]


def test_lists_that_fail_together_keep_how_each_stood(caplog: pytest.LogCaptureFixture) -> None:
    """One line for all of them, none for those that failed before and fail after."""
    scene = Scene()
    scene.list("kv_namespace", final=True)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="exporter"):
        for _ in range(2):
            scene.minute += 1
            scene.statuses.record_failed_lists(DOWN)
        stands = {status.kind: (status.state, status.since) for status in scene.statuses.lists()}
        assert stands == {
            "worker": ("ok", minute(1)),
            "kv_namespace": ("unavailable", minute(1)),
            ALL_LISTS: ("failing", minute(2)),
        }
        assert scene.list("kv_namespace", final=True) == {
            "worker": ("ok", minute(1)),
            "kv_namespace": ("unavailable", minute(1)),
        }
    assert told(caplog) == [str(DOWN), "the list of assets can be read again"]


def test_a_change_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """However often it is taken down, what lasts is told once, and its end once."""
    scene = Scene()
    with caplog.at_level(logging.INFO, logger="exporter"):
        for error in (None, DOWN, DOWN, None, None):
            scene.ask(error)
        for _ in range(2):
            scene.statuses.mark_down("unreachable", DOWN.detail, DOWN.remedy)
        for _ in range(2):
            scene.statuses.mark_up()
    assert told(caplog) == [
        str(DOWN),
        "Cloudflare answers for the dataset again",
        f"account Example is down. {DOWN}",
        "account Example is up.",
    ]


def test_what_is_no_longer_wanted_is_forgotten() -> None:
    """A dataset or kind that the configuration leaves out has no status."""
    scene = Scene()
    scene.statuses.record_dataset(BookKey(SCOPE, KV), KV, DOWN)
    scene.statuses.record_dataset(BookKey(SCOPE, D1), D1, None)
    scene.list("worker")
    scene.statuses.keep({D1}, {"kv_namespace"})
    assert [status.dataset for status in scene.statuses.datasets()] == [D1]
    assert [status.kind for status in scene.statuses.lists()] == ["kv_namespace"]
