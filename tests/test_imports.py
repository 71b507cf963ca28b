"""Imports point one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import exporter

PACKAGE = Path(exporter.__file__).parent

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "billing": set(),
    "catalog": set(),
    "clock": set(),
    "logs": set(),
    "model": set(),
    "simulator": set(),
    "alerts": {"catalog", "clock", "model"},
    "cloudflare": {"billing", "catalog", "clock", "model"},
    "pricing": {"billing", "catalog", "model"},
    "status": {"model"},
    "config": {"catalog", "model", "alerts", "pricing"},
    "alertmanager": {"model", "config"},
    "ledger": {"billing", "catalog", "model", "config"},
    "web": {"clock", "model", "status", "config"},
    "costs": {"billing", "catalog", "model", "pricing", "ledger"},
    "metrics": {"billing", "catalog", "model", "alerts", "pricing", "status", "config", "ledger", "costs"},
    "poller": {"billing", "catalog", "clock", "model", "cloudflare", "status", "config", "ledger", "costs", "metrics"},
    "views": {"catalog", "model", "pricing", "status", "ledger", "costs", "metrics"},
    "check": {"billing", "catalog", "clock", "model", "cloudflare", "config", "ledger", "poller"},
    "exposition": {"catalog", "clock", "model", "alerts", "status", "costs", "metrics", "views"},
    "app": {
        "billing",
        "catalog",
        "clock",
        "alerts",
        "cloudflare",
        "pricing",
        "config",
        "ledger",
        "web",
        "costs",
        "metrics",
        "poller",
        "views",
        "check",
        "exposition",
    },
    "runtime": {"clock", "model", "web", "app"},
    "cli": {
        "catalog",
        "clock",
        "logs",
        "model",
        "simulator",
        "pricing",
        "config",
        "alertmanager",
        "ledger",
        "web",
        "costs",
        "metrics",
        "views",
        "check",
        "app",
        "runtime",
    },
    "__main__": {"cli"},
}
"""What each room may import beside itself and the version."""


def modules(room: str) -> list[Path]:
    """The files of a room."""
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def imported(module: Path) -> Iterator[str]:
    """The full names that a file imports; a relative import is none of ours."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(module: Path) -> set[str]:
    """The rooms of the exporter that a file imports from."""
    names = [name.split(".") for name in imported(module)]
    return {parts[1] for parts in names if parts[0] == "exporter" and parts[1:] != ["__version__"]}


def test_every_room_has_its_place() -> None:
    """A new room has to say what it may import."""
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert there == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    """No file of a room imports from a room above or beside it."""
    wrong = {module.name: rooms_of(module) - MAY_IMPORT[room] - {room} for module in modules(room)}
    assert {name: rooms for name, rooms in wrong.items() if rooms} == {}


def test_only_the_command_line_knows_the_simulator() -> None:
    """What serves real accounts never touches the simulated one."""
    assert [room for room, allowed in MAY_IMPORT.items() if "simulator" in allowed] == ["cli"]


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("sqlite3", {"ledger"}),
        ("graphql", {"simulator"}),
        ("yaml", {"config", "alertmanager", "web"}),
        ("tomllib", {"pricing"}),
        ("argparse", {"cli"}),
        ("starlette", {"exposition", "web"}),
        ("uvicorn", {"web", "simulator"}),
        ("bcrypt", {"web"}),
        ("ssl", {"web"}),
        ("prometheus_client", {"exposition"}),
        ("tenacity", {"cloudflare"}),
    ],
)
def test_a_library_has_its_room(library: str, rooms: set[str]) -> None:
    """What a library is for happens in one place; the composition root may name the types that it wires."""
    users = {
        other
        for other in MAY_IMPORT
        for module in modules(other)
        if any(name.split(".")[0] == library for name in imported(module))
    }
    assert users - {"app"} == rooms


def test_only_the_clients_ask_over_the_network() -> None:
    """The HTTP client is used where Cloudflare or a Prometheus is asked, and built where everything is wired."""
    users = [
        module.relative_to(PACKAGE).as_posix()
        for room in MAY_IMPORT
        for module in modules(room)
        if any(name.split(".")[0] == "httpx" for name in imported(module))
    ]
    assert sorted(users) == ["alerts/client.py", "app.py", "cloudflare/client.py", "poller/tokens.py"]
