"""GraphQL documents about accounts, answered as JSON text from their selections, without resolvers."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakSet

from graphql import execute

from exporter.simulator.answers import Answers, Circumstances
from exporter.simulator.documents import Documents, Operation, Refused, Selected, argument
from exporter.simulator.faults import Fault, Kind, about, first
from exporter.simulator.plan import max_nodes, missing_fields
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import Unanswerable
from exporter.simulator.settings import dataset_settings, selected_fields
from exporter.simulator.state import State
from exporter.simulator.world import AccountModel, TokenModel


@dataclass(eq=False)
class Request:
    """A document with its variables, sent by a token's holder at a time; ``existing`` are all existing accounts.

    ``number`` identifies the request, ``faults`` are those that affect it.
    """

    operation: Operation
    variables: Mapping[str, Any]
    token: TokenModel
    existing: Collection[str]
    now: datetime
    budget: int
    number: int = 0
    faults: Sequence[Fault] = ()
    errors: list[dict[str, Any]] = field(default_factory=list)
    accounts_refused: int = 0
    accounts_answered: int = 0

    @property
    def at(self) -> int:
        """Return the time of the request in epoch seconds."""
        return int(self.now.timestamp())

    def account_selections(self) -> list[Selected]:
        """Return the ``accounts`` that the document selects."""
        viewers = [field for field in self.operation.selected if field.name == "viewer"]
        return [field for viewer in viewers for field in viewer.children if field.name == "accounts"]

    def wanted(self, accounts: Selected) -> list[str]:
        """Return the account that a selection names, or all that the token can see if it names none."""
        chosen = argument(accounts.arguments.get("filter"), self.variables)
        if chosen and "accountTag" in chosen:
            return [chosen["accountTag"]]
        return [account_id for account_id in self.existing if self.token.sees(account_id)]

    def account_ids(self) -> list[str]:
        """Return the accounts that the document queries."""
        return [account_id for accounts in self.account_selections() for account_id in self.wanted(accounts)]

    def questions(self) -> list[Selected]:
        """Return the questions of the document: its selections of datasets."""
        fields = (field for accounts in self.account_selections() for field in accounts.children)
        return [field for field in fields if field.name in DATASETS]

    def settings(self) -> list[str]:
        """Return the datasets whose settings the document queries."""
        nodes = (field for accounts in self.account_selections() for field in accounts.children)
        fields = (field.name for node in nodes if node.name == "settings" for field in node.children)
        return [name for name in fields if name in DATASETS]


class GraphQLApi:
    """Reads documents and answers them."""

    def __init__(self, state: State, documents: Documents) -> None:
        self._state = state
        self._documents = documents
        self._answers = Answers(state, self._documents.schema)
        self._checked: WeakSet[Operation] = WeakSet()

    def read(self, body: Mapping[str, Any], token: TokenModel, now: datetime, budget: int) -> Request:
        """Return the request in a POST body. Raises Refused if it is not a valid document."""
        text, name, variables = body.get("query"), body.get("operationName"), body.get("variables") or {}
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise Refused("query contains error: the body must be an object with query and variables")
        operation = self._documents.read(text, name)
        values = self._documents.variables(operation, variables)
        return Request(operation, values, token, self._state.accounts, now, budget)

    def answer(self, request: Request) -> str:
        """Return the answer as JSON. Raises Refused if no part of the document is answered."""
        fault = first(request.faults, Kind.DOCUMENT_ERROR, Kind.BUDGET_ERROR)
        if fault is not None:
            is_budget = fault.kind is Kind.BUDGET_ERROR
            code = "budget" if is_budget else fault.code
            raise Refused(fault.message, status=200 if is_budget else fault.status, code=code)
        self._check_fields(request)
        if request.operation.introspects:
            result = execute(
                self._documents.schema, request.operation.document, variable_values=dict(request.variables)
            )
            return json.dumps({"data": getattr(result, "data", None), "errors": None})
        if len(request.questions()) > max_nodes(self._state.world, request.faults):
            raise Refused("in combination, your request queries too many nodes, zones and accounts", status=429)
        data = ",".join(self._root(request, selected) for selected in request.operation.selected)
        if request.accounts_refused and not request.accounts_answered:
            return error_body(request.errors)
        errors = json.dumps(request.errors) if request.errors else "null"
        return f'{{"data":{{{data}}},"errors":{errors}}}'

    def _check_fields(self, request: Request) -> None:
        """Refuse a document that selects an unknown field."""
        world = self._state.world
        is_broken = first(request.faults, Kind.MISSING_FIELD) is not None
        if not is_broken and (not world.missing_fields or request.operation in self._checked):
            return
        for accounts in request.account_selections():
            for question in accounts.children:
                if question.name not in DATASETS:
                    continue
                dataset, wanted = DATASETS[question.name], request.wanted(accounts)
                faults = [fault for account_id in wanted for fault in about(request.faults, dataset, account_id)]
                missing = missing_fields(world, dataset, faults)
                for name in selected_fields(question):
                    if name in missing:
                        raise Refused(f'unknown field "{name.rpartition("_")[2]}"')
        if not is_broken:
            self._checked.add(request.operation)

    def _root(self, request: Request, selected: Selected) -> str:
        if selected.name == "cost":
            return f'"{selected.key}":{max(len(request.questions()), 1)}'
        if selected.name == "__typename":
            return f'"{selected.key}":"Query"'
        parts = [self._of_viewer(request, selected.key, child) for child in selected.children]
        return f'"{selected.key}":{{{",".join(parts)}}}'

    def _of_viewer(self, request: Request, viewer: str, selected: Selected) -> str:
        if selected.name == "budget":
            return f'"{selected.key}":{request.budget}'
        if selected.name == "__typename":
            return f'"{selected.key}":"viewer"'
        if first(request.faults, Kind.ACCOUNTS_EMPTY) is not None:
            return f'"{selected.key}":[]'
        answers = []
        for number, account_id in enumerate(request.wanted(selected)):
            path = [viewer, selected.key, str(number)]
            account = self._state.accounts.get(account_id)
            if account is None or not request.token.sees(account_id) or not request.token.may("analytics"):
                request.errors.append(_error("not authorized for that account", path, "authz", request.now))
                request.accounts_refused += 1
                return f'"{selected.key}":null'
            request.accounts_answered += 1
            parts = [self._of_account(request, account, path, child) for child in _reached(request, account, selected)]
            answers.append(f"{{{','.join(parts)}}}")
        return f'"{selected.key}":[{",".join(answers)}]'

    def _of_account(self, request: Request, account: AccountModel, path: list[str], selected: Selected) -> str:
        if selected.name == "accountTag":
            return f'"{selected.key}":"{account.id}"'
        if selected.name == "__typename":
            return f'"{selected.key}":"account"'
        if selected.name == "settings":
            schema, world = self._documents.schema, self._state.world
            settings = dataset_settings(schema, world, account, selected, request.faults)
            return f'"{selected.key}":{json.dumps(settings)}'
        try:
            circumstances = Circumstances(request.at, request.number, request.variables, request.faults)
            rows = self._answers.rows(selected, account, circumstances)
        except Unanswerable as error:
            request.errors.append(_error(str(error), [*path, selected.key], error.code, request.now))
            return f'"{selected.key}":null'
        return f'"{selected.key}":[{",".join(rows)}]'


def _reached(request: Request, account: AccountModel, accounts: Selected) -> Iterator[Selected]:
    """Yield the selections of an account through the first whose error empties the rest."""
    for child in accounts.children:
        yield child
        if request.faults and child.name in DATASETS:
            faults = about(request.faults, DATASETS[child.name], account.id)
            if first(faults, Kind.PARTIAL) is not None:
                return


def error_body(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return the answer to a document of which no part is answered."""
    return json.dumps({"data": None, "errors": list(errors)})


def refusal_body(refusal: Refused, now: datetime) -> str:
    """Return the answer to a refused document."""
    return error_body([_error(message, None, refusal.code, now) for message in refusal.messages])


def _error(message: str, path: Sequence[str] | None, code: str | None, now: datetime) -> dict[str, Any]:
    extensions = {"timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    if code is not None:
        extensions["code"] = code
    return {"message": message, "path": path, "extensions": extensions}
