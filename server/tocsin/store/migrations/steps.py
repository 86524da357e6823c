"""Names the migrations that this version knows, by their files; it does not import alembic."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

VERSIONS = Path(__file__).parent / "versions"
OLDEST_KNOWN = re.compile(r'^oldest_known = "(\d{4})"$', re.MULTILINE)


class Step(NamedTuple):
    """A migration: its number, such as `0034`, and what it brings, such as `sealed keys`."""

    number: str
    title: str


@cache
def known_steps() -> tuple[Step, ...]:
    """Returns all migrations in their order."""
    names = sorted(file.stem for file in VERSIONS.glob("[0-9]*.py"))
    return tuple(Step(name[:4], name[5:].replace("_", " ")) for name in names)


def is_known(schema: str) -> bool:
    return any(step.number == schema for step in known_steps())


def steps_between(schema: str | None, to: str) -> tuple[Step, ...]:
    """Returns the migrations from a schema to another one; None is an empty database."""
    return tuple(step for step in known_steps() if (schema or "") < step.number <= to)


def newest_schema() -> str:
    """Returns the number of the last migration, such as `0034`."""
    return known_steps()[-1].number


@cache
def oldest_known() -> str:
    """Returns the oldest schema whose nodes can use the newest one, as its migration says.

    Only the text is read: a start of a server has nothing else to import the migration for.
    """
    [file] = VERSIONS.glob(f"{newest_schema()}_*.py")
    [number] = OLDEST_KNOWN.findall(file.read_text(encoding="utf-8"))
    return str(number)
