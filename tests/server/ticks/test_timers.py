"""Timers and deliveries on a real database, with a clock that is moved by hand."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from google.longrunning import operations_pb2

from stand.calls import call
from stand.engine_node import FOLDER, NOON, at, in_loop, node, until
from tocsin.api.google.executions.endings import ExecutionEndings
from tocsin.api.google.operations import OperationsService
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.deliveries import due_candidates
from tocsin.store.invocations.deliveries import take as take_due
from tocsin.store.invocations.rows import State
from tocsin.store.triggers.rows import update_trigger
from tocsin.store.triggers.timers import arm_timer
from tocsin.targets.calling import Outcome
from tocsin.wire.paging import PageTokens, new_key


@in_loop
async def test_each_tick_becomes_one_invocation_of_its_instant(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("0 */6 * * ? *", payload="ы")
        await it.run_until(NOON + timedelta(days=2))
        expected = [at("2026-03-01 18:00") + timedelta(hours=6) * count for count in range(8)]
        assert await it.ticks() == expected

        fired = await it.fired()
        assert len({invocation.id for invocation in fired}) == 8
        assert {invocation.state for invocation in fired} == {State.PENDING}
        assert {invocation.origin for invocation in fired} == {trigger}
        assert await it.told(fired[0]) == {
            "event_metadata": {
                "event_id": fired[0].id,
                "event_type": "yandex.cloud.events.serverless.triggers.TimerMessage",
                "created_at": "2026-03-01T18:00:00Z",
                "cloud_id": "b1g-cloud",
                "folder_id": FOLDER,
            },
            "details": {"trigger_id": trigger, "payload": "ы"},
        }


@in_loop
async def test_nothing_fires_before_its_instant(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.create("1 12 * * ? *")
        await it.clock.advance_to(at("2026-03-01 12:00:59.999999"))
        await it.fire_due()
        assert await it.ticks() == []
        await it.clock.advance_to(at("2026-03-01 12:01:00"))
        await it.fire_due()
        assert await it.ticks() == [at("2026-03-01 12:01")]


@in_loop
async def test_a_trigger_that_is_created_at_a_tick_waits_for_the_next(directory: Path) -> None:
    async with node(directory, at("2026-03-01 12:00:00")) as it:
        await it.create("* * * * ? *")
        assert await it.next_tick() == at("2026-03-01 12:01")


@in_loop
async def test_triggers_of_the_same_instant_all_fire(directory: Path) -> None:
    async with node(directory, NOON) as it:
        triggers = {await it.create("0 13 * * ? *") for _ in range(300)}
        await it.run_until(at("2026-03-01 13:00"))
        assert {invocation.origin for invocation in await it.fired()} == triggers
        assert len(await it.fired()) == 300


@in_loop
async def test_the_year_ends(directory: Path) -> None:
    async with node(directory, at("2026-12-31 23:58:30")) as it:
        await it.create("* * * * ? *")
        await it.create("0 0 1 1 ? 2027")
        await it.run_until(at("2027-01-01 00:01:00"))
        assert await it.ticks() == [
            at("2026-12-31 23:59"),
            at("2027-01-01 00:00"),
            at("2027-01-01 00:00"),
            at("2027-01-01 00:01"),
        ]


@in_loop
async def test_after_the_last_tick_nothing_is_armed(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.create("0 0 1 1 ? 2027")
        await it.run_until(at("2027-01-01 00:00"))
        assert await it.ticks() == [at("2027-01-01 00:00")]
        assert await it.next_tick() is None


@pytest.mark.parametrize("cron", ["0 0 30 2 ? *", "0 0 31 4 ? *", "* * * * ? 2025"])
@in_loop
async def test_a_date_that_never_comes_is_never_armed(directory: Path, cron: str) -> None:
    async with node(directory, NOON) as it:
        await it.create(cron)
        assert await it.next_tick() is None


@in_loop
async def test_ticks_that_were_missed_fire_once(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.create("* * * * ? *")
        await it.clock.advance_to(at("2026-03-01 13:00:20"))
        await it.fire_due()
        assert await it.ticks() == [at("2026-03-01 12:01")]
        await it.run_until(at("2026-03-01 13:02:00"))
        assert (await it.ticks())[1:] == [at("2026-03-01 13:01"), at("2026-03-01 13:02")]


@in_loop
async def test_ticks_that_were_missed_while_it_was_down_fire_once(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.create("*/10 * * * ? *")
    async with node(directory, at("2026-03-04 00:05")) as it:
        await it.fire_due()
        assert await it.ticks() == [at("2026-03-01 12:10")]
        assert await it.next_tick() == at("2026-03-04 00:10")


@in_loop
async def test_a_tick_fires_once_even_if_it_is_armed_again(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("* * * * ? *")
        tick = at("2026-03-01 12:01")
        await it.run_until(tick)
        await it.database.write(lambda tx: arm_timer(tx, trigger, tick))
        await it.fire_due()
        assert await it.ticks() == [tick]
        assert await it.next_tick() == at("2026-03-01 12:02")


@pytest.mark.parametrize("method", ["Pause", "Delete"])
@in_loop
async def test_ticks_stop(directory: Path, method: str) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("* * * * ? *")
        await it.run_until(at("2026-03-01 12:02"))
        await it.change(method, trigger)
        assert await it.next_tick() is None
        await it.run_until(at("2026-03-01 12:10"))
        assert len(await it.ticks()) == 2


@in_loop
async def test_a_trigger_does_not_make_up_for_its_pause(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("* * * * ? *")
        await it.change("Pause", trigger)
        await it.clock.advance_to(at("2026-03-01 12:05:30"))
        await it.change("Resume", trigger)
        await it.run_until(at("2026-03-01 12:06:00"))
        assert await it.ticks() == [at("2026-03-01 12:06")]


@in_loop
async def test_resuming_what_is_active_does_not_move_its_tick(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("* * * * ? *")
        await it.clock.advance_to(at("2026-03-01 12:01:30"))
        await it.change("Resume", trigger)
        assert await it.next_tick() == at("2026-03-01 12:01")


@in_loop
async def test_a_new_cron_arms_its_own_next_tick(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("0 18 * * ? *")
        await it.update(trigger, cron_expression="0 15 * * ? *")
        assert await it.next_tick() == at("2026-03-01 15:00")
        await it.update(trigger, cron_expression="0 0 30 2 ? *")
        assert await it.next_tick() is None


@in_loop
async def test_a_paused_trigger_is_not_armed_by_a_new_cron(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("0 18 * * ? *")
        await it.change("Pause", trigger)
        await it.update(trigger, cron_expression="0 15 * * ? *")
        assert await it.next_tick() is None
        await it.change("Resume", trigger)
        assert await it.next_tick() == at("2026-03-01 15:00")


@pytest.mark.parametrize("timer", [{}, {"payload": "new"}], ids=["description", "payload"])
@in_loop
async def test_an_update_that_keeps_the_cron_loses_no_tick(
    directory: Path, timer: dict[str, str]
) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("* * * * ? *", payload="old")
        await it.clock.advance_to(at("2026-03-01 12:01:00.001"))
        await it.update(trigger, **timer)
        await it.fire_due()
        [invocation] = await it.fired()
        assert invocation.scheduled_at == at("2026-03-01 12:01")
        told = await it.told(invocation)
        assert told["details"]["payload"] == timer.get("payload", "old")


@in_loop
async def test_a_trigger_that_cannot_be_read_keeps_no_other_from_firing(directory: Path) -> None:
    async with node(directory, NOON) as it:
        broken, sound = await it.create("* * * * ? *"), await it.create("* * * * ? *")
        await it.database.write(
            lambda tx: update_trigger(tx, trigger_id=broken, name="", message=b"\xff")
        )
        await it.clock.advance_to(at("2026-03-01 12:01"))
        await it.fire_due()
        assert [invocation.origin for invocation in await it.fired()] == [sound]


@in_loop
async def test_a_tick_is_no_operation_of_a_location_that_its_folder_is_named_like(
    directory: Path,
) -> None:
    async with node(directory, NOON) as it:
        location = "projects/p/locations/l"
        await it.create("* * * * ? *", folder=location)
        await it.run_until(at("2026-03-01 12:01"))
        operations = OperationsService(
            it.database, it.clock, PageTokens(new_key()), ExecutionEndings(it.database, it.clock)
        )
        request = operations_pb2.ListOperationsRequest(name=location)
        assert not (await operations.list_operations(request, call())).operations


@in_loop
async def test_the_running_engine_delivers_what_ticks(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.engine.start()
        await it.create("* * * * ? *")
        for minute in (1, 2, 3):
            await it.clock.advance_to(at(f"2026-03-01 12:0{minute}"))
            await until(lambda minute=minute: len(it.caller.calls) == minute)
        await it.engine.stop(grace_seconds=5)
        fired = await it.fired()
        assert [invocation.id for invocation in fired] == it.caller.calls
        assert {invocation.state for invocation in fired} == {State.SUCCEEDED}


@in_loop
async def test_what_fails_is_recorded_with_its_error(directory: Path) -> None:
    async def fail() -> Outcome:
        return Outcome(succeeded=False, status=500, error="answered 500")

    async with node(directory, NOON) as it:
        it.caller.answer = fail
        await it.create("1 12 1 3 ? 2026")
        await it.engine.start()
        await it.clock.advance_to(at("2026-03-01 12:01"))
        await until(lambda: len(it.caller.calls) == 1)
        await it.engine.stop(grace_seconds=5)
        [invocation] = await it.fired()
        assert (invocation.state, invocation.last_error) == (State.FAILED, "answered 500")
        assert (invocation.attempts, invocation.finished_at) == (1, at("2026-03-01 12:01"))


@in_loop
async def test_what_was_running_when_it_stopped_is_delivered_again(directory: Path) -> None:
    async def never() -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    async with node(directory, NOON) as it:
        it.caller.answer = never
        await it.create("1 12 1 3 ? 2026")
        await it.engine.start()
        await it.clock.advance_to(at("2026-03-01 12:01"))
        await until(lambda: len(it.caller.calls) == 1)
        await it.engine.stop(grace_seconds=0)
        [invocation] = await it.fired()
        assert invocation.state is State.PENDING
    async with node(directory, at("2026-03-01 12:01:30")) as it:
        await it.engine.start()
        await until(lambda: len(it.caller.calls) == 1)
        await it.engine.stop(grace_seconds=5)
        [again] = await it.fired()
        assert it.caller.calls == [invocation.id] == [again.id]
        assert (again.state, again.attempts) == (State.SUCCEEDED, 2)


@in_loop
async def test_a_stop_lets_what_is_under_way_finish(directory: Path) -> None:
    let_go = asyncio.Event()

    async def held() -> Outcome:
        await let_go.wait()
        return Outcome(succeeded=True)

    async with node(directory, NOON) as it:
        it.caller.answer = held
        await it.create("1 12 1 3 ? 2026")
        await it.engine.start()
        await it.clock.advance_to(at("2026-03-01 12:01"))
        await until(lambda: len(it.caller.calls) == 1)
        stopping = asyncio.create_task(it.engine.stop(grace_seconds=20))
        let_go.set()
        await stopping
        assert [invocation.state for invocation in await it.fired()] == [State.SUCCEEDED]


@in_loop
async def test_no_more_calls_than_allowed_are_under_way_at_once(directory: Path) -> None:
    under_way, most = 0, 0

    async def count() -> Outcome:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return Outcome(succeeded=True)

    async with node(directory, NOON, concurrency=3) as it:
        it.caller.answer = count
        for _ in range(20):
            await it.create("1 12 1 3 ? 2026")
        await it.engine.start()
        await it.clock.advance_to(at("2026-03-01 12:01"))
        await until(lambda: len(it.caller.calls) == 20)
        await it.engine.stop(grace_seconds=5)
        assert most == 3
        assert {invocation.state for invocation in await it.fired()} == {State.SUCCEEDED}


@in_loop
async def test_a_delivery_that_breaks_off_is_made_again_and_stops_no_other(
    directory: Path,
) -> None:
    async def break_off() -> Outcome:
        it.caller.answer = None
        raise RuntimeError("a bug")

    async with node(directory, NOON) as it:
        it.caller.answer = break_off
        await it.create("1 12 1 3 ? 2026")
        await it.create("2 12 1 3 ? 2026")
        await it.engine.start()
        await it.clock.advance_to(at("2026-03-01 12:01"))
        await until(lambda: len(it.caller.calls) == 1)
        await it.clock.advance_to(at("2026-03-01 12:02"))
        await until(lambda: len(it.caller.calls) == 3)
        await it.engine.stop(grace_seconds=5)
        assert [each.state for each in await it.fired()] == [State.SUCCEEDED, State.SUCCEEDED]
        assert len(set(it.caller.calls)) == 2


@in_loop
async def test_what_a_node_claimed_and_left_is_claimed_again_when_its_lease_is_over(
    directory: Path,
) -> None:
    async with node(directory, NOON) as it:
        await it.create("1 12 1 3 ? 2026")
        await it.run_until(at("2026-03-01 12:01"))

        async def claim(time: str) -> int:
            lease = at("2026-03-01 12:05")

            def take(tx: Transaction) -> int:
                due = due_candidates(tx, now=at(time), limit=10)
                ids = [row[0] for row in due]
                return len(take_due(tx, ids, node="n", now=at(time), lease_until=lease))

            return await it.database.write(take)

        assert [await claim(f"2026-03-01 12:0{minute}") for minute in (1, 2, 4, 5)] == [1, 0, 0, 1]
