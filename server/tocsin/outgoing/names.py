"""Resolves host names; a name whose server is silent holds up no other name.

DNS and /etc/hosts are asked without threads, by c-ares. A name that both don't know may be known to
the system alone, for example by mDNS. The system's resolver blocks a thread, so few threads ask it.
"""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from aiodns.error import ARES_ENODATA, ARES_ENOTFOUND, DNSError
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import AsyncResolver

from tocsin.outgoing.shortage import lacks_sockets
from tocsin.outgoing.threads import Threads

UNKNOWN = frozenset({ARES_ENOTFOUND, ARES_ENODATA})
SYSTEM_THREADS = 4
SYSTEM_SECONDS = 5.0

AddressInfo: TypeAlias = tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]


class Names(AbstractResolver):
    """Resolves names by DNS and /etc/hosts, and otherwise by the system's resolver."""

    def __init__(self) -> None:
        # It has a thread of its own, which a node that calls only addresses does not need.
        self._dns: AsyncResolver | None = None
        self._threads = Threads("names", SYSTEM_THREADS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns the addresses of a host.

        Raises:
            OSError: the name is unknown, its server does not answer, or this node lacks something
                to ask with.
        """
        try:
            if self._dns is None:
                self._dns = AsyncResolver()
            return await self._dns.resolve(host, port, family)
        except OSError as error:
            if (short := lacks_sockets()) is not None:
                raise short from error
            if not _is_unknown(error):
                raise
            with suppress(socket.gaierror, TimeoutError):
                return await self._ask_system(host, port, family)
            raise

    async def _ask_system(
        self, host: str, port: int, family: socket.AddressFamily
    ) -> list[ResolveResult]:
        ask = partial(_addresses, host, port, family)
        async with asyncio.timeout(SYSTEM_SECONDS):
            return await self._threads.run(ask)

    async def close(self) -> None:
        if self._dns is not None:
            await self._dns.close()
            self._dns = None


def unresolved(host: str, error: OSError) -> str:
    """Returns why a name has no address, in words."""
    if isinstance(error.__cause__, DNSError) and not _is_unknown(error):
        return f"the name {host} can't be resolved: {error.strerror}"
    return f"the name {host} is unknown"


def _is_unknown(error: OSError) -> bool:
    cause = error.__cause__
    return isinstance(cause, DNSError) and cause.args[0] in UNKNOWN


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    return [
        _result(host, port, info)
        for info in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    ]


def _result(host: str, port: int, info: AddressInfo) -> ResolveResult:
    family, _, protocol, _, address = info
    return ResolveResult(
        hostname=host,
        host=str(address[0]),
        port=port,
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
