"""Tells at the end of a start which server it is: version, settings, database, next steps."""

import sys
from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path

import structlog

from tocsin.composition.listening import Doors
from tocsin.composition.telling.next_steps import next_steps
from tocsin.release import commit, tocsin_version
from tocsin.settings import Settings
from tocsin.store.access.accounts import has_accounts
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import safe_url
from tocsin.store.driver.transaction import Transaction
from tocsin.store.migrations.upgrading import SCHEMA
from tocsin.store.triggers.counting import count_all

log = structlog.get_logger(__name__)

MOST_COUNTED = 10_000
COMMIT_DIGITS = 12
NO_FILE = "no file: give one with --config"


@dataclass(frozen=True, slots=True)
class Start:
    """Holds what a start comes to; the line `ready` has the addresses.

    `triggers` is at most MOST_COUNTED, and `more` says whether there are more. `page` is the URL
    of the page in the browser, if it is served.
    """

    version: str
    commit: str | None
    settings: Path | None
    database: str
    schema: str
    triggers: int
    more: bool
    page: str | None
    next: tuple[str, ...]

    def counted(self) -> str:
        plus, plural = "+" if self.more else "", "" if self.triggers == 1 else "s"
        return f"{self.triggers:,}{plus} trigger{plural}"


async def start_of(
    settings: Settings, file: Path | None, database: Database, doors: Doors, *, on_hold: bool
) -> Start:
    """Collects what a start comes to; reads a few rows.

    Args:
        settings: all settings.
        file: the file that they were read from, if any.
        database: the store.
        doors: the addresses that were opened.
        on_hold: whether the store is on hold.
    """

    def look(tx: Transaction) -> tuple[str, int, bool]:
        return str(tx.value(SCHEMA)), count_all(tx, limit=MOST_COUNTED + 1), has_accounts(tx)

    schema, triggers, accounts = await database.read(look)
    url = safe_url(settings.database)
    return Start(
        tocsin_version(),
        await to_thread(commit),
        None if file is None else Path.cwd() / file,
        url,
        schema,
        min(triggers, MOST_COUNTED),
        triggers > MOST_COUNTED,
        _page(settings, doors),
        next_steps(settings, doors, url, triggers=triggers, accounts=accounts, on_hold=on_hold),
    )


def tell(start: Start, settings: Settings) -> None:
    """Tells of a start: as a block of lines on a terminal, elsewhere as one record of the log."""
    log_of_people = settings.log_format != "json" and settings.log_level in ("debug", "info")
    if log_of_people and sys.stderr.isatty():
        sys.stderr.write(_block(start))
        return
    more = {"more_triggers": True} if start.more else {}
    log.info(
        "serving",
        version=start.version,
        commit=start.commit,
        settings=start.settings and str(start.settings),
        database=start.database,
        schema=start.schema,
        triggers=start.triggers,
        **more,
        page=start.page,
        next=list(start.next),
    )


def _block(start: Start) -> str:
    known = f" (commit {start.commit[:COMMIT_DIGITS]})" if start.commit else ""
    rows = [
        ("settings", str(start.settings or NO_FILE)),
        ("database", start.database),
        ("", f"schema {start.schema}, {start.counted()}"),
    ]
    rows += [("page", start.page)] if start.page else []
    rows += [("" if number else "next", step) for number, step in enumerate(start.next)]
    lines = [f"tocsin {start.version}{known}", *(f"  {name:<8}  {text}" for name, text in rows)]
    return "".join(f"{line}\n" for line in lines)


def _page(settings: Settings, doors: Doors) -> str | None:
    if not settings.console.enabled:
        return None
    for scheme, address in (("http", doors.http), ("https", doors.tls)):
        if address is not None:
            return f"{scheme}://{address.from_here()}/"
    return None
