"""The rooms of the house import one way: downward."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SERVER = TESTS.parent / "server" / "tocsin"

# The house from the ground up: the drawing in docs/architecture.md, upside down. A room imports
# from the floors below its own.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("tocsin_protos",),
    ("contract", "schedule", "store", "fields", "printable", "release"),
    ("console",),
    ("plans", "access", "documents"),
    ("outgoing", "gateway"),
    ("wire",),
    ("sources",),
    ("compilers",),
    ("gate", "targets"),
    ("engine", "api"),
    ("telemetry",),
    ("settings",),
    ("logs", "scratch", "descriptors", "stderr"),
    ("composition",),
    ("app",),
    ("demo", "conformance"),
    ("cli",),
    ("testing",),
    ("__main__",),
)

# These know less than their floor would let them: what they are about stands by itself.
KNOWS_ONLY: dict[str, set[str]] = {
    "schedule": set(),
    "contract": {"tocsin_protos"},
    "store": set(),
    "console": {"fields"},
    "fields": set(),
    "printable": set(),
    "release": set(),
    # It checks servers that are not ours, and must not lean on ours.
    "conformance": {"tocsin_protos", "contract", "fields", "printable"},
    "plans": {"schedule"},
    "documents": {"contract", "printable", "tocsin_protos"},
    "access": {"schedule", "tocsin_protos"},
    "compilers": {"plans", "schedule", "sources", "wire", "tocsin_protos"},
    "outgoing": {"access", "schedule", "fields"},
    "engine": {
        "fields",
        "printable",
        "compilers",
        "plans",
        "store",
        "targets",
        "sources",
        "schedule",
        "access",
    },
}

# What runs in a user's test process: only `testing/process/` may know the server.
LIGHT = SERVER / "testing"

MOST_MODULES = 15


def below(room: str) -> set[str]:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)
    lower = {name for rooms in FLOORS[:floor] for name in rooms}
    return KNOWS_ONLY.get(room, lower)


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
            elif package == "tocsin" and isinstance(node, ast.ImportFrom):
                rooms.update(alias.name for alias in node.names)
    return rooms


def room_of(module: Path) -> str:
    parts = module.relative_to(SERVER).with_suffix("").parts
    return parts[0]


ROOMS = sorted({room_of(module) for module in SERVER.rglob("*.py")} - {"__init__"})


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_those_below(room: str) -> None:
    modules = [module for module in SERVER.rglob("*.py") if room_of(module) == room]
    wrong = {
        str(module.relative_to(SERVER)): sorted(upward)
        for module in modules
        if (upward := imported_rooms(module) - below(room) - {room})
    }
    assert wrong == {}


def test_what_runs_in_a_users_test_process_knows_nothing_of_the_server() -> None:
    heavy = {
        module.name: sorted(rooms)
        for module in LIGHT.glob("*.py")
        if (rooms := imported_rooms(module) - {"testing"})
    }
    assert heavy == {}


def test_every_room_has_its_floor() -> None:
    assert set(ROOMS) == {name for rooms in FLOORS for name in rooms} - {"tocsin_protos"}


def folders(*tops: Path) -> list[Path]:
    return sorted({module.parent for top in tops for module in top.rglob("*.py")})


def modules_in(folder: Path) -> list[str]:
    return sorted(module.stem for module in folder.glob("*.py") if module.stem != "__init__")


def test_no_folder_is_longer_than_a_screen() -> None:
    long = {
        str(folder): len(modules)
        for folder in folders(SERVER, TESTS)
        if len(modules := modules_in(folder)) > MOST_MODULES and folder.name != "versions"
    }
    assert long == {}


def test_no_file_repeats_its_folders_name() -> None:
    repeating = [
        str((folder / stem).relative_to(SERVER))
        for folder in folders(SERVER)
        for stem in modules_in(folder)
        if stem == folder.name
        or stem.startswith((f"{folder.name}_", f"{folder.name.rstrip('s')}_"))
    ]
    assert repeating == []


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
        if re.search(
            r"prometheus_client|opentelemetry\.(?!proto\b|io\b|NEEDS\b)", module.read_text()
        )
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
    # Checks wait for servers that are not ours, in a process of their own.
    assert askers == {"schedule/clock.py", "conformance/patience.py"}
