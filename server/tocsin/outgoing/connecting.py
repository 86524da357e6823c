"""Connections to addresses that may be called and to no others, for who speaks HTTP by aiohttp."""

import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from tocsin.outgoing.reach import AddressRefused, Reach


class CheckedResolver(AbstractResolver):
    """Finds a name's addresses, and keeps those that may be called.

    A connection is made to one of these, so what the name stands for a moment later is no matter.
    """

    def __init__(self, reach: Reach, resolver: AbstractResolver | None = None) -> None:
        self._reach = reach
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolves as any resolver does.

        Raises:
            OSError: the name is unknown; `AddressRefused`: none of its addresses may be called.
        """
        found = await self._resolver.resolve(host, port, family)
        allowed, refused = [], None
        for each in found:
            try:
                self._reach.check_named(host, each["host"])
                allowed.append(each)
            except AddressRefused as error:
                refused = refused or error
        if not allowed and refused is not None:
            raise refused
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


class CheckedSockets:
    """Makes the sockets of connections: addresses that stand in a URL are asked of no resolver."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def __call__(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = info
        address = str(place[0])
        self._reach.check_written(address, address)
        return socket.socket(family, kind, protocol)


def checked_connector(
    reach: Reach, *, limit: int = 100, resolver: AbstractResolver | None = None
) -> aiohttp.TCPConnector:
    """Makes a connector that connects to nothing that `reach` does not allow.

    What it refuses, a request gets as `aiohttp.ClientConnectorError` whose `os_error` is
    `AddressRefused`. `limit` is how many connections there may be, 0 for any number.
    """
    return aiohttp.TCPConnector(
        limit=limit,
        resolver=CheckedResolver(reach, resolver),
        socket_factory=CheckedSockets(reach),
    )
