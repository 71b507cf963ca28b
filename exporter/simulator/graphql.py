"""GraphQL documents about accounts and zones, answered as JSON text from their selections, without resolvers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakSet

from exporter.simulator.answers import Answers, Circumstances
from exporter.simulator.documents import Documents, Operation, Refused, Selected
from exporter.simulator.faults import Kind, about, first
from exporter.simulator.introspection import describe_schema
from exporter.simulator.plan import max_nodes, max_zone_nodes, missing_fields
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import Unanswerable
from exporter.simulator.requests import Request, ZoneSelection
from exporter.simulator.settings import dataset_settings, selected_fields
from exporter.simulator.state import State
from exporter.simulator.world import AccountModel, TokenModel, Zone


class GraphQLApi:
    """Reads documents and answers them."""

    def __init__(self, state: State, documents: Documents) -> None:
        self._state = state
        self._documents = documents
        self._answers = Answers(state, self._documents.schema)
        self._checked: WeakSet[Operation] = WeakSet()

    def read(self, body: Mapping[str, Any], token: TokenModel, now: datetime) -> Request:
        """Return the request in a POST body. Raises Refused if it is not a valid document."""
        text, name, variables = body.get("query"), body.get("operationName"), body.get("variables") or {}
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise Refused("query contains error: the body must be an object with query and variables")
        operation = self._documents.read(text, name)
        values = self._documents.variables(operation, variables)
        return Request(operation, values, token, self._state.accounts, now)

    def answer(self, request: Request) -> str:
        """Return the answer as JSON. Raises Refused if no part of the document is answered."""
        fault = first(request.faults, Kind.DOCUMENT_ERROR, Kind.BUDGET_ERROR)
        if fault is not None:
            is_budget = fault.kind is Kind.BUDGET_ERROR
            code = "budget" if is_budget else fault.code
            raise Refused(fault.message, status=200 if is_budget else fault.status, code=code)
        self._check_fields(request)
        if request.operation.introspects:
            missing = self._state.world.missing_fields
            described = describe_schema(self._documents.schema, request.operation, request.variables, missing)
            return json.dumps({"data": described, "errors": None})
        self._check_size(request)
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
        for asked in request.asked():
            dataset = DATASETS[asked.selected.name]
            faults = about(request.faults, dataset, asked.account_id, asked.zone_id)
            missing = missing_fields(world, dataset, faults)
            for name in selected_fields(asked.selected):
                if name in missing:
                    raise Refused(f'unknown field "{name.rpartition("_")[2]}"')
        if not is_broken:
            self._checked.add(request.operation)

    def _check_size(self, request: Request) -> None:
        """Refuse a document that names too many zones, or asks too much of accounts or zones."""
        world, faults = self._state.world, request.faults
        if any(len(request.wanted_zones(zones)) > world.limits.max_zones for zones in request.zone_selections()):
            raise Refused("too many zones requested", code="quota")
        is_too_large = len(request.questions()) > max_nodes(world, faults)
        if is_too_large or len(request.zone_questions()) > max_zone_nodes(world, faults):
            raise Refused("in combination, your request queries too many nodes, zones and accounts", status=429)

    def _root(self, request: Request, selected: Selected) -> str:
        if selected.name == "cost":
            return f'"{selected.key}":{max(len(request.questions()) + len(request.zone_questions()), 1)}'
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
        if selected.name == "zones":
            return self._zones(request, ZoneSelection(selected, request.visible()), [viewer])
        answers = []
        for number, account_id in enumerate(request.wanted(selected)):
            path = [viewer, selected.key, str(number)]
            account = self._state.accounts.get(account_id)
            if account is None or not request.token.sees(account_id) or not request.token.may("analytics"):
                request.errors.append(_error("not authorized for that account", path, "authz", request.now))
                request.accounts_refused += 1
                return f'"{selected.key}":null'
            request.accounts_answered += 1
            reached = _reached(request, selected, account.id)
            parts = [self._of_account(request, account, path, child) for child in reached]
            answers.append(f"{{{','.join(parts)}}}")
        return f'"{selected.key}":[{",".join(answers)}]'

    def _of_account(self, request: Request, account: AccountModel, path: list[str], selected: Selected) -> str:
        if selected.name == "accountTag":
            return f'"{selected.key}":"{account.id}"'
        if selected.name == "__typename":
            return f'"{selected.key}":"account"'
        if selected.name == "zones":
            return self._zones(request, ZoneSelection(selected, [account.id]), path)
        return self._of_plan(request, account, None, path, selected)

    def _zones(self, request: Request, zones: ZoneSelection, above: list[str]) -> str:
        """Return the zones of a selection. A zone that is not there, or not the token's, costs all of them."""
        key, there = zones.selected.key, request.zones_of(zones.account_ids)
        wanted = request.wanted_zones(zones)
        foreign = [zone_id for zone_id in wanted if zone_id not in there or not request.token.may("zone_analytics")]
        if foreign:
            message = f"zones [{', '.join(foreign)}] are not authorized"
            request.errors.append(_error(message, [*above, key], "authz", request.now))
            return f'"{key}":null'
        answers = []
        for number, zone_id in enumerate(wanted):
            account, zone = there[zone_id]
            path = [*above, key, str(number)]
            reached = _reached(request, zones.selected, account.id, zone_id)
            parts = [self._of_zone(request, account, zone, path, child) for child in reached]
            answers.append(f"{{{','.join(parts)}}}")
        return f'"{key}":[{",".join(answers)}]'

    def _of_zone(self, request: Request, account: AccountModel, zone: Zone, path: list[str], selected: Selected) -> str:
        if selected.name == "zoneTag":
            return f'"{selected.key}":"{zone.id}"'
        if selected.name == "__typename":
            return f'"{selected.key}":"zone"'
        return self._of_plan(request, account, zone, path, selected)

    def _of_plan(
        self, request: Request, account: AccountModel, zone: Zone | None, path: list[str], selected: Selected
    ) -> str:
        """Return the settings or the rows of an account, or of its ``zone``."""
        if selected.name == "settings":
            schema, world = self._documents.schema, self._state.world
            settings = dataset_settings(schema, world, account, selected, request.faults, zone=zone)
            return f'"{selected.key}":{json.dumps(settings)}'
        try:
            circumstances = Circumstances(request.at, request.number, request.variables, request.faults)
            rows = self._answers.rows(selected, account, circumstances, zone)
        except Unanswerable as error:
            request.errors.append(_error(str(error), [*path, selected.key], error.code, request.now))
            return f'"{selected.key}":null'
        return f'"{selected.key}":[{",".join(rows)}]'


def _reached(request: Request, owners: Selected, account_id: str, zone_id: str = "") -> Iterator[Selected]:
    """Yield the selections of an account or a zone through the first whose error empties the rest."""
    for child in owners.children:
        yield child
        if request.faults and child.name in DATASETS:
            faults = about(request.faults, DATASETS[child.name], account_id, zone_id)
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
