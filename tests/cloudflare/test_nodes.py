"""Nodes of GraphQL answers as they should not be."""

from typing import Any

import pytest

from exporter.cloudflare.nodes import find_errors


@pytest.mark.parametrize(
    ("errors", "messages"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ([{"message": "denied"}, "refused"], ["denied", "refused"]),
        ("denied", ["denied"]),
        ({"message": "denied"}, ["denied"]),
        (7.5, ["7.5"]),
    ],
)
def test_errors_are_found_in_any_form(errors: Any, messages: list[str]) -> None:
    """A list, as the specification has it, a single one, or what is no object at all."""
    assert [error["message"] for error in find_errors({"errors": errors})] == messages
