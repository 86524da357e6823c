"""Schedules that would be silent unheard are found, armed and told, on both stores."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from engine.upkeep.test_reconciler import HOUR, MINUTE, NOON, Node, node, reasons
from tocsin.engine.upkeep import schedule_checks
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schedules import arm_schedule
from tocsin.store.integrations.schema import integration_schedules
from tocsin.store.integrations.versions import (
    StoredVersion,
    VersionState,
    VersionSummary,
    insert_version,
)
from tocsin.store.schedules.rows import (
    StoredSchedule,
    find_schedule,
    insert_schedule,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
    TriggerConfig,
)
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

LOCATION = "projects/p/locations/l"
DAY = 24 * HOUR


async def add(it: Node, name: str, message: bytes | None = None, **fields: Any) -> str:
    """Stores a schedule that fires each minute, unless its message says otherwise."""
    stored = StoredSchedule(
        f"{LOCATION}/schedules/{name}",
        LOCATION,
        f"{LOCATION}/integrations/i",
        sent() if message is None else message,
        **fields,
    )
    await it.database.write(lambda tx: insert_schedule(tx, stored))
    return stored.name


def sent(**fields: Any) -> bytes:
    return Schedule(**{"cron_expression": "* * * * ? *", **fields}).SerializeToString()


def paused() -> bytes:
    schedule = Schedule(cron_expression="* * * * ? *")
    schedule.pause.note = "moving"
    return schedule.SerializeToString()


async def instants(it: Node, name: str) -> tuple[datetime | None, datetime | None, str | None]:
    stored = await it.database.read(lambda tx: find_schedule(tx, name))
    assert stored is not None
    return stored.tick_at, stored.due_at, stored.waits_for


def test_schedules_that_are_right_are_left_alone(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            soon, late = NOON + MINUTE, NOON - HOUR
            await add(it, "next", tick_at=soon, due_at=soon)
            await add(it, "overdue", tick_at=late, due_at=late)
            await add(it, "waits", tick_at=late, waits_for="run")
            await add(it, "paused", paused())
            await add(it, "over", sent(cron_expression="0 0 1 1 ? 2020"))
            await add(it, "released", tick_at=late, due_at=NOON)
            # It has run for this minute, before the clock was set back a little.
            ahead = NOON + 90 * timedelta(seconds=1)
            await add(it, "ran", tick_at=NOON + 2 * MINUTE, due_at=ahead, last_tick_at=soon)
            assert await it.pass_over() == []

    runner.run(scenario())


def test_what_is_wrong_with_a_schedule_is_mended(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            far, soon = NOON + 5 * DAY, NOON + MINUTE
            jitter = Schedule(cron_expression="0 0 1 1 ? *")
            jitter.jitter.FromSeconds(3600)
            new_year = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
            names = {
                await add(it, "none"): schedule_checks.NOT_ARMED,
                await add(it, "far", tick_at=far, due_at=far): schedule_checks.TOO_FAR,
                await add(it, "undue", tick_at=soon): schedule_checks.NOT_DUE,
                await add(
                    it, "paused", paused(), tick_at=soon, due_at=soon
                ): schedule_checks.NOT_ACTIVE,
                await add(
                    it,
                    "late",
                    jitter.SerializeToString(),
                    tick_at=new_year,
                    due_at=new_year + 2 * HOUR,
                ): schedule_checks.WRONGLY_DUE,
                await add(
                    it,
                    "other",
                    sent(cron_expression="0 0 1 1 ? *"),
                    tick_at=new_year - HOUR,
                    due_at=new_year - HOUR,
                ): schedule_checks.NOT_ITS_OWN,
                await add(it, "odd", sent(cron_expression="soon")): schedule_checks.UNREADABLE,
            }
            assert reasons(await it.pass_over()) == names
            none, late_far, undue, off, late, other, _ = names
            assert await instants(it, none) == (soon, soon, None)
            assert await instants(it, late_far) == (soon, soon, None)
            assert await instants(it, undue) == (soon, soon, None)
            assert await instants(it, off) == (None, None, None)
            _, due, _ = await instants(it, late)
            assert due is not None
            assert new_year <= due <= new_year + HOUR
            assert await instants(it, other) == (new_year, new_year, None)
            assert soon in it.armed
            assert [each.reason for each in await it.pass_over()] == [schedule_checks.UNREADABLE]

    runner.run(scenario())


def test_what_has_run_is_not_armed_again_after_the_clock_was_set_back(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            ran = NOON + 10 * MINUTE
            name = await add(it, "ran", last_tick_at=ran)
            await it.pass_over()
            assert await instants(it, name) == (ran + MINUTE, ran + MINUTE, None)

    runner.run(scenario())


async def version(
    it: Node, name: str, cron_tab: str, state: VersionState = VersionState.ACTIVE
) -> None:
    message = IntegrationVersion(
        trigger_configs=[
            TriggerConfig(
                trigger_type=TriggerConfig.CLOUD_SCHEDULER,
                trigger_id="t",
                cloud_scheduler_config={"cron_tab": cron_tab},
            )
        ]
    )
    summary = VersionSummary(name, LOCATION, name, 1, state, "", "", NOON, NOON, "", "")
    stored = StoredVersion(summary, message.SerializeToString())
    await it.database.write(lambda tx: insert_version(tx, stored))


async def arm(it: Node, name: str, instant: datetime) -> None:
    await it.database.write(lambda tx: arm_schedule(tx, name, "t", instant))


async def armed(it: Node) -> dict[str, datetime]:
    columns = integration_schedules.c
    rows = await it.database.read(lambda tx: tx.all(select(columns.version_id, columns.next_at)))
    return {name: from_micros(at) for name, at in rows}


def test_the_schedules_of_integrations_are_mended_too(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            soon = NOON + MINUTE
            await version(it, "right", "* * * * *")
            await arm(it, "right", soon)
            await version(it, "over", "* * * * *", VersionState.SNAPSHOT)
            await arm(it, "over", soon)
            await arm(it, "never", soon)
            await version(it, "none", "* * * * *")
            await version(it, "far", "* * * * *")
            await arm(it, "far", NOON + 5 * DAY)
            await version(it, "other", "0 0 1 1 *")
            await arm(it, "other", NOON + 5 * DAY)
            await version(it, "odd", "soon")
            await version(it, "draft", "* * * * *", VersionState.DRAFT)
            assert reasons(await it.pass_over()) == {
                "over/t": schedule_checks.NOT_PUBLISHED,
                "never/t": schedule_checks.NOT_PUBLISHED,
                f"{LOCATION}/integrations/none/t": schedule_checks.NOT_ARMED,
                f"{LOCATION}/integrations/far/t": schedule_checks.TOO_FAR,
                f"{LOCATION}/integrations/other/t": schedule_checks.NOT_ITS_OWN,
                f"{LOCATION}/integrations/odd": schedule_checks.UNREADABLE,
            }
            new_year = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
            assert await armed(it) == {"right": soon, "none": soon, "far": soon, "other": new_year}
            assert soon in it.armed
            assert len(await it.pass_over()) == 1

    runner.run(scenario())


def test_pages_reach_the_last_schedule(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            orphans = [f"v{n:04}" for n in range(schedule_checks.ARMED_AT_ONCE + 1)]

            def arm_all(tx: Transaction) -> None:
                for name in orphans:
                    arm_schedule(tx, name, "t", NOON)

            await it.database.write(arm_all)
            for n in range(schedule_checks.VERSIONS_AT_ONCE + 1):
                await version(it, f"i{n:03}", "* * * * *")
            found = await it.pass_over()
            assert len(found) == len(orphans) + schedule_checks.VERSIONS_AT_ONCE + 1
            assert len(await armed(it)) == schedule_checks.VERSIONS_AT_ONCE + 1

    runner.run(scenario())
