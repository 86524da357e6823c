"""Calls beyond those that a node has under way are refused at once, in words, and counted."""

import asyncio
import re
import sqlite3
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from stand.tocsin_process import Tocsin, serving
from tocsin.wire.bounds.places import MOST_CALLS
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

if TYPE_CHECKING:
    from stand.services.postgres_server import PostgresServer

CONNECTIONS = 4
BEYOND = 500
PATIENCE = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, directory: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{directory / 'tocsin.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.new_database()


@contextmanager
def writes_held_up(url: str) -> Iterator[None]:
    """Keeps the server from writing a trigger, for less than the time after which it gives up."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.rollback()
        connection.close()
        return
    with asyncio.Runner() as runner:
        holder = runner.run(asyncpg.connect(url))
        runner.run(holder.execute("BEGIN; LOCK TABLE triggers IN EXCLUSIVE MODE"))
        yield
        runner.run(holder.close())


def new_trigger(number: int) -> contract.CreateTriggerRequest:
    request = contract.CreateTriggerRequest(folder_id="f", name=f"t-{number}")
    request.rule.timer.cron_expression = "0 0 1 1 ? *"
    request.rule.timer.invoke_function.function_id = "fn"
    return request


def stubs_of(stack: ExitStack, server: Tocsin, connections: int) -> list[TriggerServiceStub]:
    own = [("grpc.use_local_subchannel_pool", 1)]
    channels = [
        stack.enter_context(grpc.insecure_channel(server.grpc_address, options=own))
        for _ in range(connections)
    ]
    return [TriggerServiceStub(channel) for channel in channels]


def refused_so_far(metrics: str) -> int:
    text = urllib.request.urlopen(f"http://{metrics}/metrics", timeout=PATIENCE).read().decode()
    found = re.search(r"^tocsin_rpc_overload_total (\S+)$", text, re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


def test_calls_that_are_too_many_are_told_when_to_come_again(directory: Path, url: str) -> None:
    options = ("--database", url, "--metrics", "127.0.0.1:0")
    with serving(directory, "", *options, http="off") as server, ExitStack() as stack:
        stubs = stubs_of(stack, server, CONNECTIONS)
        metrics = server.address("metrics")
        with writes_held_up(url):
            calls = [
                stubs[number % CONNECTIONS].Create.future(new_trigger(number))
                for number in range(MOST_CALLS + BEYOND)
            ]
            give_up = time.monotonic() + PATIENCE
            while refused_so_far(metrics) < BEYOND:
                assert time.monotonic() < give_up
                time.sleep(0.05)
        codes = Counter(call.code() for call in calls)
        assert codes == {
            grpc.StatusCode.OK: MOST_CALLS,
            grpc.StatusCode.RESOURCE_EXHAUSTED: BEYOND,
        }
        assert refused_so_far(metrics) == BEYOND
        refused = next(call for call in calls if call.code() is not grpc.StatusCode.OK)
        status = rpc_status.from_call(refused)
        assert status is not None
        hint = error_details_pb2.RetryInfo()
        assert any(each.Unpack(hint) for each in status.details)
        assert hint.retry_delay.seconds == 1
    logged = (directory / "log").read_text()
    assert "refused a call, too many are under way" in logged
    assert logged.count("RESOURCE_EXHAUSTED") == 0


@pytest.mark.parametrize("connections", [1, CONNECTIONS])
def test_no_call_is_cancelled_by_the_server_however_many_come(
    directory: Path, connections: int
) -> None:
    with serving(directory, "", http="off") as server, ExitStack() as stack:
        stubs = stubs_of(stack, server, connections)
        calls = [
            stubs[number % connections].Create.future(new_trigger(number)) for number in range(3000)
        ]
        codes = {call.code() for call in calls}
        assert grpc.StatusCode.OK in codes
        assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
