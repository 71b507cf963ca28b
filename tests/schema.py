"""Cloudflare's real GraphQL schema, which is too large and not ours to keep in the repository."""

import os
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest
from graphql import DocumentNode, GraphQLSchema, build_schema, parse

_BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "reference" / "cloudflare-schema.graphql"


def schema_path() -> Path:
    """The schema's file. Skips the test if there is none; where CI is set, a skip is a failure."""
    path = Path(os.environ.get("CLOUDFLARE_SCHEMA", _BESIDE_THE_REPOSITORY))
    if not path.is_file():
        pytest.skip(f"Cloudflare's GraphQL schema is not at {path}; CLOUDFLARE_SCHEMA may name another place")
    return path


@cache
def load_cloudflare_schema() -> GraphQLSchema:
    """The whole schema, for validating documents against it. The first call takes some seconds."""
    return build_schema(_text(), assume_valid=True, no_location=True)


def parse_cloudflare_types(names: Collection[str]) -> DocumentNode:
    """The definitions of some types only, in a fraction of a second."""
    definitions = re.findall(r"^(?:(?:type|input|enum) \w+ \{\n.*?^\}|scalar \w+)$", _text(), re.DOTALL | re.MULTILINE)
    wanted = [definition for definition in definitions if definition.split()[1] in names]
    return parse("\n".join(wanted), no_location=True)


@cache
def _text() -> str:
    return schema_path().read_text(encoding="utf-8")
