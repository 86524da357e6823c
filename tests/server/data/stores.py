"""The stores of these tests, looked into beside the servers, and servers and commands on them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from stand.apis.google import GoogleGrpc, schedule
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import of_servers
from stand.tocsin_process import Ended, Tocsin, run_tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

LOCATION = "projects/p1/locations/here"
FOLDER = "b1g00000000000000001"
EVERY_MINUTE = "* * * * ? *"
NEVER = "0 0 1 1 ? 2099"
LATER = "2099-01-01T00:00:00Z"


def config_of(target: RecordingTarget) -> str:
    return f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"

        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """


@contextmanager
def served(
    directory: Path, target: RecordingTarget, url: str, *options: str, config: str = ""
) -> Iterator[Tocsin]:
    """A server on a store, with a directory of its own for its log."""
    directory.mkdir(exist_ok=True)
    whole = config_of(target) + config
    with serving(directory, whole, "--database", url, *options, http="off") as server:
        yield server


def tocsin(command: str, *arguments: str, database: str, stdin: str | None = None) -> Ended:
    """Runs a command on a store."""
    return run_tocsin(command, *arguments, "--database", database, stdin=stdin)


def succeeded(command: str, *arguments: str, database: str) -> str:
    """Does the same, and returns what it printed."""
    ended = tocsin(command, *arguments, database=database)
    assert ended.status == 0, ended.stderr
    return ended.stdout


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Runs a statement on a store, whoever uses it."""
    if not url.startswith("sqlite"):
        return of_servers(url, statement)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def new_timer(
    channel: grpc.Channel, name: str, *, cron: str = EVERY_MINUTE, folder: str = FOLDER
) -> str:
    """Creates a timer that calls the function `name`; returns its id."""
    request = contract.CreateTriggerRequest(folder_id=folder, name=name)
    request.rule.timer.cron_expression = cron
    request.rule.timer.invoke_function_with_retry.function_id = name
    operation = TriggerServiceStub(channel).Create(request, timeout=30)
    metadata = contract.CreateTriggerMetadata()
    assert operation.metadata.Unpack(metadata)
    return metadata.trigger_id


def new_execution(channel: grpc.Channel, *, at: str = LATER) -> str:
    [execution] = schedule(GoogleGrpc(channel), LOCATION, "nightly", scheduleTime=at)
    return execution


def make_overdue(url: str) -> None:
    """Sets every timer's next tick, and what waits, an hour back."""
    hour = 3600 * 1_000_000
    for table in ("armed_timers", "invocations"):
        rows(
            url,
            f"UPDATE {table} SET next_at = next_at - {hour} WHERE next_at < 4000000000000000"
            f" RETURNING next_at",
        )
