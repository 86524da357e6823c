"""Jobs go on step by step, on any node, and stop when they are told to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.work import held_open, opened, two_nodes
from tocsin.engine.delivering.jobs import STEP, take_step
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.causes import cause_id, normalised
from tocsin.store.invocations.rows import Invocation, State, insert_invocations
from tocsin.store.invocations.selecting import Filter
from tocsin.store.invocations.steering import Steer
from tocsin.store.jobs.rows import (
    Job,
    JobState,
    Wanted,
    cancel_job,
    find_job,
    insert_job,
    page_of_jobs,
    wanted_from_json,
    wanted_to_json,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WAITING = frozenset({State.PENDING, State.RETRYING})
ACTION = '{"target": {"kind": "function", "function_id": "f"}}'


def invocation(number: int, origin: str = "t") -> Invocation:
    return Invocation(
        id=f"i{number:05}",
        parent="folders/f",
        origin=origin,
        scheduled_at=NOON + number * SECOND,
        action=ACTION,
        created_at=NOON,
    )


def job(wanted: Filter, name: str = "j", kind: Steer = Steer.CANCEL) -> Job:
    text = wanted_to_json(Wanted(replace(wanted, made_until=NOON)))
    return Job(name, kind, "folders/f", "", text, 0, False, NOON)


async def fill(database: Database, numbers: range, origin: str = "t") -> None:
    made = [invocation(number, origin) for number in numbers]
    await database.write(
        lambda tx: insert_invocations(tx, [(each, each.scheduled_at) for each in made])
    )


def run(url: str, runner: asyncio.Runner, scenario: Callable[[Database], Awaitable[None]]) -> None:
    async def on_a_store() -> None:
        async with opened(url) as database:
            await scenario(database)

    runner.run(on_a_store())


def step(tx: Transaction) -> Job | None:
    return take_step(tx, NOON)


def test_a_job_goes_on_step_by_step_to_its_end(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        await fill(database, range(STEP + 50))
        await fill(database, range(STEP + 50, STEP + 60), origin="other")
        late = invocation(STEP + 70)._replace(created_at=NOON + SECOND)
        await database.write(lambda tx: insert_invocations(tx, [(late, NOON)]))
        await database.write(lambda tx: insert_job(tx, job(Filter("t", WAITING))))
        first = await database.write(step)
        assert first is not None
        assert (first.changed, first.state) == (STEP, JobState.RUNNING)
        assert first.reached_at == NOON + (STEP - 1) * SECOND
        second = await database.write(step)
        assert second is not None
        assert (second.changed, second.skipped) == (STEP + 50, 0)
        assert (second.state, second.finished_at) == (JobState.DONE, NOON)
        assert await database.read(lambda tx: find_job(tx, "j")) == second
        assert await database.write(step) is None

    run(url, runner, scenario)


def test_a_job_that_was_stopped_goes_no_further(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        await fill(database, range(STEP + 50))
        await database.write(lambda tx: insert_job(tx, job(Filter("t", WAITING))))
        await database.write(step)
        await database.write(lambda tx: cancel_job(tx, "j", now=NOON + SECOND))
        assert await database.write(step) is None
        stopped = await database.read(lambda tx: find_job(tx, "j"))
        assert stopped is not None
        assert (stopped.state, stopped.changed) == (JobState.CANCELLED, STEP)
        # One that has ended stays as it is.
        await database.write(lambda tx: cancel_job(tx, "j", now=NOON + 2 * SECOND))
        assert await database.read(lambda tx: find_job(tx, "j")) == stopped

    run(url, runner, scenario)


def test_jobs_come_the_latest_first(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        for name in ("a", "b", "c"):
            made = job(Filter("t", WAITING), name)
            await database.write(lambda tx, made=made: insert_job(tx, made))
        first = await database.read(lambda tx: page_of_jobs(tx, before="", limit=2))
        assert [each.id for each in first] == ["c", "b"]
        rest = await database.read(lambda tx: page_of_jobs(tx, before="b", limit=2))
        assert [each.id for each in rest] == ["a"]

    run(url, runner, scenario)


def test_two_nodes_are_never_at_the_same_job(postgres_url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as (one, other):
            await fill(one, range(STEP + 50))
            await one.write(lambda tx: insert_job(tx, job(Filter("t", WAITING))))
            async with held_open(one, step) as first:
                assert first is not None
                assert await other.write(step) is None
            # The other one goes on where the first one stopped.
            second = await other.write(step)
            assert second is not None
            assert (second.changed, second.state) == (STEP + 50, JobState.DONE)

    runner.run(scenario())


def test_what_a_job_wants_is_read_as_it_was_written() -> None:
    wanted = Wanted(
        Filter(
            origin="t",
            states=WAITING,
            scheduled_from=NOON,
            scheduled_before=NOON + SECOND,
            parent="folders/f",
            integration_id="nightly",
            error_text="100%",
            made_until=NOON,
            oldest_first=True,
        ),
        cause_id="c",
    )
    assert wanted_from_json(wanted_to_json(wanted)) == wanted
    least = Wanted(Filter(oldest_first=True))
    assert wanted_from_json(wanted_to_json(least)) == least


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (
            "http://10.0.0.7:9000/f1 answered 500: order 17 of 3.5 kg",
            "http://10.0.0.7:9000/f1 answered 500: order 9 of 12 kg",
            "http://10.0.0.7:9000/f1 answered 500: order # of # kg",
        ),
        (
            "no row 5f1c2a0e-93c4-4b8e-9d55-0d5bb2a4c1aa",
            "no row 00000000-93c4-4b8e-9d55-0d5bb2a4c1ab",
            "no row …",
        ),
        ("trace a1scivlb5p5c07g40pi2 lost", "trace a1scivl6tsd70fp9m5n4 lost", "trace … lost"),
        ("", "", ""),
    ],
)
def test_errors_that_differ_in_numbers_and_ids_are_one_cause(
    one: str, other: str, shown: str
) -> None:
    assert normalised(one) == normalised(other) == shown
    assert cause_id("function/f", one) == cause_id("function/f", other)
    assert cause_id("function/f", one) != cause_id("function/g", one)


def test_another_status_is_another_cause() -> None:
    gone, down = (f"http://h/ answered {status}: no" for status in (404, 503))
    assert cause_id("function/f", gone) != cause_id("function/f", down)


def test_an_error_without_end_is_cut_and_takes_no_time() -> None:
    for text in ("9" * 100_000, "a1" * 50_000, "f-" * 50_000, "ab" * 50_000 + "!"):
        assert len(normalised(text)) <= 300
