"""Each trigger contract is read in a few rooms; all others know of plans, and of columns.

So one more contract is one more compiler and one more servicer, and nothing else.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "server" / "tocsin"

YANDEX = "tocsin_protos.yandex.cloud.serverless.triggers"
GOOGLE = "tocsin_protos.google.cloud.integrations"
# `contract/routes.py` reads nothing but the descriptors of the services.
CLIENTS = {"cli", "demo", "testing", "conformance", "contract/routes.py"}
# People write triggers of that contract alone as documents.
DOCUMENTS = {"documents", "api/tocsin/documents.py"}

# Its requests hold those of Google's contract.
SCHEDULES = "api/tocsin/schedules"

READERS = {
    YANDEX: {"compilers", "api/yandex", *CLIENTS, *DOCUMENTS},
    GOOGLE: {"compilers", "api/google", SCHEDULES, *CLIENTS},
    # Compilers of one contract. Whoever has a stored trigger asks `compilers.loading`.
    "tocsin.compilers.triggers_v1": {"compilers", "api/yandex"},
    "tocsin.compilers.sources_v1": {"compilers"},
    "tocsin.compilers.integrations": {"compilers", "api/google", SCHEDULES},
    "tocsin.compilers.parameters": {"compilers", "api/google", SCHEDULES, "cli/executions"},
}


def imported_modules(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@cache
def modules() -> Mapping[str, set[str]]:
    """What each module imports, by its path. Not read when tests are collected, by each worker."""
    return {
        str(module.relative_to(SERVER)): imported_modules(module) for module in SERVER.rglob("*.py")
    }


@pytest.mark.parametrize("package", READERS)
def test_a_contract_is_read_in_its_rooms_alone(package: str) -> None:
    readers = {
        path
        for path, imported in modules().items()
        if any(name == package or name.startswith(f"{package}.") for name in imported)
    }
    assert readers, "nobody reads it: is the name still right?"
    assert {path for path in readers if not path.startswith(tuple(READERS[package]))} == set()


def test_stored_messages_of_triggers_are_parsed_in_their_servicer_alone() -> None:
    """The name of a contract is no way around: nobody else picks a message type by it."""
    naming = {
        path
        for path in modules()
        if "serverless.triggers.v1" in (SERVER / path).read_text()
        and not path.startswith(("compilers", "api/yandex", "store", *CLIENTS, *DOCUMENTS))
    }
    assert naming == {
        "access/permissions/needs/yandex.py",
        "contract/openapi/links.py",  # names methods, and reads no message
    }
