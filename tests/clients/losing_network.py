"""A network between a client and a server over TLS that loses one answer."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any


class LosingNetwork:
    """Passes on to a TLS server; when its answer has a mark for the first time, that is lost.

    It looks into what it passes on, so it shows the server's own certificate to clients. The
    connection ends with the answer, as when a host on the way fails: the server has done what it
    was asked, and its client does not know.
    """

    def __init__(self, server: str, mark: bytes, *, ca: Path, certificate: Path, key: Path) -> None:
        self._server = server
        self._mark = mark
        self.lost = threading.Event()
        self._towards = ssl.create_default_context(cafile=str(ca))
        self._shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._shown.load_cert_chain(certificate, key)
        for context in (self._towards, self._shown):
            context.set_alpn_protocols(["h2"])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        started = asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._shown)
        self._listener: asyncio.Server = self._run(started)
        self.endpoint = f"localhost:{self._listener.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        async def close() -> None:
            self._listener.close()
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

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._server.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(
            host, int(port), ssl=self._towards, server_hostname="localhost"
        )
        try:
            await asyncio.gather(
                self._pass_on(reader, far_writer), self._answer(far_reader, writer)
            )
        finally:
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pass_on(self, here: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await here.read(65536):
                there.write(data)
                await there.drain()
        there.close()

    async def _answer(self, here: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        before = b""  # a mark may come in two parts
        with contextlib.suppress(OSError):
            while data := await here.read(65536):
                before = (before + data)[-4096:]
                if self._mark in before and not self.lost.is_set():
                    self.lost.set()
                    there.transport.abort()
                    return
                there.write(data)
                await there.drain()
        there.close()
