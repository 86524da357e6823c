"""Defines what the commands for a whole database have in common: which one, and as what."""

import asyncio
import gc
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from tocsin.cli.refusal import PROGRAM, refusal
from tocsin.schedule import SystemClock
from tocsin.store.copying.backups import Maker
from tocsin.store.driver.database import StoreError

if TYPE_CHECKING:
    from tocsin.settings import Settings

T = TypeVar("T")

CLOCK = SystemClock()

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The database, as for `tocsin serve`: this option, TOCSIN_DATABASE, or the file of "
        "--config. [default: sqlite:///tocsin-data/tocsin.db]",
    ),
]


def database_of(given: str | None, config: Path | None) -> str:
    """Returns the URL of the database that `serve` would use; ends the program if it is wrong."""
    return settings_of(given, config).database


def settings_of(given: str | None, config: Path | None) -> "Settings":
    """Returns the settings that `serve` would use; ends the program if one is wrong."""
    # Slow to import, and not needed with the option.
    from tocsin.settings import SettingsError, load_settings

    try:
        return load_settings(config, {} if given is None else {"database": given})
    except SettingsError as error:
        raise refusal(str(error)) from error


def done(work: Coroutine[Any, Any, T]) -> T:
    """Runs work on a database to its end; ends the program if that fails."""
    # What is imported stays. To look through it again with every few pages of rows takes a fifth of
    # the time.
    gc.freeze()
    try:
        return asyncio.run(work)
    except StoreError as error:
        raise refusal(str(error)) from error


def maker(kind: str) -> Maker:
    """Names a new copy, whose id begins with three letters."""
    from tocsin.wire.ids import Ids

    return Maker(Ids(CLOCK).new(kind), CLOCK.now(), version(PROGRAM))
