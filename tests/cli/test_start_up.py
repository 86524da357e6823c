"""What a command doesn't need, it doesn't load."""

import subprocess
import sys

import pytest

SERVERS = {"aiobotocore", "aiohttp", "alembic", "asyncpg", "sqlalchemy", "structlog"}
CLIENTS = {"grpc", "google.protobuf", "rich.table", "yaml"}


def loaded(*arguments: str) -> set[str]:
    """The modules that there are after a command."""
    program = (
        "import sys, tocsin.cli\n"
        "try: tocsin.cli.app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('', *sys.modules, sep='\\nmodule ')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    return {line.removeprefix("module ") for line in lines if line.startswith("module ")}


@pytest.mark.parametrize("command", [["--help"], ["cron", "next", "0 9 ? * MON-FRI"], ["version"]])
def test_a_command_that_talks_to_no_server_loads_neither_world(command: list[str]) -> None:
    modules = loaded(*command)
    assert "tocsin.cli" in modules
    assert modules & (SERVERS | CLIENTS - {"rich.table"}) == set()


@pytest.mark.parametrize(
    "command",
    [
        ["triggers", "list"],
        ["invocations", "list"],
        ["dead-letters", "list"],
        ["access", "accounts", "list"],
    ],
)
def test_a_client_loads_nothing_of_the_server(command: list[str]) -> None:
    modules = loaded(*command, "--server", "127.0.0.1:1")
    assert "grpc" in modules
    assert modules & SERVERS == set()
