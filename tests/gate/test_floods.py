"""Addresses that go on calling although they are refused are known for a minute."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.gate.floods import MOST_NETS, REFUSALS, Floods
from tocsin.schedule import ManualClock

BURST = int(REFUSALS.burst)
NET, OTHER = "203.0.113.1", "2001:db8::/64"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, tzinfo=UTC))


def refused(floods: Floods, net: str, number: int) -> None:
    for _ in range(number):
        floods.refused(net)


def passed(clock: ManualClock, seconds: int) -> None:
    asyncio.run(clock.advance(timedelta(seconds=seconds)))


def test_it_is_a_flood_beyond_what_may_come_at_once(clock: ManualClock) -> None:
    floods = Floods(clock)
    refused(floods, NET, BURST)
    assert floods.nets() == ()
    refused(floods, NET, 1)
    refused(floods, OTHER, BURST + 1)
    assert floods.nets() == (NET, OTHER)


def test_a_minute_after_the_last_it_is_forgotten(clock: ManualClock) -> None:
    floods = Floods(clock)
    refused(floods, NET, BURST + 1)
    passed(clock, 59)
    assert floods.nets() == (NET,)
    refused(floods, NET, BURST + 1)
    passed(clock, 59)
    assert floods.nets() == (NET,)
    passed(clock, 1)
    assert floods.nets() == ()


def test_what_is_no_address_is_not_told(clock: ManualClock) -> None:
    floods = Floods(clock)
    refused(floods, "", BURST + 1)
    assert floods.nets() == ()


def test_their_number_is_bounded(clock: ManualClock) -> None:
    floods = Floods(clock)
    for number in range(MOST_NETS + 5):
        refused(floods, f"10.0.{number // 250}.{number % 250}", BURST + 1)
    assert len(floods.nets()) == MOST_NETS
