"""What nodes on one PostgreSQL tell each other: that there may be something to do."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from tocsin.store.driver.connections import LOST, reason

log = structlog.get_logger(__name__)

CHANNEL = "tocsin"
# A notice at each commit would cost PostgreSQL half of its commits.
BETWEEN_NOTICES_SECONDS = 0.05
BEFORE_LISTENING_AGAIN_SECONDS = 1.0
# Who only listens would never notice that the other end is gone. So it is asked now and then.
BETWEEN_QUESTIONS_SECONDS = 5.0
ANSWER_SECONDS = 5.0


class Notices:
    """One connection, on which a node hears the others and tells them."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._to_tell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def listen(self, heard: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._task = asyncio.create_task(self._run(heard, sleep))

    def notify(self) -> None:
        self._to_tell.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(
        self, heard: Callable[[], None], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        while True:
            try:
                await self._pass_on(heard, sleep)
            except (*LOST, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # Until it is back the node finds work by looking for it now and then.
                log.warning("not heard by other nodes, nor they here", error=reason(error))
            await sleep(BEFORE_LISTENING_AGAIN_SECONDS)

    async def _pass_on(
        self, heard: Callable[[], None], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        connection = await self._connect()
        try:
            mine = connection.get_server_pid()

            def notice(_connection: object, teller: int, _channel: str, _payload: object) -> None:
                if teller != mine:
                    heard()

            connection.add_termination_listener(lambda _connection: self._to_tell.set())
            await connection.add_listener(CHANNEL, notice)
            heard()  # what was told meanwhile
            while True:
                await self._wait_for_news(sleep)
                if not self._to_tell.is_set():
                    await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
                    continue
                self._to_tell.clear()
                await connection.execute(f"NOTIFY {CHANNEL}", timeout=ANSWER_SECONDS)
                await sleep(BETWEEN_NOTICES_SECONDS)
        finally:
            connection.terminate()

    async def _wait_for_news(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Waits until there is something to tell, or it is time to ask whether anyone listens."""
        told = asyncio.ensure_future(self._to_tell.wait())
        slept = asyncio.ensure_future(sleep(BETWEEN_QUESTIONS_SECONDS))
        try:
            await asyncio.wait((told, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            slept.cancel()
