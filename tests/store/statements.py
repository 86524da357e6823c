"""All statements of the store, as text. Run as a script it writes those of a release.

A release's file stays as long as its nodes may run beside newer ones: `test_migrations.py` runs
its statements on the newest schema.
"""

import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.sql import Delete, Insert, Select, Update

from tocsin import store
from tocsin.store.driver.postgresql import PostgresStatements
from tocsin.store.driver.transaction import KeyedWrite, Statements
from tocsin.store.expiry import Expiring

HERE = Path(__file__).parent


def all_statements() -> Iterator[tuple[str, Executable]]:
    """Gives each statement that a module of the store holds, by module and name."""
    prefix = f"{store.__name__}."
    for module in pkgutil.walk_packages(store.__path__, prefix):
        if not module.ispkg and not module.name.startswith(f"{prefix}migrations."):
            for name, value in vars(import_module(module.name)).items():
                place = f"{module.name.removeprefix(prefix)}.{name}"
                if isinstance(value, (Select, Insert, Update, Delete)):
                    yield place, value
                if isinstance(value, KeyedWrite):
                    yield place, value.returning
                if isinstance(value, Expiring):
                    yield f"{place}.end_of_slice", value.end_of_slice
                    yield f"{place}.delete", value.delete


def texts() -> dict[str, dict[str, str]]:
    sqlite = Statements(sqlite_dialect.dialect(paramstyle="named"))
    postgresql = PostgresStatements()
    return {
        name: {
            "sqlite": sqlite.compiled(statement).text,
            "postgresql": postgresql.compiled(statement).text,
        }
        for name, statement in all_statements()
    }


def head() -> str:
    with as_file(files("tocsin.store.migrations")) as scripts:
        found = ScriptDirectory(str(scripts)).get_current_head()
    assert found is not None
    return found


if __name__ == "__main__":
    written = HERE / f"statements_{head()}.json"
    written.write_text(json.dumps(texts(), indent=1) + "\n")
    print(written)
