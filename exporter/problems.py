"""What is wrong, by everything the exporter knows of itself: worst first, with its beginning and its remedy. Pure.

The first page and the metrics both read it, so they say the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from exporter.model import BEGINNING, STORAGE, AccountStatus, DatasetStatus, ExporterStatus, ListStatus, Problem

LONGEST_OFFSET = timedelta(minutes=1)
"""How far the machine's clock may be off before a person is told."""

_IMPLIED: Mapping[str, frozenset[str]] = {"unauthorized": frozenset({"unauthorized", "forbidden"})}
"""Reasons of datasets and lists that say no more than the reason of their account; others imply only themselves."""


def find_problems(status: ExporterStatus, account_labels: Mapping[str, str]) -> tuple[Problem, ...]:
    """Give all problems, worst first; ``account_labels`` names the accounts by id, others are left out.

    Where a whole account is down, its datasets and lists that are down for the same reason are not told again.
    """
    down = [entry for entry in status.accounts if not entry.is_up and entry.reason != BEGINNING]
    reasons = {entry.account_id: entry.reason for entry in down if entry.account_id}
    known: tuple[DatasetStatus | ListStatus, ...] = (*status.datasets, *status.lists)
    parts = [
        entry
        for entry in known
        if entry.state != "ok"
        and entry.account_id in account_labels
        and not _is_implied(entry.reason, reasons.get(entry.account_id))
    ]
    return (
        *_storage(down),
        *_in_order(_of_account(entry, account_labels) for entry in down if entry.reason != STORAGE),
        *_in_order(_of_part(entry, account_labels) for entry in parts if entry.state == "failing"),
        *_in_order(_of_part(entry, account_labels) for entry in parts if entry.state != "failing"),
        *status.own_problems,
        *_clock(status.clock_offset),
    )


def _is_implied(reason: str, of_account: str | None) -> bool:
    return of_account is not None and reason in _IMPLIED.get(of_account, {of_account})


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Put accounts before tokens and datasets before lists, then by name."""

    def place(problem: Problem) -> tuple[bool, str, bool, str]:
        return problem.part == "token", problem.account, problem.part.startswith("list of "), problem.part

    return sorted(problems, key=place)


def _storage(down: Iterable[AccountStatus]) -> Iterator[Problem]:
    """Give one problem, however many accounts and tokens the ledger could not be written for."""
    unwritten = [entry for entry in down if entry.reason == STORAGE]
    if unwritten:
        first = min(unwritten, key=lambda entry: entry.since or datetime.max.replace(tzinfo=UTC))
        yield Problem("", STORAGE, STORAGE, first.since, first.detail, first.remedy)


def _of_account(entry: AccountStatus, labels: Mapping[str, str]) -> Problem:
    part = "account" if entry.account_id else "token"
    name = labels.get(entry.account_id) or entry.name or entry.account_id
    return Problem(name, part, entry.reason, entry.since, entry.detail, entry.remedy)


def _of_part(entry: DatasetStatus | ListStatus, labels: Mapping[str, str]) -> Problem:
    part = entry.dataset if isinstance(entry, DatasetStatus) else f"list of {entry.kind}"
    return Problem(labels[entry.account_id], part, entry.reason, entry.since, entry.detail, entry.remedy)


def _clock(offset: timedelta | None) -> Iterator[Problem]:
    if offset is not None and abs(offset) > LONGEST_OFFSET:
        direction = "ahead of" if offset > timedelta(0) else "behind"
        detail = f"This machine's clock is {abs(offset).total_seconds():.0f} s {direction} Cloudflare's."
        remedy = "Let this machine set its clock (NTP); nothing is counted by it, but log lines and pages show it."
        yield Problem("", "clock", "offset", None, detail, remedy)


def since_by_labels(problems: Iterable[Problem]) -> dict[tuple[str, str, str, str], float]:
    """Give when each problem began, in Unix seconds, by account, part, reason and remedy; only where that is known."""
    began: dict[tuple[str, str, str, str], float] = {}
    for problem in problems:
        if problem.since is not None:
            key = (problem.account, problem.part, problem.reason, problem.remedy)
            began[key] = min(began.get(key, float("inf")), problem.since.timestamp())
    return began
