"""A network between a server and what it needs, that can be cut, swallow all, and be healed."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any

AT_ONCE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Passes on to a port of loopback; starts on creation."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server: asyncio.Server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self._server = server
        self.port: int = server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Resets all connections, and each new one."""

        async def cut() -> None:
            self._cut = True
            self._reset_all()

        self._run(cut())

    def vanish(self) -> None:
        """Swallows all that is sent, and tells nobody: what is open stays so, for ever.

        So do a host that is gone and a firewall that forgets. New connections hang until `heal`.
        """

        async def vanish() -> None:
            self._flowing = asyncio.Event()

        self._run(vanish())

    def heal(self) -> None:

        async def heal() -> None:
            self._cut = False
            self._flowing.set()

        self._run(heal())

    def close(self) -> None:
        async def close() -> None:
            self._server.close()
            self._reset_all()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._run(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _reset_all(self) -> None:
        for writer in self._writers:
            with contextlib.suppress(OSError):  # closed meanwhile
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE
                )
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flowing = self._flowing
        self._writers.add(writer)
        if self._cut:
            self._reset_all()
            return
        await flowing.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)

        async def pass_on(here: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while (data := await here.read(65536)) and self._passes(flowing):
                    there.write(data)
                    await there.drain()
            if self._passes(flowing):
                there.close()
                self._writers.discard(there)

        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))

    def _passes(self, flowing: asyncio.Event) -> bool:
        """Whether a connection is of the network as it is now."""
        return flowing is self._flowing
