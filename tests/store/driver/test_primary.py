"""The store finds the primary among several PostgreSQL, and refuses what has no whole sessions."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from stand.services.pgbouncer import pgbouncer
from stand.services.postgres_server import PostgresServer
from store.work import add, ids, opened
from tocsin.store.driver.database import StoreError, StoreUnavailable
from tocsin.store.driver.opening import open_database


@pytest.fixture(scope="module")
def pair(postgres: PostgresServer) -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary, and a standby that only reads."""
    standby = PostgresServer(standby_of=postgres)
    yield postgres, standby
    standby.close()


def url_of(*ports: int, session: str = "", database: str) -> str:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgresql://postgres@{hosts}/{database}{session and f'?{session}'}"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


async def run(server: PostgresServer, statement: str) -> None:
    await asyncio.to_thread(server.execute, "postgres", statement)


@pytest.mark.parametrize("session", ["", "target_session_attrs=read-write"])
def test_the_primary_is_found_wherever_it_stands(
    pair: tuple[PostgresServer, PostgresServer], session: str, runner: asyncio.Runner
) -> None:
    primary, standby = pair
    database = primary.new_database().rpartition("/")[2]
    url = url_of(closed_port(), standby.port, primary.port, session=session, database=database)

    async def scenario() -> None:
        async with opened(url) as store:
            await store.write(add("a"))
            assert await ids(store) == ["a"]

    runner.run(scenario())


def test_a_read_only_primary_is_not_read_write(
    postgres: PostgresServer, runner: asyncio.Runner
) -> None:
    database = postgres.new_database().rpartition("/")[2]
    postgres.execute(
        "postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = on"
    )
    url = url_of(postgres.port, session="target_session_attrs=read-write", database=database)
    with pytest.raises(StoreError, match="is a standby or read-only"):
        open_database(url)


def test_a_server_that_answers_nothing_holds_up_the_others_for_seconds_only(
    postgres: PostgresServer, runner: asyncio.Runner
) -> None:
    database = postgres.new_database().rpartition("/")[2]

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = url_of(silent.getsockname()[1], postgres.port, database=database)
            async with opened(url) as store:
                await store.write(add("a"))
                assert await ids(store) == ["a"]

    runner.run(scenario())


def test_without_a_primary_a_start_says_of_each_server_why(
    pair: tuple[PostgresServer, PostgresServer],
) -> None:
    _, standby = pair
    closed = closed_port()
    url = url_of(closed, standby.port, database="postgres").replace("postgres@", "postgres:hush@")
    with pytest.raises(StoreError) as refused:
        open_database(url)
    assert f"127.0.0.1:{closed}: " in str(refused.value)
    assert f"127.0.0.1:{standby.port}: is a standby or read-only" in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "what", ["?nonsense=1", "?sslmode=hush", "?sslrootcert=/none&sslmode=verify-ca"]
)
def test_an_option_that_the_driver_or_the_server_refuses_is_an_error_in_words(
    postgres_url: str, what: str
) -> None:
    with pytest.raises(StoreError, match="can't use postgresql://postgres@"):
        open_database(postgres_url + what)


def test_after_a_promotion_work_goes_on_at_the_new_primary(runner: asyncio.Runner) -> None:
    primary = PostgresServer()
    standby = PostgresServer(standby_of=primary)
    database = primary.new_database().rpartition("/")[2]

    async def scenario() -> None:
        async with opened(url_of(primary.port, standby.port, database=database)) as store:
            await asyncio.to_thread(
                primary.execute, "postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'"
            )
            await run(primary, "SELECT pg_reload_conf()")
            waits = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
            while not await asyncio.to_thread(primary.execute, "postgres", waits):
                await asyncio.sleep(0.01)
            await asyncio.gather(*(store.write(add(f"a{number}")) for number in range(20)))
            await asyncio.to_thread(primary.kill)
            for broken in (store.write(add("b")), ids(store), store.now()):
                with pytest.raises(StoreUnavailable, match="can't reach PostgreSQL"):
                    await broken
            with pytest.raises(StoreUnavailable, match="is a standby or read-only"):
                await store.write(add("b"))
            await run(standby, "SELECT pg_promote()")
            await store.write(add("c"))
            assert len(await ids(store)) == 21

    runner.run(scenario())
    standby.close()
    primary.close()


def test_a_pool_of_sessions_serves(postgres: PostgresServer, runner: asyncio.Runner) -> None:
    database = postgres.new_database().rpartition("/")[2]

    async def scenario(port: int) -> None:
        url = url_of(port, database=database)
        async with opened(url) as first, opened(url) as second:
            heard = asyncio.Event()
            for store in (first, second):
                store.listen(heard.set, lambda _seconds: asyncio.sleep(0.01))
            await asyncio.gather(
                *(
                    store.write(add(f"{n}{number}"))
                    for number in range(40)
                    for n, store in (("a", first), ("b", second))
                )
            )
            assert len(await ids(first)) == len(await ids(second)) == 80
            await heard.wait()

    with pgbouncer(postgres.port, "pool_mode = session") as port:
        runner.run(scenario(port))


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("turn", ["server_round_robin = 0", "server_round_robin = 1"])
def test_a_pool_of_transactions_is_refused_with_a_reason(
    postgres: PostgresServer, mode: str, turn: str
) -> None:
    database = postgres.new_database().rpartition("/")[2]
    with (
        pgbouncer(postgres.port, f"pool_mode = {mode}", turn) as port,
        pytest.raises(StoreError, match="set pool_mode = session"),
    ):
        open_database(url_of(port, database=database))
    assert postgres.execute(database, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []
