"""Carries bells and changes between the nodes on one PostgreSQL, by notices.

Changes are sent while a node asks for them, which it repeats every few seconds; so nodes that
nobody watches send none.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

import asyncpg
import structlog

from tocsin.store.driver.bells import Listeners, Rung
from tocsin.store.driver.changes import Changes, Following, Watched, Written
from tocsin.store.driver.connections import LOST
from tocsin.store.driver.primary.connecting import reason

log = structlog.get_logger(__name__)

CHANNEL = "tocsin"
# A node of 0.1.0 listens on the same channel, ignores the text, and looks for work of any kind.
NOTIFY = "SELECT pg_notify($2, text) FROM unnest($1::text[]) AS text"
# A notice with each commit would halve the commits that PostgreSQL can do.
BETWEEN_NOTICES_SECONDS = 0.05
BEFORE_LISTENING_AGAIN_SECONDS = 1.0
# A connection that only listens never notices that the server is gone, so it asks now and then.
BETWEEN_QUESTIONS_SECONDS = 5.0
ANSWER_SECONDS = 5.0

# The keys of a notice beside its bells: that its node asks for changes, the ids of changed rows by
# their kinds, and that some are not named.
ASKS, CHANGED, MISSED = "asks", "changed", "missed"
ASK_EVERY_SECONDS = 5.0
ASKED_FOR_SECONDS = 16.0
# PostgreSQL takes less than 8,000 bytes.
MOST_BYTES_OF_IDS = 7_000
MOST_NOTICES_AT_ONCE = 16


class Notices:
    """Sends this node's bells and changes to the others and receives theirs, on one connection."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        listeners: Listeners,
        following: Following,
    ) -> None:
        self._connect = connect
        self._listeners = listeners
        self._following = following
        self._untold = Rung()
        self._changes = Changes()
        self._news = asyncio.Event()
        self._sleep: Callable[[float], Awaitable[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        # Repeats that this node asks for changes; ends that another one does.
        self._asking: asyncio.Task[None] | None = None
        self._lapsing: asyncio.Task[None] | None = None
        self._ask = False
        self.asked = False
        """Whether other nodes want to know what this one changes."""

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._task = asyncio.create_task(self._run(look, sleep))

    def tell(self, rung: Rung) -> None:
        """Sends bells to the other nodes; many commits share a notice."""
        self._untold.add(rung)
        self._news.set()

    def tell_changes(self, written: Written) -> None:
        """Sends the other nodes the ids of changed rows."""
        self._changes.add(written)
        self._news.set()

    def ask_for_changes(self, ask: bool) -> None:
        """Begins or ends to ask the other nodes for what they change."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        if ask and self._sleep is not None:
            self._asking = asyncio.create_task(self._keep_asking(self._sleep))

    async def close(self) -> None:
        for task in (self._task, self._asking, self._lapsing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _run(
        self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        while True:
            try:
                await self._pass_on(look, sleep)
            except (*LOST, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # Meanwhile the loops find work by polling.
                log.warning("LISTEN connection lost; polling until it is back", error=reason(error))
            await sleep(BEFORE_LISTENING_AGAIN_SECONDS)

    async def _pass_on(
        self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        connection = await self._connect()
        try:
            mine = connection.get_server_pid()

            def hear(_connection: object, teller: int, _channel: str, text: object) -> None:
                if teller != mine:
                    self._hear(str(text), look)

            connection.add_termination_listener(lambda _connection: self._news.set())
            await connection.add_listener(CHANNEL, hear)
            # Bells may have rung meanwhile, and rows may have changed.
            look()
            self._following.hear(None)
            self._ask = self._following.active
            while True:
                if not self._ask:
                    await self._wait_for_news(sleep)
                self._news.clear()
                if self._untold or self._changes or self._ask:
                    await self._tell(connection)
                    await sleep(BETWEEN_NOTICES_SECONDS)
                else:
                    await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        finally:
            connection.terminate()

    def _hear(self, text: str, look: Callable[[], None]) -> None:
        notice = read_notice(text)
        if notice is None:
            look()
            self._following.hear(None)
            return
        self._listeners.hear(notice.rung)
        if notice.asks:
            self._heard_asking()
        if notice.written:
            self._following.hear(notice.written)
        if notice.missed:
            self._following.hear(None)

    def _heard_asking(self) -> None:
        if not self.asked:
            self.asked = True
            # What this node changed before is not named.
            self._changes.missed = True
            self._news.set()
        if self._lapsing is not None:
            self._lapsing.cancel()
        if self._sleep is not None:
            self._lapsing = asyncio.create_task(self._lapse(self._sleep))

    async def _lapse(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        await sleep(ASKED_FOR_SECONDS)
        self.asked = False

    async def _keep_asking(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        while True:
            self._ask = True
            self._news.set()
            await sleep(ASK_EVERY_SECONDS)

    async def _tell(self, connection: asyncpg.Connection) -> None:
        rung, self._untold = self._untold, Rung()
        changes, self._changes = self._changes, Changes()
        ask, self._ask = self._ask, False
        try:
            texts = list(_texts(rung, changes, ask=ask))
            await connection.execute(NOTIFY, texts, CHANNEL, timeout=ANSWER_SECONDS)
        except BaseException:
            self.tell(rung)  # by the next connection
            if changes:
                self._changes.miss()
            raise

    async def _wait_for_news(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Waits until a bell is to be sent, or the connection is to be checked."""
        news = asyncio.ensure_future(self._news.wait())
        slept = asyncio.ensure_future(sleep(BETWEEN_QUESTIONS_SECONDS))
        try:
            await asyncio.wait((news, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            slept.cancel()


class Notice(NamedTuple):
    """What a node tells: its bells, whether it asks for changes, which rows it changed.

    `missed` means that it has changed others, too.
    """

    rung: Rung
    asks: bool
    written: Written
    missed: bool


def read_notice(text: str) -> Notice | None:
    """Parses a notice, without bells and kinds of rows that this version does not know.

    Returns None for any other text: a node of 0.1.0 sends an empty one, and does not say what rang
    or changed.
    """
    try:
        notice = json.loads(text)
        if not isinstance(notice, dict):
            return None
        written = _changes_of(notice.get(CHANGED, {}))
        return Notice(Rung.of_notice(notice), ASKS in notice, written, MISSED in notice)
    except (ValueError, TypeError, OverflowError):
        return None


def _texts(rung: Rung, changes: Changes, *, ask: bool) -> Iterator[str]:
    """Yields the texts of notices; changes that are too many for them are not named."""
    ids: dict[str, list[str]] = {}
    first: dict[str, object] = {**rung.to_notice(), **({ASKS: 1} if ask else {})}
    size, notices, missed = 0, 0, changes.missed
    for kind, each in changes:
        if size + len(each) > MOST_BYTES_OF_IDS:
            if notices == MOST_NOTICES_AT_ONCE:
                ids, missed = {}, True
                break
            yield _text({CHANGED: ids})
            ids, size, notices = {}, 0, notices + 1
        ids.setdefault(kind.value, []).append(each)
        size += len(json.dumps(each)) + 1
    yield _text({**first, **({CHANGED: ids} if ids else {}), **({MISSED: 1} if missed else {})})


def _text(notice: dict[str, object]) -> str:
    return json.dumps(notice, separators=(",", ":"))


def _changes_of(changed: object) -> Written:
    """Reads changed rows, without kinds that this version does not know.

    Raises:
        ValueError, TypeError: these are no changed rows.
    """
    if not isinstance(changed, dict):
        raise TypeError("not an object")
    known = [(kind, changed[kind.value]) for kind in Watched if kind.value in changed]
    if not all(isinstance(ids, list) and all(isinstance(i, str) for i in ids) for _, ids in known):
        raise TypeError("not ids")
    return known
