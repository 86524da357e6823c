"""Shows backups, databases and overdue work, and how far a copy is."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from tocsin.cli.data.options import CLOCK
from tocsin.cli.terminal.instants import for_people
from tocsin.cli.terminal.lines import note, say
from tocsin.store.copying.contents import Contents
from tocsin.store.lifecycle.copies import Progress
from tocsin.store.lifecycle.overdue import OverdueWork

BETWEEN_NOTES_SECONDS = 2.0
# The tables that a person knows by these names, in this order.
KNOWN = {
    "triggers": "triggers",
    "invocations": "invocations",
    "events": "waiting events",
    "operations": "operations",
    "integration_versions": "versions of integrations",
    "schedules": "schedules",
    "access_accounts": "accounts",
}


class Notes:
    """Writes every few seconds to stderr how far a copy is; a short one writes nothing."""

    def __init__(self) -> None:
        self._next = CLOCK.monotonic() + BETWEEN_NOTES_SECONDS

    def __call__(self, doing: str, table: str, done: int, total: int) -> None:
        now = CLOCK.monotonic()
        if now >= self._next:
            self._next = now + BETWEEN_NOTES_SECONDS
            share = math.floor(100 * done / total) if total else 100
            note(f"{doing} {done:,} of {total:,} of {table} ({share} %)")


def say_contents(contents: Contents, now: datetime) -> None:
    """Prints what is in a backup, and how old it is."""
    say(f"backup   {contents.id}, by tocsin {contents.version}, schema {contents.schema}")
    say(f"of       {contents.origin}")
    say(f"taken    {for_people(contents.taken_at)} UTC, {span(now - contents.taken_at)} ago")
    say(f"holds    {summary(contents.tables)}, in {contents.bytes:,} bytes")


def summary(tables: Mapping[str, Progress]) -> str:
    """Counts the rows of tables in words."""
    parts = [
        f"{words}: {tables[name].rows:,}"
        for name, words in KNOWN.items()
        if name in tables and (tables[name].rows or name in ("triggers", "invocations"))
    ]
    return f"{', '.join(parts)}; rows in all: {sum(table.rows for table in tables.values()):,}"


def say_overdue(work: OverdueWork) -> None:
    """Prints what fires at once when a server may fire."""
    if not work.count:
        say("Nothing is overdue.")
    for kind in work.kinds:
        if kind.count:
            say(f"overdue {kind.kind}: {kind.count:,}")
        for item in kind.first:
            owner = f"  {item.owner}" if item.owner not in ("", item.id) else ""
            say(f"  {item.id}{owner}  due {for_people(item.due_at)}")
        if kind.first and kind.count > len(kind.first):
            say(f"  and {kind.count - len(kind.first):,} more")
    if work.streams:
        say(f"streams that are read again from the backup's positions: {work.streams:,} parts")


def span(length: timedelta) -> str:
    """Formats a length of time by its two largest units."""
    seconds = max(0, int(length.total_seconds()))
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count or (name == "s" and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
