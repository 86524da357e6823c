"""Counts and deletes all of a folder: triggers, what they sent, what waits, what is remembered."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    or_,
    select,
    union,
)

from tocsin.store.copying.ends.opening import open_alone, open_to_read, schema_of
from tocsin.store.copying.ends.protocol import End
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.transaction import Transaction
from tocsin.store.jobs.schema import jobs
from tocsin.store.lifecycle.copies import all_copies
from tocsin.store.migrations.steps import newest_schema
from tocsin.store.migrations.upgrading import moved
from tocsin.store.notices.schema import notice_causes
from tocsin.store.schema import (
    accepted_events,
    armed_timers,
    batches,
    decisions,
    events,
    held_messages,
    invocations,
    large_values,
    lost_events,
    operations,
    parking_walks,
    remembered_requests,
    source_parts,
    source_states,
    subscriptions,
    swept_ticks,
    triggers,
)

FOLDER: Any = bindparam("folder")
PARENT: Any = bindparam("parent")

# Deleted triggers too, of which operations and deliveries are left.
TRIGGER_IDS = union(
    select(triggers.c.id).where(triggers.c.folder_id == FOLDER),
    select(operations.c.trigger_id).where(operations.c.folder_id == FOLDER),
    select(invocations.c.origin).where(invocations.c.parent == PARENT),
).subquery()
INVOCATION_IDS = select(invocations.c.id).where(invocations.c.parent == PARENT)
OPERATION_IDS = select(operations.c.id).where(operations.c.folder_id == FOLDER)
UNDELIVERED = (
    select(func.count())
    .select_from(invocations)
    .where(invocations.c.parent == PARENT, invocations.c.finished_at.is_(None))
)
REQUESTS = select(
    remembered_requests.c.scope, remembered_requests.c.key, remembered_requests.c.answer
)
FORGET = delete(remembered_requests).where(
    remembered_requests.c.scope == bindparam("scope"), remembered_requests.c.key == bindparam("key")
)
FOLDERS = union(
    select(triggers.c.folder_id),
    select(operations.c.folder_id).where(operations.c.folder_id.is_not(None)),
).limit(bindparam("limit"))

# Answers are messages, in which ids stand among other bytes.
ID = re.compile(rb"(?=([a-z0-9]{20}))")
LISTED = 10


def _of_triggers(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.in_(select(TRIGGER_IDS))


# In the order of deletion: the last three are what the others belong to.
PARTS: tuple[tuple[Table, ColumnElement[bool]], ...] = (
    *(
        (table, _of_triggers(table.c.trigger_id))
        for table in (
            armed_timers,
            swept_ticks,
            subscriptions,
            events,
            batches,
            accepted_events,
            lost_events,
            source_states,
            source_parts,
            held_messages,
            decisions,
            parking_walks,
            notice_causes,
        )
    ),
    (large_values, large_values.c.invocation_id.in_(INVOCATION_IDS)),
    (jobs, jobs.c.resource == PARENT),
    (
        operations,
        or_(operations.c.folder_id == FOLDER, _of_triggers(operations.c.trigger_id)),
    ),
    (invocations, invocations.c.parent == PARENT),
    (triggers, triggers.c.folder_id == FOLDER),
)


@dataclass(frozen=True, slots=True)
class FolderContents:
    """How many rows a folder has in each table, and how many invocations are not finished."""

    rows: dict[str, int]
    undelivered: int

    @property
    def total(self) -> int:
        return sum(self.rows.values())


class Resetting:
    """A database that nobody else uses, in which one folder can be counted and deleted."""

    def __init__(self, end: End, folder: str) -> None:
        self._end = end
        self._names = {"folder": folder, "parent": f"folders/{folder}"}

    @property
    def url(self) -> str:
        return self._end.url

    async def count(self) -> FolderContents:
        """Counts what would be deleted."""
        return await self._end.read(self._counted)

    async def other_folders(self) -> Sequence[str]:
        """Returns some folders that have something."""
        return sorted(await self._end.read(lambda tx: tx.column(FOLDERS, limit=LISTED)))

    async def delete(self) -> FolderContents:
        """Deletes the folder's rows in one transaction; returns how many there were."""

        def work(tx: Transaction) -> FolderContents:
            undelivered = tx.value(UNDELIVERED, **self._names)
            requests = self._requests(tx)
            for scope, key in requests:
                tx.run(FORGET, scope=scope, key=key)
            rows = {
                table.name: tx.run(delete(table).where(where), **self._names)
                for table, where in PARTS
            }
            return FolderContents({**rows, remembered_requests.name: len(requests)}, undelivered)

        return await self._end.write(work)

    def _counted(self, tx: Transaction) -> FolderContents:
        rows = {
            table.name: tx.value(
                select(func.count()).select_from(table).where(where), **self._names
            )
            for table, where in PARTS
        }
        rows[remembered_requests.name] = len(self._requests(tx))
        return FolderContents(rows, tx.value(UNDELIVERED, **self._names))

    def _requests(self, tx: Transaction) -> list[tuple[str, str]]:
        """Finds remembered requests whose answers name something of the folder.

        A repeated request would be answered with a trigger or a delivery that is gone.
        """
        requests = tx.all(REQUESTS)
        if not requests:
            return []
        wanted: set[bytes] = set()
        for ids in (select(TRIGGER_IDS), INVOCATION_IDS, OPERATION_IDS):
            wanted |= {id_.encode() for id_ in tx.column(ids, **self._names)}
        return [
            (scope, key)
            for scope, key, answer in requests
            if not wanted.isdisjoint(ID.findall(bytes(answer)))
        ]


@asynccontextmanager
async def resetting(url: str, folder: str) -> AsyncIterator[Resetting]:
    """Opens a database to reset a folder, and keeps servers away from it meanwhile.

    Raises:
        StoreError: it does not exist, a server is using it, it was moved, or its schema is not
            that of this version.
    """
    async with AsyncExitStack() as stack:
        looked = await open_to_read(url)
        try:
            schema = await schema_of(looked)
            if schema != newest_schema():
                raise StoreError(
                    f"{looked.url} has schema {schema}, and this version of tocsin "
                    f"{newest_schema()}: run `tocsin migrate`, then try again"
                )
            for copy in await looked.read(all_copies):
                problem = moved(copy.id, copy.role, copy.peer, copy.ended_at)
                if problem is not None:
                    raise StoreError(f"{looked.url} {problem}")
        finally:
            await looked.close()
        end = await open_alone(url)
        stack.push_async_callback(end.close)
        yield Resetting(end, folder)
