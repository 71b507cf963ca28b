"""The simulator's schema against Cloudflare's."""

from importlib.resources import files

from graphql import DocumentNode, EnumTypeDefinitionNode, Node, TypeDefinitionNode, parse, print_ast

from tests.schema import parse_cloudflare_types


def by_name(document: DocumentNode) -> dict[str, TypeDefinitionNode]:
    """The types that a document defines."""
    return {node.name.value: node for node in document.definitions if isinstance(node, TypeDefinitionNode)}


OURS = by_name(parse(files("exporter.simulator").joinpath("schema.graphql").read_text(encoding="utf-8")))


def members(definition: Node) -> dict[str, str]:
    """The fields with their arguments and types, or the values, of a definition."""
    if isinstance(definition, EnumTypeDefinitionNode):
        return {value.name.value: "" for value in definition.values}
    described = {}
    for field in getattr(definition, "fields", ()):
        arguments = sorted(
            f"{entry.name.value}: {print_ast(entry.type)}" for entry in getattr(field, "arguments", None) or ()
        )
        described[field.name.value] = f"({', '.join(arguments)}): {print_ast(field.type)}"
    return described


def test_every_member_is_cloudflares() -> None:
    """Each type, field, argument, input field and enum value of the simulator exists at Cloudflare, with its type."""
    real = by_name(parse_cloudflare_types(OURS))
    assert set(real) == set(OURS)
    for name, definition in OURS.items():
        theirs, ours = members(real[name]), members(definition)
        assert definition.kind == real[name].kind
        assert {member: theirs.get(member) for member in ours} == ours


def test_only_selected_types_lack_members() -> None:
    """Beside the roots and their settings, and `confidence`, types are complete, so nothing is refused by mistake."""
    real = by_name(parse_cloudflare_types(OURS))
    for name in OURS.keys() - {"account", "zone", "viewer", "AccountSettings", "ZoneSettings"}:
        assert set(members(real[name])) - {"confidence"} == set(members(OURS[name]))
