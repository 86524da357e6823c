"""Clients of Amazon's protocols: one for each endpoint, with the account of the settings."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from botocore.exceptions import NoCredentialsError
from pydantic import SecretStr

from tocsin.outgoing.amazon import READING, SENDING, USER_AGENT, Clients
from tocsin.outgoing.reach import Reach
from tocsin.outgoing.settings import AmazonAccount

ACCOUNT = AmazonAccount(region="here-1", access_key_id="id", secret_access_key=SecretStr("key"))
FIRST, SECOND = "http://127.0.0.1:1", "http://127.0.0.1:2"


def run(scenario: Callable[[Clients], Awaitable[None]], account: AmazonAccount = ACCOUNT) -> None:
    async def whole() -> None:
        clients = Clients("sqs", account, Reach(), SENDING)
        try:
            await scenario(clients)
        finally:
            await clients.close()

    asyncio.run(whole())


def test_an_endpoint_has_one_client_though_many_ask_at_once() -> None:
    async def scenario(clients: Clients) -> None:
        first = await asyncio.gather(*(clients.of(FIRST) for _ in range(5)))
        assert len({id(each) for each in first}) == 1
        assert await clients.of(SECOND) is not first[0]

    run(scenario)


def test_after_a_close_a_client_is_made_anew() -> None:
    async def scenario(clients: Clients) -> None:
        first = await clients.of(FIRST)
        await clients.close()
        assert await clients.of(FIRST) is not first

    run(scenario)


def test_requests_are_signed_for_the_account() -> None:
    async def scenario(clients: Clients) -> None:
        client = await clients.of(FIRST)
        assert client.meta.region_name == "here-1"
        assert client.meta.config.user_agent.startswith(USER_AGENT)
        assert tuple(await clients.credentials())[:2] == ("id", "key")

    run(scenario)


def test_without_an_account_the_machine_is_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    async def none(clients: Clients) -> None:
        with pytest.raises(NoCredentialsError):
            await clients.credentials()

    run(none, AmazonAccount())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "found")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "there")

    async def some(clients: Clients) -> None:
        assert tuple(await clients.credentials())[:2] == ("found", "there")

    run(some, AmazonAccount())


def test_a_reader_waits_longer_than_its_poll_and_is_not_tried_again_by_the_client() -> None:
    assert READING["read_timeout"] > 20
    assert READING["retries"] == {"max_attempts": 0}


def test_a_secret_is_not_shown() -> None:
    assert "key" not in repr(ACCOUNT).replace("access_key", "")
