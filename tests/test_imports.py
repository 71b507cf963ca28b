"""Imports point one way, without a circle, and each library has its room."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import exporter

PACKAGE = Path(exporter.__file__).parent

MAY_IMPORT: Mapping[str, set[str]] = {
    "__init__": set(),
    "model": set(),
    "clock": set(),
    "logs": set(),
    "nearest": set(),
    "billing": set(),
    "simulator": set(),
    "status": {"model"},
    "catalog": {"model"},
    "cloudflare": {"model", "clock", "logs", "billing", "catalog"},
    "ledger": {"model", "logs", "billing", "catalog"},
    "pricing": {"model", "billing", "catalog"},
    "alerts": {"model", "clock", "catalog"},
    "config": {"model", "nearest", "catalog", "pricing", "alerts"},
    "costs": {"model", "logs", "nearest", "billing", "catalog", "ledger", "pricing"},
    "metrics": {"model", "status", "catalog", "ledger", "pricing", "alerts", "config", "costs"},
    "alertmanager": {"model", "catalog", "alerts", "config"},
    "web": {"model", "clock", "logs", "status", "config"},
    "views": {"model", "status", "catalog", "ledger", "pricing", "costs", "metrics"},
    "poller": {
        "model",
        "clock",
        "logs",
        "billing",
        "status",
        "catalog",
        "cloudflare",
        "ledger",
        "pricing",
        "config",
        "costs",
        "metrics",
    },
    "sources": {"model", "status", "pricing", "alerts", "metrics"},
    "exposition": {"model", "clock", "nearest", "status", "catalog", "alerts", "costs", "metrics", "views"},
    "check": {"model", "clock", "billing", "catalog", "cloudflare", "ledger", "config", "poller"},
    "app": {
        "clock",
        "catalog",
        "cloudflare",
        "ledger",
        "pricing",
        "alerts",
        "config",
        "costs",
        "metrics",
        "web",
        "views",
        "poller",
        "sources",
        "exposition",
        "check",
    },
    "runtime": {"model", "clock", "web", "app"},
    "cli": {
        "model",
        "clock",
        "logs",
        "nearest",
        "simulator",
        "catalog",
        "ledger",
        "pricing",
        "config",
        "costs",
        "metrics",
        "alertmanager",
        "web",
        "views",
        "check",
        "app",
        "runtime",
    },
    "__main__": {"cli"},
}
"""What each room may import beside itself and the version: rooms that stand above it here."""


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


def file_of(name: str) -> Path | None:
    """The file of the exporter that holds an imported name."""
    parts = name.split(".")
    if parts[0] != "exporter":
        return None
    path = PACKAGE.joinpath(*parts[1:])
    places = (
        path / "__init__.py",
        path.with_suffix(".py"),
        path.parent / "__init__.py",
        path.parent.with_suffix(".py"),
    )
    return next(place for place in places if place.is_file())


def test_every_room_has_its_place() -> None:
    """A new room has to say what it may import."""
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert there == set(MAY_IMPORT)


def test_rooms_stand_below_what_they_import() -> None:
    """The table is an order: no room may import one that stands beside or below it."""
    order = list(MAY_IMPORT)
    back = {
        room: {other for other in allowed if order.index(other) >= order.index(room)}
        for room, allowed in MAY_IMPORT.items()
    }
    assert {room: rooms for room, rooms in back.items() if rooms} == {}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    """A room imports from the rooms that its line names, and from each of these."""
    used = {other for module in modules(room) for other in rooms_of(module)} - {room}
    assert used == MAY_IMPORT[room]


def test_no_files_import_each_other() -> None:
    """There is no circle of files either, not even one for type checkers only."""
    graph = {
        module: {found for name in imported(module) if (found := file_of(name)) not in {None, module}}
        for room in MAY_IMPORT
        for module in modules(room)
    }
    assert list(TopologicalSorter(graph).static_order())


def test_only_the_command_line_knows_the_simulator() -> None:
    """What serves real accounts never touches the simulated one."""
    assert [room for room, allowed in MAY_IMPORT.items() if "simulator" in allowed] == ["cli"]


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("sqlite3", {"ledger/store"}),
        ("graphql", {"simulator"}),
        ("yaml", {"config", "alertmanager", "web"}),
        ("tomllib", {"pricing"}),
        ("argparse", {"cli", "cli/commands"}),
        ("starlette", {"app.py", "exposition", "exposition/api", "exposition/page", "exposition/runbook", "web"}),
        ("uvicorn", {"web", "simulator"}),
        ("bcrypt", {"web"}),
        ("ssl", {"web"}),
        ("prometheus_client", {"exposition"}),
        ("tenacity", {"cloudflare"}),
        ("httpx", {"alerts/client.py", "app.py", "cloudflare/client.py", "poller/tokens.py"}),
    ],
)
def test_a_library_has_its_room(library: str, places: set[str]) -> None:
    """What a library is for happens in one folder, or in a file of its own; the composition root may name its types."""
    users = [
        module.relative_to(PACKAGE)
        for room in MAY_IMPORT
        for module in modules(room)
        if any(name.split(".")[0] == library for name in imported(module))
    ]
    assert {user.as_posix() if user.as_posix() in places else user.parent.as_posix() for user in users} == places
