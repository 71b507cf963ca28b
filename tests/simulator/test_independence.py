"""The simulator shares nothing with the exporter."""

import ast
from pathlib import Path

import exporter.simulator

ALLOWED = ("exporter.simulator", "graphql", "pydantic", "uvicorn")


def test_imports() -> None:
    """No module of the simulator imports another room of the exporter, or an HTTP client."""
    folder = Path(exporter.simulator.__file__).parent
    for module in folder.rglob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        foreign = {name for name in names if name and name.split(".")[0] in {"exporter", "httpx", "sqlite3", "yaml"}}
        assert all(name.startswith(ALLOWED) for name in foreign), module
