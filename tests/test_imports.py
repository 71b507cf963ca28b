"""Imports point one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import exporter

PACKAGE = Path(exporter.__file__).parent

MAY_IMPORT = {
    "model": set(),
    "clock": set(),
    "logs": set(),
    "billing": set(),
    "catalog": {"model"},
    "pricing": {"model", "billing", "catalog"},
    "choices": {"model", "catalog"},
    "cost_settings": {"choices", "pricing"},
    "alerts": set(),
    "urls": set(),
    "threshold_settings": {"alerts", "choices"},
    "routing_settings": {"choices", "urls"},
    "alert_settings": {"model", "alerts", "choices", "threshold_settings", "routing_settings", "urls"},
    "alertmanager": {"model", "choices", "routing_settings"},
    "config": {"model", "choices", "cost_settings", "alert_settings", "urls"},
    "cloudflare": {"model", "clock", "billing", "catalog"},
    "ledger": {"model", "billing", "catalog", "choices"},
    "accountant": {"model", "billing", "ledger", "pricing"},
    "books": {"model", "billing", "catalog", "ledger", "pricing", "accountant"},
    "statement": {"pricing", "books"},
    "quote": {"model", "pricing"},
    "figures": {"pricing"},
    "report": {"model", "pricing", "books", "statement", "figures"},
    "commands": {
        "model",
        "catalog",
        "families",
        "survey",
        "urls",
        "pricing",
        "books",
        "statement",
        "quote",
        "figures",
        "report",
        "routing_settings",
        "alertmanager",
    },
    "families": {"model"},
    "assets": {"model", "catalog", "families", "ledger"},
    "holdings": {"model", "billing", "catalog", "ledger", "pricing"},
    "cost_families": {"model", "billing", "catalog", "families", "ledger", "pricing"},
    "threshold_families": {"model", "alerts", "families", "ledger", "threshold_settings"},
    "problems": {"model"},
    "costing": {"ledger", "pricing", "accountant", "cost_families"},
    "snapshot": {
        "model",
        "catalog",
        "ledger",
        "families",
        "assets",
        "cost_families",
        "threshold_families",
        "problems",
        "holdings",
    },
    "statuses": {"model", "cloudflare"},
    "monitoring": {"model", "clock", "catalog"},
    "survey": {
        "model",
        "catalog",
        "ledger",
        "pricing",
        "books",
        "statement",
        "holdings",
        "problems",
        "snapshot",
    },
    "exposition": {
        "model",
        "figures",
        "families",
        "clock",
        "catalog",
        "snapshot",
        "problems",
        "books",
        "statement",
        "monitoring",
        "survey",
    },
    "web": {"model", "clock", "choices", "config"},
    "works": {
        "model",
        "clock",
        "catalog",
        "choices",
        "alert_settings",
        "cloudflare",
        "ledger",
        "accountant",
        "snapshot",
    },
    "billing_poller": {"model", "billing", "cloudflare", "ledger", "works"},
    "day_poller": {"model", "catalog", "cloudflare", "ledger", "works"},
    "account_poller": {
        "model",
        "catalog",
        "cloudflare",
        "ledger",
        "statuses",
        "turns",
        "questions",
        "works",
        "day_poller",
        "billing_poller",
    },
    "background": {"cloudflare", "turns", "account_poller"},
    "owners": {"model", "cloudflare", "ledger", "works", "account_poller", "statuses"},
    "questions": {"model", "catalog", "cloudflare", "ledger"},
    "turns": set(),
    "poller": {
        "model",
        "cloudflare",
        "ledger",
        "snapshot",
        "costing",
        "threshold_families",
        "statuses",
        "works",
        "account_poller",
        "background",
        "owners",
        "turns",
    },
    "tokens": {"clock", "config", "catalog", "cloudflare", "works"},
    "reload": {"model", "config", "works", "poller", "tokens"},
    "check": {"model", "clock", "billing", "config", "catalog", "cloudflare", "ledger", "questions", "turns", "works"},
    "app": {
        "model",
        "clock",
        "config",
        "catalog",
        "cloudflare",
        "ledger",
        "billing",
        "pricing",
        "accountant",
        "books",
        "statement",
        "snapshot",
        "survey",
        "monitoring",
        "exposition",
        "web",
        "works",
        "poller",
        "tokens",
        "reload",
        "check",
    },
    "simulator": set(),
    "cli": {
        "model",
        "urls",
        "routing_settings",
        "alert_settings",
        "clock",
        "logs",
        "config",
        "catalog",
        "ledger",
        "pricing",
        "books",
        "quote",
        "alertmanager",
        "commands",
        "check",
        "web",
        "app",
        "simulator",
        "cost_families",
        "threshold_families",
        "holdings",
        "snapshot",
        "survey",
    },
    "__main__": {"cli"},
    "__init__": set(),
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
        ("argparse", {"cli", "commands"}),
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
    assert sorted(users) == ["app.py", "cloudflare/client.py", "monitoring/asking.py", "tokens.py"]
