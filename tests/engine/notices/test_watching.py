"""Looks for silence and recovery, on a real database with a clock that is moved by hand."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from stand.engine_node import NOON, Node, at, in_loop, node
from tocsin.engine.notices.noticing import Notices
from tocsin.engine.notices.watching import NoticeWatch
from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import ManualClock
from tocsin.store.invocations.listing import find_whole
from tocsin.targets.receivers import NotifySettings
from tocsin.wire.ids import Ids

MINUTE = timedelta(minutes=1)
SETTINGS = NotifySettings.model_validate(
    {"receivers": {"ops": {"function": "tells", "folders": ["*"], "silence": 300}}}
)


class Stopped(Exception):
    """Ends a step before its pause."""


class NoPause(ManualClock):
    async def sleep(self, _seconds: float) -> None:
        raise Stopped


async def look(it: Node) -> None:
    """Looks once."""
    watch = NoticeWatch(
        it.database,
        it.clock,
        Notices(SETTINGS, new_id=Ids(it.clock).new),
        Duty("notices", it.database, it.clock, node="n1"),
        machine_clock=NoPause(NOON),
    )
    with pytest.raises(Stopped):
        await watch.run_once()


async def told(it: Node) -> list[str]:
    ids = [one.id for one in await it.fired() if one.is_notice]
    whole = await it.database.read(lambda tx: [find_whole(tx, one) for one in ids])
    return [json.loads(one.payload)["type"] for one in whole if one is not None]


@in_loop
async def test_a_tick_is_silent_after_its_grace_and_not_before(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await it.create("*/10 * * * ? *")
        await it.clock.advance_to(at("2026-03-01 12:15"))
        await look(it)
        assert await told(it) == []
        await it.clock.advance_to(at("2026-03-01 12:15:01"))
        await look(it)
        await look(it)
        assert await told(it) == ["trigger.silent"]


@in_loop
async def test_one_silence_is_told_of_once_though_its_record_comes_later(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await it.create("*/10 * * * ? *")
        await it.clock.advance_to(at("2026-03-01 12:16"))
        await look(it)
        # A node comes back, records the misfire and fires for it.
        await it.clock.advance_to(at("2026-03-01 12:36"))
        await it.fire_due()
        await look(it)
        assert await told(it) == ["trigger.silent", "trigger.recovered"]
        await it.run_until(at("2026-03-01 13:20"))
        await look(it)
        assert await told(it) == ["trigger.silent", "trigger.recovered"]


@in_loop
async def test_another_silence_is_told_of_again_after_an_hour(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await it.create("*/10 * * * ? *")
        for silent_at in ("2026-03-01 12:16", "2026-03-01 14:16"):
            await it.clock.advance_to(at(silent_at))
            await look(it)
            await it.fire_due()
            await it.run_until(at(silent_at) + 10 * MINUTE)
            await look(it)
        assert await told(it) == ["trigger.silent", "trigger.recovered"] * 2


@in_loop
async def test_a_paused_or_deleted_timer_is_not_silent(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        paused = await it.create("*/10 * * * ? *")
        deleted = await it.create("*/10 * * * ? *")
        await it.change("Pause", paused)
        await it.change("Delete", deleted)
        await it.clock.advance_to(at("2026-03-01 13:00"))
        await look(it)
        assert await told(it) == []
