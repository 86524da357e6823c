"""What only the store on PostgreSQL does: it can be out of reach, and comes back."""

import asyncio

import pytest

from stand.services.postgres_server import PostgresServer
from store.work import add, ids, opened
from tocsin.store.driver.database import StoreUnavailable
from tocsin.store.driver.primary.connecting import TRANSACTION_SECONDS, Primary
from tocsin.store.driver.primary.urls import parse_url
from tocsin.store.driver.transaction import Contended, Transaction
from tocsin.store.triggers.rows import find_trigger


def test_it_comes_back_after_a_restart(
    postgres: PostgresServer, postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(postgres_url) as database:
            heard = asyncio.Event()
            database.listen(heard.set, lambda _seconds: asyncio.sleep(0.01))
            await asyncio.gather(*(database.write(add(f"a{number}")) for number in range(20)))
            assert len(await ids(database)) == 20
            await heard.wait()
            heard.clear()
            await asyncio.to_thread(postgres.stop)
            for broken in (database.write(add("b")), ids(database), database.now()):
                with pytest.raises(StoreUnavailable, match="can't reach PostgreSQL"):
                    await broken
            await asyncio.to_thread(postgres.start)
            await database.write(add("c"))
            assert "c" in await ids(database)
            async with asyncio.timeout(30):
                await heard.wait()

    runner.run(scenario())


def look(tx: Transaction) -> None:
    find_trigger(tx, "a")


def test_a_connection_that_is_broken_off_midway_fails_its_calls_and_no_others(
    postgres: PostgresServer, postgres_url: str, runner: asyncio.Runner
) -> None:
    name = postgres_url.rpartition("/")[2]
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"

    async def scenario() -> None:
        async with opened(postgres_url) as database:
            await database.write(add("a"))
            killer = await Primary(parse_url(postgres.url("postgres"))).connect()
            for _ in range(20):
                calls = [asyncio.ensure_future(database.write(look)) for _ in range(9)]
                await asyncio.sleep(0)
                await killer.fetch(kill, name)
                for result in await asyncio.gather(*calls, return_exceptions=True):
                    assert result is None or isinstance(result, StoreUnavailable), result
            await killer.close()
            await database.write(add("b"))
            assert await ids(database) == ["a", "b"]

    runner.run(scenario())


def test_work_that_others_are_always_in_the_way_of_is_given_up(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    tries = 0

    def contended(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        raise Contended

    async def scenario() -> None:
        async with opened(postgres_url) as database:
            with pytest.raises(StoreUnavailable, match="other transactions conflicted"):
                await database.write(contended)

    runner.run(scenario())
    assert tries == 5


def test_a_transaction_ends_though_its_node_stopped_between_two_messages_of_a_statement(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        primary = Primary(parse_url(postgres_url))
        connection = await primary.connect()
        assert await connection.fetchval("SHOW transaction_timeout") == f"{TRANSACTION_SECONDS}s"
        await connection.close()
        unbounded = await primary.connect(statement_seconds=None)
        assert await unbounded.fetchval("SHOW transaction_timeout") == "0"
        await unbounded.close()

    runner.run(scenario())


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout", "idle_session_timeout"])
def test_limits_that_a_database_sets_for_people_are_not_for_a_node(
    postgres: PostgresServer, postgres_url: str, runner: asyncio.Runner, limit: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    # Long enough for the connection to be set up.
    postgres.execute("postgres", f"ALTER DATABASE {name} SET {limit} = '20s'")

    async def scenario() -> None:
        connection = await Primary(parse_url(postgres_url)).connect()
        assert await connection.fetchval(f"SHOW {limit}") == "0"
        await connection.close()

    runner.run(scenario())


def test_a_database_that_takes_no_connections_for_a_while_is_away(
    postgres: PostgresServer, postgres_url: str, runner: asyncio.Runner
) -> None:
    name = postgres_url.rpartition("/")[2]

    async def take(*, connections: bool) -> None:
        statement = f"ALTER DATABASE {name} ALLOW_CONNECTIONS {connections}"
        await asyncio.to_thread(postgres.execute, "postgres", statement)

    async def scenario() -> None:
        async with opened(postgres_url) as database:
            await take(connections=False)
            with pytest.raises(StoreUnavailable, match="not currently accepting"):
                await database.write(add("a"))
            await take(connections=True)
            await database.write(add("b"))
            assert await ids(database) == ["b"]

    runner.run(scenario())
