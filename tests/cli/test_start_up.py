"""What a command doesn't need, it doesn't load."""

import subprocess
import sys
from pathlib import Path

import pytest

from stand.tocsin_process import PATIENCE, clean_environment
from tocsin.store.driver.opening import migrate_sqlite

SERVERS = {"aiobotocore", "aiohttp", "alembic", "asyncpg", "sqlalchemy", "structlog"} | {
    *("cryptography", "jwt", "pydantic_settings")
}
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


# What a server needs only for what its settings or its triggers name, or for a new schema.
SELDOM = {
    *("alembic", "mako", "asyncpg", "psycopg"),
    *("aiobotocore", "botocore.session", "botocore.client", "urllib3", "dateutil"),
    *("aiomqtt", "paho", "aiosmtpd", "aiosmtplib", "aiohttp.web", "jsonschema"),
    *("opentelemetry.sdk", "rich", "pygments", "trustme", "moto"),
}
SERVED = """
import os, signal, sys, tocsin.cli, tocsin.cli.serve as serve
def announce(*_):
    print("", *sys.modules, sep="\\nmodule ", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
serve._announce = announce
tocsin.cli.app(["serve", *sys.argv[1:]])
"""


def test_a_server_that_needs_nothing_special_loads_nothing_special(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/tocsin.db"
    migrate_sqlite(tmp_path / "tocsin.db")
    options = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--database", database]
    done = subprocess.run(
        [sys.executable, "-c", SERVED, *options],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env=clean_environment({}),
    )
    modules = {line.removeprefix("module ") for line in done.stdout.splitlines()}
    assert "tocsin.app" in modules
    assert "grpc" in modules
    assert modules & SELDOM == set()


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
