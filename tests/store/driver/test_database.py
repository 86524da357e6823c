"""What every store promises: durable writes, shared commits, work that fails alone."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import asyncpg
import pytest
from sqlalchemy import bindparam, update

from store.work import add, ids, opened
from tocsin.store.driver.database import StoreError, StoreUnavailable
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import KeyedWrite, Transaction, UniqueViolation, Value
from tocsin.store.expiry import REQUESTS, delete_expired
from tocsin.store.schema import triggers
from tocsin.store.triggers.idempotency import (
    RequestKey,
    RequestMismatch,
    remember_answer,
    remembered_answer,
)
from tocsin.store.triggers.operations import NEWEST, insert_operation, page_of_operations
from tocsin.store.triggers.rows import (
    NameFilter,
    StoredTrigger,
    delete_trigger,
    find_trigger,
    insert_trigger,
    lock_trigger,
    page_of_triggers,
    update_trigger,
)
from tocsin.store.triggers.timers import arm_timer, disarm_timer, due_timers, earliest_tick

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_what_was_written_is_there_after_opening_again(url: str, runner: asyncio.Runner) -> None:
    async def write() -> None:
        async with opened(url) as database:
            assert await database.write(add("a")) == "a"

    async def read() -> StoredTrigger | None:
        async with opened(url) as database:
            return await database.read(lambda tx: find_trigger(tx, "a"))

    runner.run(write())
    assert runner.run(read()) == StoredTrigger("a", "", "c", b"m")


def test_all_of_a_snapshot_is_of_one_moment(url: str, runner: asyncio.Runner) -> None:
    """What another process commits between two statements of a list."""

    def elsewhere() -> None:
        async def change() -> None:
            if not url.startswith("sqlite"):
                connection = await asyncpg.connect(url)
                await connection.execute("UPDATE triggers SET folder_id = 'g'")
                await connection.close()
                return
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
                connection.execute("UPDATE triggers SET folder_id = 'g'")
                connection.commit()

        changing = Thread(target=lambda: asyncio.run(change()))
        changing.start()
        changing.join()

    def read(tx: Transaction) -> list[str]:
        found = names_in(tx, "g")
        elsewhere()
        return found + names_in(tx, "f")

    def names_in(tx: Transaction, folder: str) -> list[str]:
        rows = page_of_triggers(tx, folder_id=folder, names=NameFilter(), after="", limit=9)
        return [row.id for row in rows]

    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(add("a"))
            assert await database.read_snapshot(read) == ["a"]
            assert await database.read(lambda tx: names_in(tx, "g")) == ["a"]
            with pytest.raises(RuntimeError):
                await database.read_snapshot(broken)
            assert await database.write(add("b")) == "b"
            assert await ids(database) == ["b"]

    def broken(tx: Transaction) -> None:
        raise RuntimeError("broke off")

    runner.run(scenario())


def test_work_that_fails_is_undone_and_the_rest_of_its_group_is_kept(
    url: str, runner: asyncio.Runner
) -> None:
    def half(tx: Transaction) -> None:
        insert_trigger(tx, trigger_id="half", folder_id="f", name="", contract="c", message=b"m")
        raise RuntimeError("broke off")

    async def scenario() -> tuple[list[object], list[str]]:
        async with opened(url) as database:
            results = await asyncio.gather(
                database.write(add("a", "same")),
                database.write(half),
                database.write(add("b", "same")),
                database.write(add("c")),
                return_exceptions=True,
            )
            return list(results), await ids(database)

    (first, broken, clash, last), kept = runner.run(scenario())
    assert (first, last) == ("a", "c")
    assert isinstance(broken, RuntimeError)
    assert isinstance(clash, UniqueViolation)
    assert kept == ["a", "c"]


def test_work_may_go_on_after_an_insert_found_its_key_taken(
    url: str, runner: asyncio.Runner
) -> None:
    def work(tx: Transaction) -> None:
        add("a")(tx)
        with pytest.raises(UniqueViolation):
            add("a")(tx)
        add("b")(tx)

    async def scenario() -> list[str]:
        async with opened(url) as database:
            await database.write(work)
            return await ids(database)

    assert runner.run(scenario()) == ["a", "b"]


def test_an_update_finds_its_key_taken(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(add("a", "one"))
            await database.write(add("b", "two"))
            with pytest.raises(UniqueViolation):
                await database.write(
                    lambda tx: update_trigger(tx, trigger_id="b", name="one", message=b"n")
                )
            assert await database.read(lambda tx: find_trigger(tx, "b")) is not None

    runner.run(scenario())


def test_many_writers_at_once_all_get_their_own_answer(url: str, runner: asyncio.Runner) -> None:
    wanted = [f"t{number:04}" for number in range(1000)]

    async def scenario() -> tuple[list[str], list[str]]:
        async with opened(url) as database:
            answers = await asyncio.gather(*(database.write(add(each)) for each in wanted))
            return list(answers), await ids(database)

    assert runner.run(scenario()) == (wanted, wanted)


def test_a_caller_that_gives_up_does_not_harm_the_others(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> str:
        async with opened(url) as database:
            hasty = asyncio.ensure_future(database.write(add("hasty")))
            patient = asyncio.ensure_future(database.write(add("patient")))
            await asyncio.sleep(0)
            hasty.cancel()
            return await patient

    assert runner.run(scenario()) == "patient"


def test_a_reader_that_gives_up_does_not_harm_the_others(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> list[str]:
        async with opened(url) as database:
            await database.write(add("a"))
            hasty = [asyncio.ensure_future(ids(database)) for _ in range(20)]
            await asyncio.sleep(0.001)
            for each in hasty:
                each.cancel()
            await asyncio.gather(*hasty, return_exceptions=True)
            return await ids(database)

    assert runner.run(scenario()) == ["a"]


def test_readers_can_not_write(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            with pytest.raises(Exception, match=r"read-?only"):
                await database.read(add("a"))
            assert await ids(database) == []

    runner.run(scenario())


def test_a_disk_that_cant_be_read_is_a_store_that_is_away(
    tmp_path: Path, runner: asyncio.Runner
) -> None:
    def fail(_: Transaction) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path}/t.db") as database:
            for run in (database.read, database.write):
                with pytest.raises(StoreUnavailable, match="disk I/O error"):
                    await run(fail)

    runner.run(scenario())


def test_what_a_reader_raises_passes_as_it_is(url: str, runner: asyncio.Runner) -> None:
    @dataclass(frozen=True)
    class Refused(Exception):
        """As errors of the API are: nothing can be set on it."""

    def refuse(tx: Transaction) -> None:
        raise Refused

    async def scenario() -> None:
        async with opened(url) as database:
            for run in (database.read, database.write):
                # Not of `pytest.raises`, which would want to set its traceback.
                [error] = await asyncio.gather(run(refuse), return_exceptions=True)
                assert isinstance(error, Refused)
            assert await ids(database) == []

    runner.run(scenario())


def test_a_trigger_is_changed_and_deleted(url: str, runner: asyncio.Runner) -> None:
    def change(tx: Transaction) -> StoredTrigger | None:
        before = lock_trigger(tx, "a")
        update_trigger(tx, trigger_id="a", name="new", message=b"n")
        return before

    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(add("a"))
            assert await database.write(change) == StoredTrigger("a", "", "c", b"m")
            changed = await database.read(lambda tx: find_trigger(tx, "a"))
            assert changed == StoredTrigger("a", "new", "c", b"n")
            await database.write(lambda tx: delete_trigger(tx, "a"))
            assert await database.read(lambda tx: find_trigger(tx, "a")) is None

    runner.run(scenario())


def test_triggers_are_listed_by_page_and_by_name(url: str, runner: asyncio.Runner) -> None:
    async def page(names: NameFilter, after: str = "") -> list[str]:
        async with opened(url) as database:
            rows = await database.read(
                lambda tx: page_of_triggers(tx, folder_id="f", names=names, after=after, limit=2)
            )
            return [row[0] for row in rows]

    async def scenario() -> None:
        async with opened(url) as database:
            for each in ("b1", "a1", "c1", "d1"):
                await database.write(add(each, f"n-{each}"))
        assert await page(NameFilter()) == ["a1", "b1"]
        assert await page(NameFilter(), after="b1") == ["c1", "d1"]
        assert await page(NameFilter(included=frozenset({"n-d1", "n-a1"}))) == ["a1", "d1"]
        assert await page(NameFilter(excluded=frozenset({"n-b1"}))) == ["a1", "c1"]

    runner.run(scenario())


def test_operations_come_newest_first(url: str, runner: asyncio.Runner) -> None:
    def insert(tx: Transaction) -> None:
        for number in range(3):
            insert_operation(
                tx,
                operation_id=f"v{number}",
                trigger_id="t",
                folder_id="f",
                message=b"%d" % number,
            )

    async def scenario() -> list[tuple[str, bytes]]:
        async with opened(url) as database:
            await database.write(insert)
            return await database.read(
                lambda tx: page_of_operations(tx, trigger_id="t", before=NEWEST, limit=2)
            )

    assert runner.run(scenario()) == [("v2", b"2"), ("v1", b"1")]


def test_timers_come_due_in_order(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            assert await database.read(earliest_tick) is None
            for name, instant in (("a", NOON), ("b", NOON - SECOND), ("c", NOON + SECOND)):
                await database.write(add(name))
                await database.write(lambda tx, n=name: arm_timer(tx, n, NOON - 9 * SECOND))
                await database.write(lambda tx, n=name, at=instant: arm_timer(tx, n, at))
            due = await database.write(lambda tx: due_timers(tx, now=NOON, limit=9))
            assert [(each.trigger_id, each.instant) for each in due] == [
                ("b", NOON - SECOND),
                ("a", NOON),
            ]
            await database.write(lambda tx: arm_timer(tx, "b", None))
            await database.write(lambda tx: disarm_timer(tx, "a"))
            assert await database.read(earliest_tick) == NOON + SECOND

    runner.run(scenario())


def test_an_answer_is_remembered_while_it_is_kept(url: str, runner: asyncio.Runner) -> None:
    key = RequestKey("s", "k", b"asked")

    def ask(tx: Transaction, at: datetime, answer: bytes) -> bytes:
        known = remembered_answer(tx, key, now=at)
        if known is None:
            remember_answer(tx, key, answer, expires_at=at + 10 * SECOND)
        return known or answer

    async def scenario() -> None:
        async with opened(url) as database:
            assert await database.write(lambda tx: ask(tx, NOON, b"1")) == b"1"
            assert await database.write(lambda tx: ask(tx, NOON + 9 * SECOND, b"2")) == b"1"
            assert await database.write(lambda tx: ask(tx, NOON + 10 * SECOND, b"3")) == b"3"
            with pytest.raises(RequestMismatch):
                await database.write(
                    lambda tx: remembered_answer(tx, RequestKey("s", "k", b"other"), now=NOON)
                )
            later = NOON + 20 * SECOND
            assert await database.write(lambda tx: delete_expired(tx, REQUESTS, now=later)) == 1

    runner.run(scenario())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "must be a URL"),
        ("sqlite://", "does not name a file"),
        ("sqlite:///:memory:", "does not name a file"),
        ("mysql://localhost/x", "'mysql' are not supported"),
        ("postgresql://u:secret@127.0.0.1:1/x", "can't use postgresql://u@127.0.0.1:1/x"),
        ("postgresql://u:secret@127.0.0.1:port/x", "must be a URL"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(wrong: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as refused:
        open_database(wrong)
    assert "secret" not in str(refused.value)


def test_a_keyed_write_tells_which_of_its_rows_it_wrote(url: str, runner: asyncio.Runner) -> None:
    rename = KeyedWrite(
        update(triggers).where(triggers.c.id == bindparam("of_id")).values(name=bindparam("to")),
        triggers.c.id,
        "of_id",
    )

    async def scenario() -> tuple[set[Value], str | None]:
        async with opened(url) as database:
            await database.write(add("a"))
            rows: list[dict[str, Value]] = [
                {"of_id": "missing", "to": "x"},
                {"of_id": "a", "to": "new"},
            ]
            written = await database.write(lambda tx: tx.keys_written(rename, rows))
            found = await database.read(lambda tx: find_trigger(tx, "a"))
            return written, found and found.name

    assert runner.run(scenario()) == ({"a"}, "new")
