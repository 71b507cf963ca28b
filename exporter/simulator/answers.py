"""Answers to single questions about a dataset of an account or a zone: plan, faults, rows, sampling, order, page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from graphql import GraphQLSchema

from exporter.simulator.documents import Selected, argument
from exporter.simulator.faults import Fault, Kind, about, first
from exporter.simulator.filters import BEGINNING, END, Condition, of_zone, read_filter
from exporter.simulator.plan import Plan, plan_of
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import Question, Unanswerable
from exporter.simulator.sampling import Rows, reported_interval, sampled
from exporter.simulator.state import State
from exporter.simulator.usage import Ask
from exporter.simulator.world import AccountModel, Zone

_FIRST_MINUTES = 2
_NEWEST_FIRST = frozenset({"datetimeMinute_DESC", "datetime_DESC"})


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of a question: its time (epoch seconds), request, variables and faults."""

    at: int
    request_number: int
    variables: Mapping[str, Any]
    faults: Sequence[Fault]


@dataclass(frozen=True)
class _Arguments:
    condition: Condition
    limit: int
    order: Sequence[str]


class Answers:
    """Answers questions; each selection of a document is prepared only once."""

    def __init__(self, state: State, schema: GraphQLSchema) -> None:
        self._state = state
        self._schema = schema
        self._questions: WeakKeyDictionary[Selected, Question] = WeakKeyDictionary()

    def rows(
        self, selected: Selected, account: AccountModel, circumstances: Circumstances, zone: Zone | None = None
    ) -> list[str]:
        """Return the rows of an account, or of its ``zone``, as JSON objects.

        Raises Unanswerable if Cloudflare would refuse this question.
        """
        question = self._questions.get(selected)
        if question is None:
            question = Question(DATASETS[selected.name], self._schema).prepare(selected.children)
            self._questions[selected] = question
        dataset = question.dataset
        faults = about(circumstances.faults, dataset, account.id, "" if zone is None else zone.id)
        plan = plan_of(self._state.world, zone or account, dataset, faults)
        if not plan.is_enabled:
            who = f"account {account.id}" if zone is None else f"zone {zone.id}"
            raise Unanswerable(f"{who} does not have access to the path {dataset.name}", "authz")
        broken = first(faults, Kind.ALIAS_ERROR, Kind.PARTIAL)
        if broken is not None:
            raise Unanswerable(broken.message, broken.code)
        arguments = _arguments(selected, question, plan, circumstances)
        if zone is not None:
            arguments = replace(arguments, condition=of_zone(arguments.condition, zone.id))
        sorts = [question.order(name) for name in arguments.order]
        if first(faults, Kind.EMPTY) is not None:
            return []
        stale = first(faults, Kind.STALE)
        visible_at = circumstances.at - (0 if stale is None else int(stale.seconds))
        rows, interval = self._evaluate(account, question, arguments, circumstances, visible_at)
        lower = first(faults, Kind.LOWER)
        if lower is not None:
            rows = _lowered(rows, lower.fraction)
        items = list(rows.items())
        for sort, is_down in reversed(sorts):
            items.sort(key=lambda item: sort(*item), reverse=is_down)
        return [question.printed(key, row, interval) for key, row in items[: arguments.limit]]

    def _evaluate(
        self,
        account: AccountModel,
        question: Question,
        arguments: _Arguments,
        circumstances: Circumstances,
        visible_at: int,
    ) -> tuple[Rows, int]:
        condition, dataset = arguments.condition, question.dataset
        ask = Ask(
            dataset,
            condition.lo,
            min(condition.hi, circumstances.at // 60 + 1),
            question.step,
            question.dimension_indices(),
            tuple(question.measures),
            condition.accepts if condition.tests else None,
            condition.accepts_minute if condition.minute_tests else None,
        )
        usage = self._state.usage(account.id)
        world = self._state.world
        sampling = None if dataset.levels is not None else world.sampling.get(dataset.name)
        if sampling is not None and (ask.hi - ask.lo) * 60 > sampling.wider_than.total_seconds():
            salt = f"{world.seed}/{circumstances.request_number}/{dataset.name}/{ask.lo}/{ask.hi}"
            return sampled(usage.rows(ask, visible_at), sampling, salt), reported_interval(sampling)
        is_newest_first = question.step == 1 and bool(arguments.order) and arguments.order[0] in _NEWEST_FIRST
        if not is_newest_first or dataset.levels is not None:
            return usage.rows(ask, visible_at), 1
        rows: Rows = {}
        width, end = _FIRST_MINUTES, ask.hi
        while end > ask.lo and len(rows) < arguments.limit:
            start = max(end - width, ask.lo)
            rows.update(usage.rows(ask.between(start, end), visible_at))
            width, end = width * 2, start
        return rows, 1


def _arguments(selected: Selected, question: Question, plan: Plan, circumstances: Circumstances) -> _Arguments:
    variables = circumstances.variables
    given = argument(selected.arguments.get("filter"), variables) or {}
    condition = read_filter(given, question.dataset.dimensions)
    limit = argument(selected.arguments.get("limit"), variables)
    order = argument(selected.arguments.get("orderBy"), variables) or []
    _check_plan(plan, question, condition, limit, circumstances.at)
    return _Arguments(condition, limit, order if isinstance(order, list) else [order])


def _check_plan(plan: Plan, question: Question, condition: Condition, limit: Any, at: int) -> None:
    if not isinstance(limit, int) or not 0 < limit <= plan.max_page_size:
        raise Unanswerable(f"limit must be positive number and not greater than {plan.max_page_size}")
    if question.fields > plan.max_fields:
        raise Unanswerable(f"number of fields can't be more than {plan.max_fields}")
    if condition.lo == BEGINNING or condition.lo * 60 < at - plan.not_older_than:
        since = "the beginning of time" if condition.lo == BEGINNING else _rfc3339(condition.lo * 60)
        raise Unanswerable(f"cannot request data older than {plan.not_older_than}s, requested {since}")
    until = at if condition.hi == END else condition.hi * 60
    if until - condition.lo * 60 > plan.max_duration:
        raise Unanswerable(
            f"query time range is too large: cannot request a time range wider than {plan.max_duration}s"
        )


def _lowered(rows: Rows, thousandths: int) -> Rows:
    lowered = {key: [value * thousandths // 1_000 for value in row] for key, row in rows.items()}
    return {key: row for key, row in lowered.items() if row[0]}


def _rfc3339(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
