"""Writes whose effect must be told, even to nobody's answer."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Work

T = TypeVar("T")


async def write_and_tell(database: Database, work: Work[T], tell: Callable[[], None]) -> T:
    """Writes, then tells. A client that hangs up meanwhile undoes neither."""
    written = database.write(work)
    written.add_done_callback(lambda _: tell())
    return await asyncio.shield(written)
