"""Connections by real sockets, to names that a resolver of the tests' own knows."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from botocore.exceptions import EndpointConnectionError, HTTPClientError
from pydantic import SecretStr

from tocsin.outgoing.amazon import READING, Clients, words
from tocsin.outgoing.connecting import CheckedConnector
from tocsin.outgoing.reach import AddressRefused, Reach, parse_networks
from tocsin.outgoing.settings import AmazonAccount

Names = dict[str, list[list[str]]]


class Resolver(AbstractResolver):
    """Answers with the first of a name's lists of addresses, the next time with the next one."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        del family
        self.asked.append(host)
        answers = self.names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Holds nothing."""


@asynccontextmanager
async def serving(handler: Callable[[web.Request], web.Response]) -> AsyncIterator[int]:
    async def handle(request: web.Request) -> web.Response:
        return handler(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def ok(_: web.Request) -> web.Response:
    return web.Response(text="reached")


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


async def get(url: str, reach: Reach, resolver: Resolver) -> str:
    async with (
        aiohttp.ClientSession(connector=CheckedConnector(reach, resolver=resolver)) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        return await answer.text()


async def refused(url: str, reach: Reach, resolver: Resolver) -> str:
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await get(url, reach, resolver)
    assert isinstance(caught.value.os_error, AddressRefused)
    return str(caught.value.os_error)


def test_a_name_that_may_be_called_is() -> None:
    async def scenario() -> None:
        async with serving(ok) as port:
            names = Resolver({"fn.example": [["127.0.0.1"]]})
            assert await get(f"http://fn.example:{port}/", Reach(), names) == "reached"

    run(scenario())


def test_a_name_of_a_private_address_is_refused_and_the_setting_named() -> None:
    async def scenario() -> None:
        async with serving(ok) as port:
            names = Resolver({"fn.example": [["127.0.0.1"]]})
            said = await refused(f"http://fn.example:{port}/", Reach(()), names)
            assert said.startswith("fn.example has the private address 127.0.0.1")
            assert "networks in [targets]" in said

    run(scenario())


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "0.0.0.0"])
def test_a_name_of_an_address_that_is_never_called_is_refused(address: str) -> None:
    everything = Reach(parse_networks(["0.0.0.0/0", "::/0"]))

    async def scenario() -> None:
        said = await refused(
            "http://fn.example/", everything, Resolver({"fn.example": [[address]]})
        )
        assert "never called" in said

    run(scenario())


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "0.0.0.0", "[::]"]
)
def test_an_address_in_a_url_that_is_never_called_is_refused(host: str) -> None:
    async def scenario() -> None:
        resolver = Resolver({})
        said = await refused(f"http://{host}/", Reach(), resolver)
        assert "never called" in said
        assert resolver.asked == []

    run(scenario())


def test_an_address_in_a_url_is_called_as_it_is_written() -> None:
    async def scenario() -> None:
        async with serving(ok) as port:
            assert await get(f"http://127.0.0.1:{port}/", Reach(()), Resolver({})) == "reached"

    run(scenario())


def test_of_several_addresses_only_those_are_tried_that_may_be_called() -> None:
    async def scenario() -> None:
        async with serving(ok) as port:
            both = [["169.254.169.254", "127.0.0.1"]]
            names = Resolver({"fn.example": both})
            assert await get(f"http://fn.example:{port}/", Reach(), names) == "reached"

    run(scenario())


def test_a_name_that_is_rebound_is_judged_anew() -> None:
    """What was checked is what is connected to; the next look-up is checked again."""

    async def scenario() -> None:
        async with serving(ok) as port:
            names = Resolver({"fn.example": [["127.0.0.1"], ["169.254.169.254"]]})
            url = f"http://fn.example:{port}/"
            assert await get(url, Reach(), names) == "reached"
            assert names.asked == ["fn.example"]
            assert "never called" in await refused(url, Reach(), names)

    run(scenario())


def test_a_service_of_amazons_protocols_leads_nowhere_by_a_redirect() -> None:
    came: list[str] = []

    async def scenario() -> None:
        def elsewhere(request: web.Request) -> web.Response:
            came.append(request.path)
            return web.Response(status=307, headers={"Location": "/elsewhere"})

        async with serving(elsewhere) as port:
            with pytest.raises(HTTPClientError, match="redirects are not followed"):
                await ask_queue(f"http://127.0.0.1:{port}", Reach())
        assert came == ["/"]

    run(scenario())


def test_a_service_of_amazons_protocols_is_no_way_to_addresses_that_are_never_called() -> None:
    async def scenario() -> None:
        with pytest.raises(EndpointConnectionError) as caught:
            await ask_queue("http://169.254.169.254", Reach())
        assert "never called" in words(caught.value)

    run(scenario())


async def ask_queue(endpoint: str, reach: Reach) -> None:
    account = AmazonAccount(access_key_id="id", secret_access_key=SecretStr("secret"))
    clients = Clients("sqs", account, reach, READING)
    try:
        client = await clients.of(endpoint)
        await client.get_queue_url(QueueName="q")
    finally:
        await clients.close()
