"""A wall clock that jumps by an hour: no storm, no stall, and no tick fires twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stand.apis.triggers import GrpcApi, create
from stand.recording_target import Received, RecordingTarget
from stand.services.amazon import until
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient
from stand.wall_clock import WallClock

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# What is left to the next tick when the clock is set, so that no test waits for a minute.
JUST_BEFORE = timedelta(seconds=2.5)
START = datetime(2031, 5, 7, 12, 1, tzinfo=UTC)


@pytest.fixture
def wall(directory: Path) -> WallClock:
    wall = WallClock(directory)
    wall.set(START - JUST_BEFORE)
    return wall


@pytest.fixture
def jumpy(directory: Path, wall: WallClock, target: RecordingTarget) -> Iterator[Tocsin]:
    config = f'targets.function = "{target.url}/{{function_id}}"'
    with serving(directory, config, http="off", environment=wall.environment) as tocsin:
        yield tocsin


@pytest.fixture
def calls(jumpy: Tocsin, wall: WallClock, target: RecordingTarget, vendor: VendorClient) -> "Calls":
    """A timer that fires each minute."""
    function = jumpy.log.parent.name
    timer = {"cronExpression": "* * * * ? *", "invokeFunction": {"functionId": function}}
    # It may have taken a while to start.
    wall.set(START - JUST_BEFORE)
    create(GrpcApi(vendor, jumpy.grpc_address), "b1g0", rule={"timer": timer})
    return Calls(target, f"/{function}")


class Calls:
    """What the timer's function was called with."""

    def __init__(self, target: RecordingTarget, path: str) -> None:
        self._target = target
        self._path = path

    def ticks(self, count: int) -> list[datetime]:
        """The instants that it was told, once there are as many as that."""
        return [_tick(call) for call in self._target.wait_for(self._matches, count)]

    def all(self) -> list[datetime]:
        return [_tick(call) for call in self._target.all(self._matches)]

    def _matches(self, request: Received) -> bool:
        return request.path == self._path


def _tick(call: Received) -> datetime:
    return datetime.fromisoformat(call.json["messages"][0]["event_metadata"]["created_at"])


def test_an_hour_ahead(calls: Calls, wall: WallClock) -> None:
    assert calls.ticks(1) == [START]
    wall.set(START + HOUR - JUST_BEFORE)
    # Once for all that was missed, and then each on its minute.
    assert calls.ticks(2) == [START, START + MINUTE]
    assert calls.ticks(3)[2] == START + HOUR


def test_an_hour_back_and_ahead_again(calls: Calls, wall: WallClock, jumpy: Tocsin) -> None:
    assert calls.ticks(1) == [START]
    wall.set(START - HOUR - 2 * JUST_BEFORE)
    # It is not silent until its armed tick has come again.
    assert calls.ticks(2)[1] == START - HOUR
    wall.set(START - JUST_BEFORE)
    assert calls.ticks(3)[2] == START - HOUR + MINUTE
    wall.set(START + MINUTE - JUST_BEFORE)
    assert calls.ticks(4)[3] == START + MINUTE
    # The tick that fired before the jumps did not fire again when its time came once more.
    assert calls.all().count(START) == 1
    log = jumpy.log.read_text()
    assert log.count("the machine's wall clock was set") >= 2
    assert "timer was armed later than its next tick" in log


def test_a_clock_that_was_years_ahead_when_the_server_ran_last(
    directory: Path, wall: WallClock, target: RecordingTarget, vendor: VendorClient
) -> None:
    config = f'targets.function = "{target.url}/{{function_id}}"'
    function = directory.name
    timer = {"cronExpression": "* * * * ? *", "invokeFunction": {"functionId": function}}
    wall.set(START.replace(year=START.year + 9))
    with serving(directory, config, http="off", environment=wall.environment) as ahead:
        create(GrpcApi(vendor, ahead.grpc_address), "b1g0", rule={"timer": timer})
        assert ahead.stop() == 0
    wall.set(START - MINUTE)
    with serving(directory, config, http="off", environment=wall.environment) as server:
        repaired = "timer was armed later than its next tick"
        until(lambda: repaired in server.log.read_text(), "the timer is repaired")
        wall.set(START)
        assert Calls(target, f"/{function}").ticks(1) == [START]
