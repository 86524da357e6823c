"""Connects to addresses that may be called, for protocols other than HTTP."""

import asyncio
import errno
import os
import socket

from aiohttp.abc import AbstractResolver

from tocsin.outgoing.connecting import CheckedResolver
from tocsin.outgoing.reach import Reach, is_address

# An address that answers nothing leaves time for the others.
SECONDS_AN_ADDRESS = 10.0


class Dialling:
    """Opens sockets to hosts, at the addresses that `reach` allows."""

    def __init__(self, reach: Reach, resolver: AbstractResolver | None = None) -> None:
        self._reach = reach
        self._names = CheckedResolver(reach, resolver)

    async def dial(self, host: str, port: int) -> socket.socket:
        """Returns a connected socket that does not block; tries one address after the other.

        Args:
            host: a name, or an IP address as the settings have it.
            port: the TCP port.

        Raises:
            AddressRefused: none of its addresses may be called.
            OSError: the name is unknown, or no address answers.
        """
        failure: OSError | None = None
        for family, address in await self._addresses(host, port):
            try:
                return await _connected(family, address, port)
            except OSError as error:
                failure = failure or error
        raise failure or OSError(f"the name {host} has no address")

    async def close(self) -> None:
        await self._names.close()

    async def _addresses(self, host: str, port: int) -> list[tuple[int, str]]:
        if is_address(host):
            self._reach.check_written(host, host)
            return [(socket.AF_INET6 if ":" in host else socket.AF_INET, host)]
        found = await self._names.resolve(host, port)
        return [(each["family"], each["host"]) for each in found]


async def _connected(family: int, address: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    loop = asyncio.get_running_loop()
    try:
        opened.setblocking(False)
        await asyncio.wait_for(loop.sock_connect(opened, (address, port)), SECONDS_AN_ADDRESS)
    except TimeoutError as error:
        opened.close()
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
    except BaseException:
        opened.close()
        raise
    return opened
