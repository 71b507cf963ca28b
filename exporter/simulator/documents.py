"""GraphQL documents: each text is parsed and validated once, and flattened into the fields that it selects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeNode,
    ValueNode,
    VariableNode,
    build_schema,
    parse,
    validate,
    value_from_ast_untyped,
)

from exporter.simulator.scalars import SCALARS, install_scalars

_MOST_DOCUMENTS = 500


class Refused(Exception):
    """A document is refused as a whole: ``status`` is the HTTP status, ``code`` goes to ``extensions`` if known."""

    def __init__(self, *messages: str, status: int = 400, code: str | None = None) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages
        self.status = status
        self.code = code


@dataclass(eq=False)
class Selected:
    """A field that a document selects, with its key in the answer."""

    key: str
    name: str
    arguments: Mapping[str, ValueNode]
    children: list["Selected"] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Operation:
    """A valid operation. It ``introspects`` if it queries the schema instead of data."""

    document: DocumentNode
    node: OperationDefinitionNode
    selected: Sequence[Selected]
    introspects: bool


def load_schema() -> GraphQLSchema:
    """Return the schema that the simulated Cloudflare serves."""
    schema = build_schema(files("exporter.simulator").joinpath("schema.graphql").read_text(encoding="utf-8"))
    install_scalars(schema)
    return schema


class Documents:
    """A reader of documents for the simulator's schema, each text once. Simulators may share one."""

    def __init__(self) -> None:
        self.schema = load_schema()
        self._read: dict[tuple[str, str | None], Operation | Refused] = {}

    def read(self, text: str, operation_name: str | None) -> Operation:
        """Return the operation of a document. Raises Refused with Cloudflare's message if it is not valid."""
        known = self._read.get((text, operation_name))
        if known is None:
            try:
                known = self._parse(text, operation_name)
            except Refused as refusal:
                known = refusal
            if len(self._read) >= _MOST_DOCUMENTS:
                self._read.clear()
            self._read[text, operation_name] = known
        if isinstance(known, Refused):
            raise Refused(*known.messages, status=known.status, code=known.code)
        return known

    def _parse(self, text: str, operation_name: str | None) -> Operation:
        try:
            document = parse(text, no_location=False)
        except GraphQLError as error:
            raise Refused(f"query contains error: {error.message}") from error
        errors = validate(self.schema, document)
        if errors:
            raise Refused(*(_in_cloudflares_words(error.message) for error in errors))
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        chosen = [node for node in operations if operation_name in (None, node.name.value if node.name else "")]
        if len(chosen) != 1 or chosen[0].operation is not OperationType.QUERY:
            raise Refused("query contains error: exactly one query must be chosen")
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        selected = _flatten([chosen[0].selection_set], fragments)
        introspects = any(entry.name in {"__schema", "__type"} for entry in selected)
        return Operation(document, chosen[0], selected, introspects)

    def variables(self, operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of an operation's variables. Raises Refused if one is missing or has a wrong type."""
        values: dict[str, Any] = {}
        for definition in operation.node.variable_definitions or ():
            name = definition.variable.name.value
            if name in given:
                try:
                    self._check(definition.type, given[name])
                except ValueError as error:
                    raise Refused(f"error parsing args: variable {name}: {error}") from error
                values[name] = given[name]
            elif definition.default_value is not None:
                values[name] = value_from_ast_untyped(definition.default_value)
            elif isinstance(definition.type, NonNullTypeNode):
                raise Refused(f"error parsing args: variable {name} is missing")
        return values

    def _check(self, node: TypeNode, value: Any) -> None:
        if isinstance(node, NonNullTypeNode):
            if value is None:
                raise ValueError("is null")
            self._check(node.type, value)
        elif value is None:
            return
        elif isinstance(node, ListTypeNode):
            for entry in value if isinstance(value, list) else [value]:
                self._check(node.type, entry)
        elif isinstance(node, NamedTypeNode):
            self._check_named(node.name.value, value)

    def _check_named(self, name: str, value: Any) -> None:
        if name in SCALARS:
            SCALARS[name](value)
            return
        declared = self.schema.type_map[name]
        if isinstance(declared, GraphQLInputObjectType):
            if not isinstance(value, dict):
                raise ValueError("is not an object")
            for key, entry in value.items():
                known = declared.fields.get(key)
                if known is None:
                    raise ValueError(f"unknown field {key}")
                if known.ast_node is not None:
                    self._check(known.ast_node.type, entry)
        elif not isinstance(declared, GraphQLEnumType) or value not in declared.values:
            raise ValueError(f"{value!r} is not one of {name}")


def argument(node: ValueNode | None, variables: Mapping[str, Any]) -> Any:
    """Return the value of an argument; None if it is absent, null or a variable without a value."""
    if node is None:
        return None
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    if isinstance(node, ObjectValueNode):
        return {entry.name.value: argument(entry.value, variables) for entry in node.fields}
    if isinstance(node, ListValueNode):
        return [argument(entry, variables) for entry in node.values]
    return value_from_ast_untyped(node)


def _in_cloudflares_words(message: str) -> str:
    """Return a validation error with its prefix (https://developers.cloudflare.com/analytics/graphql-api/errors/)."""
    if message.startswith("Cannot query field"):
        return f"unknown field: {message}"
    if "must not have a selection" in message:
        return f"scalar fields must have no selections: {message}"
    if "must have a selection" in message:
        return f"object field must have selections: {message}"
    if message.startswith(("Field", "Unknown argument", "Value", "Expected", "Enum", "Variable", "Argument")):
        return f"error parsing args: {message}"
    return f"query contains error: {message}"


def _flatten(sets: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> list[Selected]:
    selected: dict[str, Selected] = {}
    below: dict[str, list[SelectionSetNode]] = {}
    for node in _fields(sets, fragments):
        key = node.alias.value if node.alias else node.name.value
        if key not in selected:
            arguments = {entry.name.value: entry.value for entry in node.arguments}
            selected[key] = Selected(key, node.name.value, arguments)
        if node.selection_set is not None:
            below.setdefault(key, []).append(node.selection_set)
    for key, nested in below.items():
        selected[key].children = _flatten(nested, fragments)
    return list(selected.values())


def _fields(sets: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    for node in (node for selections in sets for node in selections.selections):
        if node.directives:
            raise Refused("query contains error: directives are not supported")
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields([node.selection_set], fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields([fragments[node.name.value].selection_set], fragments)
