"""What is wrong, as a user is told: worst first, each thing once, since when, with what to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exporter.model import Scope
from exporter.status import (
    BEGINNING,
    STORAGE,
    AccountStatus,
    DatasetStatus,
    ExporterStatus,
    ListStatus,
    Problem,
    SourceStatus,
    find_problems,
    since_by_labels,
)
from tests.exposition.snapshots import snapshot

SINCE = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
GOOD, BAD = "a" * 32, "b" * 32
LABELS = {GOOD: "Good", BAD: "Bad"}
KV, D1 = "kvOperationsAdaptiveGroups", "d1AnalyticsAdaptiveGroups"

WELL = replace(snapshot().status, accounts=(AccountStatus(GOOD, True),), datasets=(), lists=())


def account(reason: str, account_id: str = BAD, since: datetime = SINCE) -> AccountStatus:
    """An account that is down."""
    return AccountStatus(account_id, False, reason, f"It is {reason}.", remedy="Mend it.", since=since)


def token(reason: str) -> AccountStatus:
    """A token whose accounts cannot be listed."""
    return AccountStatus("", False, reason, f"It is {reason}.", "token 2", "Mend it.", SINCE)


def dataset(reason: str, name: str = KV, account_id: str = BAD, state: str = "failing") -> DatasetStatus:
    """A dataset that is not answered."""
    return DatasetStatus(Scope(account_id), name, state, reason, f"It is {reason}.", "Mend it.", SINCE)


def listing(reason: str, account_id: str = BAD, state: str = "failing") -> ListStatus:
    """A list that is not answered."""
    return ListStatus(account_id, "worker", state, reason, f"It is {reason}.", "Mend it.", SINCE)


def told(status: ExporterStatus) -> list[tuple[str, str, str]]:
    """Account, part and reason of each problem."""
    return [(problem.account, problem.part, problem.reason) for problem in find_problems(status, LABELS)]


def test_nothing_is_wrong() -> None:
    """Accounts that are up, datasets and lists that are ok, and a clock that is nearly right are no problem."""
    status = replace(
        WELL,
        datasets=(DatasetStatus(Scope(GOOD), KV, "ok", since=SINCE),),
        lists=(ListStatus(GOOD, "worker", "ok", since=SINCE),),
        sources=(SourceStatus("tides", True, since=SINCE),),
        clock_offset=timedelta(seconds=59),
    )
    assert find_problems(status, LABELS) == ()


def test_a_problem_says_all_that_a_person_needs() -> None:
    """What, since when, what happened and what to do come from the status, the account's name from its label."""
    status = replace(WELL, datasets=(dataset("forbidden"),))
    assert find_problems(status, LABELS) == (Problem("Bad", KV, "forbidden", SINCE, "It is forbidden.", "Mend it."),)


def test_the_worst_comes_first() -> None:
    """What stops everything, then accounts, tokens, what fails, what is not to be had, and the exporter's own."""
    status = replace(
        WELL,
        accounts=(token("unauthorized"), account("unreachable"), account(STORAGE, GOOD)),
        datasets=(
            dataset("plan", D1, state="unavailable"),
            dataset("throttled"),
            dataset("page_full", account_id=GOOD),
        ),
        lists=(listing("forbidden", state="unavailable"), listing("throttled")),
        own_problems=(Problem("", "configuration", "refused", SINCE, "Unknown key.", "Correct it."),),
        sources=(SourceStatus("tides", False, "timeout"), SourceStatus("other", True, "failed")),
        clock_offset=timedelta(minutes=-2),
    )
    assert told(status) == [
        ("", "storage", "storage"),
        ("Bad", "account", "unreachable"),
        ("token 2", "token", "unauthorized"),
        ("Bad", KV, "throttled"),
        ("Bad", "list of worker", "throttled"),
        ("Good", KV, "page_full"),
        ("Bad", D1, "plan"),
        ("Bad", "list of worker", "forbidden"),
        ("", "source tides", "timeout"),
        ("", "source other", "failed"),
        ("", "configuration", "refused"),
        ("", "clock", "offset"),
    ]


@pytest.mark.parametrize(
    ("of_account", "of_part", "is_told"),
    [
        ("unreachable", "unreachable", False),
        ("unauthorized", "unauthorized", False),
        ("unauthorized", "forbidden", False),
        ("unreachable", "forbidden", True),
        ("unauthorized", "plan", True),
    ],
)
def test_an_account_that_is_down_speaks_for_its_parts(of_account: str, of_part: str, is_told: bool) -> None:
    """Datasets and lists that are down for the account's reason are not told again; others are, and other accounts'."""
    status = replace(
        WELL,
        accounts=(account(of_account),),
        datasets=(dataset(of_part), dataset(of_part, account_id=GOOD)),
        lists=(listing(of_part),),
    )
    parts = [("Bad", KV, of_part), ("Bad", "list of worker", of_part)] if is_told else []
    assert told(status) == [("Bad", "account", of_account), *parts, ("Good", KV, of_part)]


def test_a_ledger_that_cannot_be_written_is_one_problem() -> None:
    """However many accounts and tokens it befalls: since the first of them."""
    earlier = SINCE - timedelta(minutes=3)
    status = replace(WELL, accounts=(account(STORAGE, GOOD), account(STORAGE, since=earlier), token(STORAGE)))
    assert find_problems(status, LABELS) == (Problem("", STORAGE, STORAGE, earlier, "It is storage.", "Mend it."),)


def test_a_first_refresh_is_no_problem() -> None:
    """An account or source that was never asked yet is not up, but nothing is wrong with it."""
    new = SourceStatus("tides", False, BEGINNING)
    assert told(replace(WELL, accounts=(account(BEGINNING),), sources=(new,))) == []


def test_what_is_left_out_is_not_told() -> None:
    """Datasets and lists of an account that is not published are nobody's problem."""
    left_out = "c" * 32
    status = replace(WELL, datasets=(dataset("plan", account_id=left_out),), lists=(listing("plan", left_out),))
    assert told(status) == []


def test_an_account_without_a_label_is_told_by_its_id() -> None:
    """What is down is never nameless."""
    status = replace(WELL, accounts=(account("unreachable", "d" * 32),))
    assert told(status) == [("d" * 32, "account", "unreachable")]


@pytest.mark.parametrize(("seconds", "words"), [(75, "75 s ahead of"), (-61, "61 s behind")])
def test_a_wrong_clock_is_a_hint(seconds: int, words: str) -> None:
    """More than a minute is told, with the direction; nobody knows since when, so it is no series."""
    problems = find_problems(replace(WELL, clock_offset=timedelta(seconds=seconds)), LABELS)
    assert [problem.detail for problem in problems] == [f"This machine's clock is {words} Cloudflare's."]
    assert since_by_labels(problems) == {}


def test_each_problem_is_one_series() -> None:
    """Labels say what and what to do; two problems that read the same are one, since the earlier of them."""
    later = Problem("Bad", KV, "plan", SINCE + timedelta(hours=1), "It is lacking.", "Move.")
    problems = (later, replace(later, since=SINCE, detail="It lacks."), replace(later, remedy="Wait."))
    assert since_by_labels(problems) == {
        ("Bad", KV, "plan", "Move."): SINCE.timestamp(),
        ("Bad", KV, "plan", "Wait."): SINCE.timestamp() + 3_600,
    }
