"""A receiver is told of a cause once in its time, whichever nodes meet it, on both stores."""

import asyncio
from datetime import UTC, datetime, timedelta

from store.work import opened, two_nodes
from tocsin.store.driver.transaction import Work
from tocsin.store.notices.causes import Cause, CauseKind, end_cause, may_notice, ongoing_causes

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def cause(at: datetime = NOON, receiver: str = "ops") -> Cause:
    return Cause("t", CauseKind.FAILURE, receiver, at)


def notice(at: datetime = NOON, receiver: str = "ops") -> Work[bool]:
    return lambda tx: may_notice(tx, cause(at, receiver), before=at - HOUR)


def test_a_cause_is_told_of_again_when_its_time_is_over(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            assert await database.write(notice())
            assert not await database.write(notice(NOON + HOUR - timedelta(microseconds=1)))
            assert await database.write(notice(receiver="other"))
            assert await database.write(notice(NOON + HOUR))
            # The clock was set back.
            assert await database.write(notice(NOON))

    runner.run(scenario())


def test_what_has_ended_goes_on_no_more_until_it_is_met_again(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(notice())
            assert await database.read(lambda tx: ongoing_causes(tx, limit=9)) == [cause()]
            await database.write(lambda tx: end_cause(tx, cause()))
            assert await database.read(lambda tx: ongoing_causes(tx, limit=9)) == []
            await database.write(notice(NOON + HOUR))
            again = await database.read(lambda tx: ongoing_causes(tx, limit=9))
            assert again == [cause(NOON + HOUR)]

    runner.run(scenario())


def test_of_many_nodes_that_meet_a_cause_at_once_one_tells_of_it(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as nodes:
            for at in (NOON, NOON + HOUR):
                told = await asyncio.gather(*(nodes[n % 2].write(notice(at)) for n in range(16)))
                assert sum(told) == 1

    runner.run(scenario())
