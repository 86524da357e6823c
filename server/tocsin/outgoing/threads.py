"""Runs work that may block for long in threads that nothing else waits for."""

import asyncio
import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from tocsin.outgoing.shortage import NO_THREAD

T = TypeVar("T")


class Threads:
    """Runs work in up to `most` threads, which don't keep the process from ending."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._free = asyncio.Semaphore(most)

    async def run(self, work: Callable[[], T]) -> T:
        """Returns what the work returns, or raises what it raises.

        A caller that is cancelled leaves its thread behind, which counts until the work has ended.

        Raises:
            OSError: no thread can be started.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[T] = loop.create_future()
        ended.add_done_callback(lambda _: self._free.release())
        try:
            threading.Thread(
                target=_run, args=(loop, ended, work), name=self._name, daemon=True
            ).start()
        except RuntimeError as error:
            ended.cancel()
            raise OSError(errno.ENOMEM, NO_THREAD) from error
        return await asyncio.shield(ended)


def _run(
    loop: asyncio.AbstractEventLoop, ended: asyncio.Future[Any], work: Callable[[], T]
) -> None:
    try:
        tell = partial(_succeed, ended, work())
    except Exception as error:
        tell = partial(_fail, ended, error)
    # The loop may have closed meanwhile: then nobody waits.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell)


def _succeed(ended: asyncio.Future[T], result: T) -> None:
    ended.set_result(result)


def _fail(ended: asyncio.Future[Any], error: Exception) -> None:
    ended.set_exception(error)
    # Its caller may have given up, and then nobody asks for the error.
    ended.exception()
