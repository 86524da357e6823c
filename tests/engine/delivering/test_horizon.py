"""A node does not look where nothing waits any more, and looks there again when something may."""

import asyncio
from datetime import UTC, datetime, timedelta

from tocsin.engine.delivering.horizon import BETWEEN_LOOKS_AT_ALL_SECONDS, SLACK, Horizon
from tocsin.schedule import ManualClock
from tocsin.store.driver.instants import EPOCH

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_it_follows_what_is_found_but_never_passes_what_waits_or_the_present() -> None:
    horizon = Horizon(ManualClock(NOON))
    assert horizon.since == EPOCH
    horizon.found(horizon.look(), NOON - MINUTE, NOON)
    assert horizon.since == NOON - MINUTE - SLACK
    horizon.found(horizon.look(), NOON + MINUTE, NOON)
    assert horizon.since == NOON - SLACK
    horizon.found(horizon.look(), None, NOON + MINUTE)
    assert horizon.since == NOON + MINUTE - SLACK


def test_a_bell_for_something_earlier_takes_it_back_also_in_the_midst_of_a_look() -> None:
    horizon = Horizon(ManualClock(NOON))
    horizon.found(horizon.look(), None, NOON)
    horizon.rung(NOON)
    assert horizon.since == NOON - SLACK
    for at in (NOON - MINUTE, None):
        look = horizon.look()
        horizon.rung(at)
        horizon.found(look, None, NOON)
        assert horizon.since == EPOCH
        horizon.found(horizon.look(), None, NOON)


def test_after_some_seconds_it_is_taken_back_without_a_bell() -> None:
    clock = ManualClock(NOON)
    horizon = Horizon(clock)
    horizon.found(horizon.look(), None, NOON)
    horizon.look()
    assert horizon.since == NOON - SLACK
    asyncio.run(clock.advance(timedelta(seconds=BETWEEN_LOOKS_AT_ALL_SECONDS)))
    horizon.look()
    assert horizon.since == EPOCH
