"""The rooms of the house import one way: downward."""

import ast
import re
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "server" / "tocsin"

# Which rooms a room may import from. Those that stand alone at the top know everything.
MAY_IMPORT = {
    "schedule": set(),
    "contract": {"tocsin_protos"},
    "access": {"schedule", "tocsin_protos"},
    "outgoing": {"access", "schedule"},
    "store": set(),
    "plans": {"schedule", "tocsin_protos"},
    "targets": {"plans", "outgoing"},
    "sources": {"plans", "store", "schedule", "contract", "outgoing"},
    "engine": {"plans", "store", "targets", "sources", "schedule", "access"},
    "gateway": {"access", "contract", "schedule", "tocsin_protos"},
    "telemetry": {"api", "engine", "store", "plans", "schedule"},
    "api": {
        "store",
        "plans",
        "sources",
        "targets",
        "access",
        "contract",
        "schedule",
        "tocsin_protos",
    },
}

TOP_FLOOR = {"tocsin", "cli", "composition", "demo", "settings"}


def imported_rooms(module: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(module.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "tocsin_protos":
                rooms.add(package)
            elif package == "tocsin" and rest:
                rooms.add(rest.split(".")[0])
    return rooms


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_from_those_below(room: str) -> None:
    modules = sorted((SERVER / room).rglob("*.py"))
    assert modules
    wrong = {
        str(module.relative_to(SERVER)): sorted(upward)
        for module in modules
        if (upward := imported_rooms(module) - MAY_IMPORT[room] - {room})
    }
    assert wrong == {}


def test_every_room_has_its_rule() -> None:
    rooms = {path.parent.name for path in SERVER.glob("*/__init__.py")}
    assert rooms - TOP_FLOOR == set(MAY_IMPORT)


def test_only_the_store_speaks_sql() -> None:
    speakers = {
        module.relative_to(SERVER).parts[0]
        for module in SERVER.rglob("*.py")
        if "sqlalchemy" in module.read_text()
    }
    assert speakers == {"store"}


def test_only_telemetry_knows_who_fetches_metrics_and_traces() -> None:
    knowing = {
        module.relative_to(SERVER).parts[0]
        for module in SERVER.rglob("*.py")
        if re.search(r"prometheus_client|opentelemetry\.(?!proto\b|io\b)", module.read_text())
    }
    assert knowing == {"telemetry"}


CLOCK_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("time", "time"),
    ("time", "monotonic"),
    ("time", "sleep"),
    ("asyncio", "sleep"),
}


def asks_the_hour(node: ast.AST) -> bool:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name("asyncio"), attr="sleep"), args=[ast.Constant(0)]
        ):
            return False  # only lets others run
        case ast.Call(func=ast.Attribute(value=ast.Name(module), attr=function)):
            return (module, function) in CLOCK_CALLS
    return False


def test_only_the_clock_asks_the_hour() -> None:
    askers = {
        str(module.relative_to(SERVER))
        for module in SERVER.rglob("*.py")
        if any(asks_the_hour(node) for node in ast.walk(ast.parse(module.read_text())))
    }
    assert askers == {"schedule/clock.py"}
