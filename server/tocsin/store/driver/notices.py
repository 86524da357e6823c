"""Carries bells between the nodes on one PostgreSQL, by notices."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from tocsin.store.driver.bells import Listeners, Rung
from tocsin.store.driver.connections import LOST
from tocsin.store.driver.primary.connecting import reason

log = structlog.get_logger(__name__)

CHANNEL = "tocsin"
# A node of 0.1.0 listens on the same channel, ignores the text, and looks for work of any kind.
NOTIFY = f"SELECT pg_notify('{CHANNEL}', $1)"
# A notice with each commit would halve the commits that PostgreSQL can do.
BETWEEN_NOTICES_SECONDS = 0.05
BEFORE_LISTENING_AGAIN_SECONDS = 1.0
# A connection that only listens never notices that the server is gone, so it asks now and then.
BETWEEN_QUESTIONS_SECONDS = 5.0
ANSWER_SECONDS = 5.0


class Notices:
    """Sends this node's bells to the others and receives theirs, on one connection."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection]], listeners: Listeners
    ) -> None:
        self._connect = connect
        self._listeners = listeners
        self._untold = Rung()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._task = asyncio.create_task(self._run(look, sleep))

    def tell(self, rung: Rung) -> None:
        """Sends bells to the other nodes; many commits share a notice."""
        self._untold.add(rung)
        self._news.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

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
            look()  # bells may have rung meanwhile
            while True:
                await self._wait_for_news(sleep)
                self._news.clear()
                if self._untold:
                    await self._tell(connection)
                    await sleep(BETWEEN_NOTICES_SECONDS)
                else:
                    await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        finally:
            connection.terminate()

    def _hear(self, text: str, look: Callable[[], None]) -> None:
        rung = Rung.of_notice(text)
        if rung is None:
            look()
        else:
            self._listeners.hear(rung)

    async def _tell(self, connection: asyncpg.Connection) -> None:
        rung, self._untold = self._untold, Rung()
        try:
            await connection.fetchval(NOTIFY, rung.to_notice(), timeout=ANSWER_SECONDS)
        except BaseException:
            self.tell(rung)  # by the next connection
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
