"""Restricts the connections of aiohttp to the addresses that may be called."""

import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

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


class CheckedConnector(aiohttp.TCPConnector):
    """Connects only to addresses that `reach` allows; closes its resolver with itself.

    A request to a refused address raises `aiohttp.ClientConnectorError` whose `os_error` is
    `AddressRefused`.
    """

    def __init__(
        self, reach: Reach, *, limit: int = 100, resolver: AbstractResolver | None = None
    ) -> None:
        """Prepares a connector.

        Args:
            reach: the addresses that may be called.
            limit: the most connections; 0 means no limit.
            resolver: resolves names; None means one that asks DNS and the system.
        """
        self._checked = CheckedResolver(reach, resolver)
        super().__init__(limit=limit, resolver=self._checked, socket_factory=CheckedSockets(reach))

    async def close(self, *, abort_ssl: bool = False) -> None:
        await super().close(abort_ssl=abort_ssl)
        await self._checked.close()
