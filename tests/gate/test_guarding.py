"""The gate is before every method, and where nothing is asked there is none."""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from grpc_health.v1 import health_pb2

from stand.access.guarded import METHODS
from stand.calls import arrival
from store.work import opened
from tocsin.access.permissions.needs import NEEDS
from tocsin.composition.gating import gate_of
from tocsin.composition.grpc_server import StartError, Ways, start_grpc
from tocsin.gate.guarding import CallGate
from tocsin.gate.limits import CallLimits
from tocsin.gate.resources import Resources, folders_of_groups
from tocsin.gate.settings import LimitSettings
from tocsin.schedule import ManualClock
from tocsin.settings import Settings, load_settings
from tocsin.telemetry.opening import Telemetry
from tocsin.wire import errors
from tocsin.wire.gate import UnknownNeed
from tocsin.wire.health import Health
from tocsin.wire.statuses import to_status
from tocsin.wire.streaming.open_streams import OpenStreams

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, tzinfo=UTC))


async def nothing(_: Any, __: Any) -> Any:
    raise AssertionError("is not called")


def test_a_server_with_a_method_of_which_nothing_is_said_does_not_start(
    clock: ManualClock,
) -> None:
    async def scenario(directory: Path) -> None:
        settings = load_settings(None, {"listen": "127.0.0.1:0", "http": "off"})
        async with opened(f"sqlite:///{directory}/t.db") as database:
            resources = Resources(database, groups={}, accounts=None)
            limits = CallLimits(LimitSettings(), clock)
            gate = CallGate(database, resources, limits, access=None, audit=None)
            services: Any = {HEALTH: dict.fromkeys(HEALTH.methods_by_name, nothing)}
            with pytest.raises(StartError, match=r"grpc\.health\.v1\.Health\.\w+ are not"):
                await start_grpc(
                    settings,
                    services,
                    Health([]),
                    Telemetry(),
                    Ways(settings.listen, None),
                    gate,
                    connections=8,
                    streams=OpenStreams(),
                )
            with pytest.raises(UnknownNeed):
                gate.guard(HEALTH.methods_by_name["Check"])

    with tempfile.TemporaryDirectory() as made:
        asyncio.run(scenario(Path(made)))


def test_nothing_is_said_of_methods_that_there_are_not() -> None:
    assert NEEDS.keys() <= METHODS.keys()


@pytest.mark.parametrize(
    ("config", "guarded"),
    [
        ("", False),
        ("[limits]\nbad_credentials_per_minute = 5", False),
        ("[limits]\ntriggers_per_folder = 5", False),
        ('[audit]\nto = "off"', False),
        ('[audit]\nto = "stderr"', True),
        ("[limits]\ncalls_per_second = 5", True),
        ("[limits]\ninvocations_per_minute = 5", True),
        ("[limits]\npayload_bytes = 5000", True),
    ],
)
def test_without_access_control_there_is_a_gate_only_where_something_is_kept(
    tmp_path: Path, config: str, guarded: bool
) -> None:
    async def scenario(settings: Settings) -> None:
        async with opened(f"sqlite:///{tmp_path}/t.db") as database:
            gate = gate_of(database, None, settings.limits, settings.audit, settings.sources.logs)
            assert (gate is not None) == guarded

    file = tmp_path / "tocsin.toml"
    file.write_text(config)
    asyncio.run(scenario(load_settings(file)))


def refused(work: Callable[[], None]) -> errors.ApiError:
    with pytest.raises(errors.ApiError) as raised:
        work()
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return raised.value


def details(error: errors.ApiError) -> dict[str, Any]:
    return {
        each["@type"].rpartition(".")[2]: each
        for each in json_format.MessageToDict(to_status(error, "r"))["details"]
    }


def test_a_minute_later_there_is_room_again(clock: ManualClock) -> None:
    async def scenario() -> None:
        limits = CallLimits(LimitSettings(invocations_per_minute=6), clock)
        limits.invocations("folders/f1", "me", 6)
        error = refused(lambda: limits.invocations("folders/f1", "me", 3))
        assert details(error)["RetryInfo"]["retryDelay"] == "30s"
        assert dict(error.headers) == {"retry-after": "30"}
        [violation] = details(error)["QuotaFailure"]["violations"]
        assert violation["subject"] == "folders/f1"
        limits.invocations("folders/f2", "me", 6)
        await clock.advance(timedelta(seconds=30))
        limits.invocations("folders/f1", "me", 3)
        refused(lambda: limits.invocations("folders/f1", "me", 1))
        # All integrations of a project share what it has.
        limits.invocations("projects/p/locations/a/integrations/x", "me", 4)
        error = refused(lambda: limits.invocations("projects/p/locations/b", "me", 3))
        [violation] = details(error)["QuotaFailure"]["violations"]
        assert violation["subject"] == "projects/p"
        # What can reach any folder is its caller's.
        limits.invocations("*", "me", 6)
        refused(lambda: limits.invocations("*", "me", 1))
        limits.invocations("*", "you", 1)

    asyncio.run(scenario())


def test_calls_and_bad_credentials_are_counted_apart(clock: ManualClock) -> None:
    async def scenario() -> None:
        rules = LimitSettings(calls_per_second=1, calls_burst=2, bad_credentials_per_minute=2)
        limits = CallLimits(rules, clock)
        limits.call("me")
        limits.call("me")
        assert details(refused(lambda: limits.call("me")))["RetryInfo"]["retryDelay"] == "1s"
        for _ in range(2):
            limits.refuse_guessing("192.0.2.1")
            limits.bad_credential("192.0.2.1")
        refused(lambda: limits.refuse_guessing("192.0.2.1"))
        limits.refuse_guessing("192.0.2.2")
        # Who sends none does not keep others out.
        limits.no_credential("192.0.2.2")
        limits.no_credential("192.0.2.2")
        refused(lambda: limits.no_credential("192.0.2.2"))
        limits.refuse_guessing("192.0.2.2")
        await clock.advance(timedelta(seconds=30))
        limits.refuse_guessing("192.0.2.1")

    asyncio.run(scenario())


def test_an_ipv6_network_guesses_together(clock: ManualClock) -> None:
    limits = CallLimits(LimitSettings(bad_credentials_per_minute=1), clock)
    limits.bad_credential("2001:db8:0:1::1")
    refused(lambda: limits.refuse_guessing("2001:db8:0:1::ffff"))
    limits.refuse_guessing("2001:db8:0:2::1")


def test_ipv4_addresses_guess_apart_as_a_socket_of_both_families_tells_them(
    clock: ManualClock,
) -> None:
    limits = CallLimits(LimitSettings(bad_credentials_per_minute=1), clock)
    limits.bad_credential("::ffff:192.0.2.1")
    refused(lambda: limits.refuse_guessing("192.0.2.1"))
    limits.refuse_guessing("::ffff:192.0.2.2")


@pytest.mark.parametrize(
    ("peer", "told", "expected"),
    [
        ("ipv4:192.0.2.1:5000", "", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:5000", "", "2001:db8::1"),
        ("ipv4:192.0.2.1:5000", "203.0.113.1", "192.0.2.1"),
        ("unix:", "203.0.113.1", "203.0.113.1"),
        ("unix:/tmp/s", "2001:db8::1", "2001:db8::1"),
        ("unix:", "", ""),
    ],
)
def test_only_envoy_is_believed_where_a_call_comes_from(
    peer: str, told: str, expected: str
) -> None:
    metadata = [("x-tocsin-peer", told)] if told else []
    assert arrival(peer, *metadata).peer == expected


def test_a_log_group_that_folders_share_is_no_folders() -> None:
    shared = {"f1": "g1", "f2": "g2", "f3": "g2"}
    assert folders_of_groups(shared) == {"g1": "f1"}
