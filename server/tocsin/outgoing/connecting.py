"""Restricts the connections of aiohttp to the addresses that may be called."""

import asyncio
import socket
from contextvars import ContextVar
from functools import partial

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from tocsin.outgoing.names import Names
from tocsin.outgoing.reach import AddressRefused, Reach


class CheckedResolver(AbstractResolver):
    """Resolves names, and keeps the addresses that may be called.

    aiohttp connects to one of these addresses, so a later change of the name can't redirect it.
    """

    def __init__(self, reach: Reach, resolver: AbstractResolver | None = None) -> None:
        self._reach = reach
        self._resolver = resolver or Names()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns the addresses of a host that may be called.

        Raises:
            OSError: the name is unknown.
            AddressRefused: none of its addresses may be called.
        """
        addresses = await self._resolver.resolve(host, port, family)
        allowed, refused = [], None
        for address in addresses:
            try:
                self._reach.check_named(host, address["host"])
                allowed.append(address)
            except AddressRefused as error:
                refused = refused or error
        if not allowed and refused is not None:
            raise refused
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


class CheckedSockets:
    """Makes sockets; it checks addresses written in a URL, which pass no resolver."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def __call__(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, socket_address = info
        address = str(socket_address[0])
        self._reach.check_written(address, address)
        return socket.socket(family, kind, protocol)


HEAD_END = b"\r\n\r\n"
MOST_HEADS = 4
# Whether the latest request of this task went over a connection that had been kept from another.
on_kept_connection: ContextVar[bool] = ContextVar("on_kept_connection", default=False)


class HeadFirst(ResponseHandler):
    """Parses the head of an answer by itself, and knows whether it has been used before.

    The parser drops a complete answer if stray bytes follow it in the data that it is given.
    """

    used = False

    def data_received(self, data: bytes) -> None:
        # An answer may begin with heads of its own, such as "100 Continue".
        for _ in range(MOST_HEADS):
            end = data.find(HEAD_END) + len(HEAD_END)
            if not len(HEAD_END) <= end < len(data):
                break
            super().data_received(data[:end])
            if self.exception() is not None:
                return
            data = data[end:]
        super().data_received(data)
        if self.exception() is not None and not self._is_whole():
            # The answer is broken, and not followed by anything: its head alone is none.
            self._buffer.clear()

    def _is_whole(self) -> bool:
        return self._payload is not None and self._payload.is_eof()


def _head_first(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return HeadFirst(loop)


class CheckedConnector(aiohttp.TCPConnector):
    """Connects only to addresses that `reach` allows; closes its resolver with itself.

    A request to a refused address raises `aiohttp.ClientConnectorError` whose `os_error` is
    `AddressRefused`.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        limit: int = 100,
        resolver: AbstractResolver | None = None,
        keep: bool = True,
    ) -> None:
        """Prepares a connector.

        Args:
            reach: the addresses that may be called.
            limit: the most connections; 0 means no limit.
            resolver: resolves names; None means one that asks DNS and the system.
            keep: whether a connection is kept for further requests.
        """
        self._checked = CheckedResolver(reach, resolver)
        super().__init__(
            limit=limit,
            resolver=self._checked,
            socket_factory=CheckedSockets(reach),
            force_close=not keep,
        )
        self._factory = partial(_head_first, loop=self._loop)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Connection:
        on_kept_connection.set(False)
        connection = await super().connect(req, traces, timeout)
        protocol = connection.protocol
        if isinstance(protocol, HeadFirst):
            if protocol.used:
                on_kept_connection.set(True)
            protocol.used = True
        return connection

    async def close(self, *, abort_ssl: bool = False) -> None:
        await super().close(abort_ssl=abort_ssl)
        await self._checked.close()
