"""Names that DNS does not know are asked of the system, in threads that hold up nothing."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from tocsin.outgoing.connecting import CheckedResolver
from tocsin.outgoing.names import Names
from tocsin.outgoing.reach import AddressRefused, Reach
from tocsin.outgoing.threads import Threads


def knowing(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Lets the system alone know a name."""

    def getaddrinfo(host: str, port: int, *_: object) -> list[Any]:
        if host == "only-here.invalid":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


async def resolved(name: str, reach: Reach | None = None) -> list[tuple[str, int]]:
    names = CheckedResolver(reach or Reach(), Names())
    try:
        return [(each["host"], each["port"]) for each in await names.resolve(name, 80)]
    finally:
        await names.close()


def test_a_name_that_only_the_system_knows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    knowing(monkeypatch, "127.0.0.9")
    assert asyncio.run(resolved("only-here.invalid")) == [("127.0.0.9", 80)]


def test_what_the_system_knows_is_checked_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    knowing(monkeypatch, "169.254.169.254")
    with pytest.raises(AddressRefused):
        asyncio.run(resolved("only-here.invalid"))


def test_a_name_of_the_hosts_file_needs_no_dns() -> None:
    found = asyncio.run(resolved("localhost"))
    assert ("127.0.0.1", 80) in found


def test_an_unknown_name_is_an_error_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    knowing(monkeypatch, "127.0.0.9")
    with pytest.raises(OSError, match="not found"):
        asyncio.run(resolved("other.invalid"))


def test_a_thread_that_hangs_counts_until_it_ends() -> None:
    let_go = threading.Event()

    async def scenario() -> None:
        threads = Threads("test", 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await threads.run(let_go.wait)
        waiting = asyncio.create_task(threads.run(lambda: "done"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        let_go.set()
        assert await waiting == "done"

    asyncio.run(scenario())


def test_what_work_in_a_thread_raises_is_raised() -> None:
    async def scenario() -> None:
        with pytest.raises(ZeroDivisionError):
            await Threads("test", 1).run(lambda: 1 // 0)

    asyncio.run(scenario())
