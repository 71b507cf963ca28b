"""Answers one question about one dataset of an account: limits, faults, rows, sampling, order and page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from graphql import GraphQLSchema

from exporter.simulator.dataset import Dataset
from exporter.simulator.documents import Selected, argument
from exporter.simulator.faults import Fault, Kind, first
from exporter.simulator.filters import BEGINNING, END, Condition, read_filter
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import Question, Unanswerable
from exporter.simulator.state import State
from exporter.simulator.usage import Ask, Key
from exporter.simulator.world import AccountModel

_FIRST_MINUTES = 2
_NEWEST_FIRST = frozenset({"datetimeMinute_DESC", "datetime_DESC"})

Rows = dict[Key, list[int]]


@dataclass(frozen=True)
class Circumstances:
    """When a question is asked (epoch seconds), with which variables, and what goes wrong."""

    at: int
    variables: Mapping[str, Any]
    faults: Sequence[Fault]


@dataclass(frozen=True)
class _Arguments:
    condition: Condition
    limit: int
    order: Sequence[str]


class Answers:
    """Answers questions; each selection of a document is prepared once."""

    def __init__(self, state: State, schema: GraphQLSchema) -> None:
        self._state = state
        self._schema = schema
        self._questions: WeakKeyDictionary[Selected, Question] = WeakKeyDictionary()

    def rows(self, selected: Selected, account: AccountModel, circumstances: Circumstances) -> list[str]:
        """The rows as JSON objects. Raises Unanswerable if Cloudflare would refuse this question."""
        question = self._questions.get(selected)
        if question is None:
            question = Question(DATASETS[selected.name], self._schema).prepare(selected.children)
            self._questions[selected] = question
        dataset = question.dataset
        if dataset.name in account.disabled_datasets:
            raise Unanswerable(f"account {account.id} does not have access to the path {dataset.name}", "authz")
        faults = [fault for fault in circumstances.faults if _is_about(fault, dataset, account)]
        broken = first(faults, Kind.ALIAS_ERROR)
        if broken is not None:
            raise Unanswerable(broken.message, broken.code)
        arguments = self._arguments(selected, question, circumstances)
        sorts = [question.order(name) for name in arguments.order]
        if first(faults, Kind.EMPTY) is not None:
            return []
        rows, interval = self._evaluate(account, question, arguments, circumstances.at)
        lower = first(faults, Kind.LOWER)
        if lower is not None:
            rows = _lowered(rows, lower.fraction)
        items = list(rows.items())
        for sort, is_down in reversed(sorts):
            items.sort(key=lambda item: sort(*item), reverse=is_down)
        return [question.printed(key, row, interval) for key, row in items[: arguments.limit]]

    def _arguments(self, selected: Selected, question: Question, circumstances: Circumstances) -> _Arguments:
        variables = circumstances.variables
        given = argument(selected.arguments.get("filter"), variables) or {}
        condition = read_filter(given, question.dataset.dimensions)
        limit = argument(selected.arguments.get("limit"), variables)
        order = argument(selected.arguments.get("orderBy"), variables) or []
        self._check_limits(question, condition, limit, circumstances.at)
        return _Arguments(condition, limit, order if isinstance(order, list) else [order])

    def _check_limits(self, question: Question, condition: Condition, limit: Any, at: int) -> None:
        limits = self._state.world.limits
        if not isinstance(limit, int) or not 0 < limit <= limits.max_page_size:
            raise Unanswerable(f"limit must be positive number and not greater than {limits.max_page_size}")
        if question.fields > limits.max_fields:
            raise Unanswerable(f"number of fields can't be more than {limits.max_fields}")
        oldest = int(question.dataset.not_older_than.total_seconds())
        if condition.lo == BEGINNING or condition.lo * 60 < at - oldest:
            since = "the beginning of time" if condition.lo == BEGINNING else _rfc3339(condition.lo * 60)
            raise Unanswerable(f"cannot request data older than {oldest}s, requested {since}")
        until = at if condition.hi == END else condition.hi * 60
        widest = int(limits.max_duration.total_seconds())
        if until - condition.lo * 60 > widest:
            raise Unanswerable(f"query time range is too large: cannot request a time range wider than {widest}s")

    def _evaluate(self, account: AccountModel, question: Question, arguments: _Arguments, at: int) -> tuple[Rows, int]:
        condition, dataset = arguments.condition, question.dataset
        ask = Ask(
            dataset,
            condition.lo,
            min(condition.hi, at // 60 + 1),
            question.step,
            question.dimension_indices(),
            tuple(question.measures),
            condition.accepts if condition.tests else None,
            condition.accepts_minute if condition.minute_tests else None,
        )
        usage = self._state.usage(account.id)
        sampling = self._state.world.sampling.get(dataset.name)
        if sampling is not None and (ask.hi - ask.lo) * 60 > sampling.wider_than.total_seconds():
            return _sampled(usage.rows(ask, at), sampling.interval), sampling.interval
        is_newest_first = question.step == 1 and bool(arguments.order) and arguments.order[0] in _NEWEST_FIRST
        if not is_newest_first or dataset.levels is not None:
            return usage.rows(ask, at), 1
        rows: Rows = {}
        width, end = _FIRST_MINUTES, ask.hi
        while end > ask.lo and len(rows) < arguments.limit:
            start = max(end - width, ask.lo)
            rows.update(usage.rows(ask.between(start, end), at))
            width, end = width * 2, start
        return rows, 1


def _is_about(fault: Fault, dataset: Dataset, account: AccountModel) -> bool:
    return (
        fault.dataset in (None, dataset.name)
        and fault.product in (None, dataset.product)
        and fault.account in (None, account.id)
    )


def _sampled(rows: Rows, interval: int) -> Rows:
    """What remains of rows when one event in `interval` is kept and scaled up again."""
    estimates = {key: [(value + interval // 2) // interval * interval for value in row] for key, row in rows.items()}
    return {key: row for key, row in estimates.items() if row[0]}


def _lowered(rows: Rows, thousandths: int) -> Rows:
    lowered = {key: [value * thousandths // 1_000 for value in row] for key, row in rows.items()}
    return {key: row for key, row in lowered.items() if row[0]}


def _rfc3339(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
