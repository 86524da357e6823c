"""Calls a second, held against a bare gRPC echo server in the same run: `make bench`.

h2load drives both servers in turn, several rounds of each, so that what else the machine does falls
on both. What counts is the ratio. It writes bench/results/calls.json.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
EXECUTIONS = "google.cloud.integrations.v1alpha.Executions"
CONFIG = """
[integrations.nightly]
triggers = ["api_trigger/nightly"]
url = "http://127.0.0.1:9/"
"""
RESULTS = Path(__file__).parent / "results" / "calls.json"


@dataclass(frozen=True)
class Load:
    """One kind of call: where it goes, its body (a gRPC frame; None: a plain GET)."""

    name: str
    url: str
    body: bytes | None
    goal: float | None


@dataclass(frozen=True)
class Driving:
    """How h2load drives a server: how many calls in all, connections, calls in flight on each."""

    calls: int
    connections: int
    streams: int


@dataclass(frozen=True)
class Round:
    """What one run of h2load measured; latencies in microseconds."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    options = arguments()
    driving = Driving(options.calls, options.connections, options.streams)
    if shutil.which("h2load") is None:
        sys.exit("h2load is missing: apt-get install nghttp2-client")
    with (
        tempfile.TemporaryDirectory() as scratch,
        servers(Path(scratch), options) as (echo, grpc_at, http_at),
    ):
        loads = make_loads(echo, grpc_at, http_at)
        rounds: dict[str, list[Round]] = {load.name: [] for load in loads}
        for _ in range(options.rounds):
            for load in loads:
                rounds[load.name].append(drive(load, driving, Path(scratch)))
    report(loads, rounds, options)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=10_000, help="calls of each kind a round")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--streams", type=int, default=16, help="calls in flight a connection")
    parser.add_argument("--database", help="URL of the store; without: a new SQLite file")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the numbers go")
    return parser.parse_args()


@contextmanager
def servers(scratch: Path, options: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Starts the echo server and Tocsin; gives their addresses."""
    config = scratch / "tocsin.toml"
    config.write_text(CONFIG)
    echo_server = [sys.executable, str(Path(__file__).parent / "echo_server.py"), "127.0.0.1:0"]
    tocsin = [
        *(sys.executable, "-m", "tocsin", "serve", "--config", str(config)),
        *("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"),
        *("--database", options.database or f"sqlite:///{scratch}/tocsin.db"),
    ]
    with started(echo_server) as port, started(tocsin) as ready:
        _, grpc_at, http_at = ready.split()
        yield f"127.0.0.1:{port}", grpc_at.removeprefix("grpc="), http_at.removeprefix("http=")


@contextmanager
def started(command: list[str]) -> Iterator[str]:
    """Runs a server; gives the first line that it prints."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline().strip() if process.stdout else ""
            if not line:
                sys.exit(f"did not start: {' '.join(command)}")
            yield line
        finally:
            process.terminate()


def make_loads(echo: str, grpc_at: str, http_at: str) -> list[Load]:
    create, schedule = create_request(), schedule_request()
    trigger_id = created(grpc_at, create)
    get = trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id)
    triggers = f"http://{grpc_at}/{TRIGGERS}"
    return [
        Load("echo", f"http://{echo}/bench.Echo/Echo", frame(get), None),
        Load("Get", f"{triggers}/Get", frame(get), 0.7),
        Load("Create", f"{triggers}/Create", frame(create), 0.4),
        Load(
            "ScheduleIntegrations",
            f"http://{grpc_at}/{EXECUTIONS}/ScheduleIntegrations",
            frame(schedule),
            0.4,
        ),
        Load("REST Get", f"http://{http_at}/triggers/v1/triggers/{trigger_id}", None, 0.5),
    ]


def create_request() -> trigger_service_pb2.CreateTriggerRequest:
    invoke = trigger_pb2.InvokeFunctionWithRetry(
        function_id="d4e0000000000000fun0",
        service_account_id="aje00000000000000sa0",
        retry_settings=trigger_pb2.RetrySettings(retry_attempts=3, interval=Duration(seconds=10)),
    )
    timer = trigger_pb2.Trigger.Timer(
        cron_expression="0 9 ? * 2-6 *",
        payload='{"job":"nightly"}',
        invoke_function_with_retry=invoke,
    )
    return trigger_service_pb2.CreateTriggerRequest(
        folder_id="b1g0000000000000fld0",
        description="made by the benchmark",
        labels={"team": "payments"},
        rule=trigger_pb2.Trigger.Rule(timer=timer),
    )


def schedule_request() -> executions_pb2.ScheduleIntegrationsRequest:
    """A run far in the future, so that the calls are measured and not the deliveries."""
    request = executions_pb2.ScheduleIntegrationsRequest(
        name="projects/bench/locations/local/integrations/nightly",
        trigger_id="api_trigger/nightly",
    )
    request.schedule_time.FromDatetime(datetime.now(UTC) + timedelta(days=3650))
    request.input_parameters["count"].int_value = 3
    request.input_parameters["label"].string_value = "bench"
    return request


def created(grpc_at: str, request: Message) -> str:
    with grpc.insecure_channel(grpc_at) as channel:
        create: Callable[[bytes], bytes] = channel.unary_unary(f"/{TRIGGERS}/Create")
        operation = Operation.FromString(create(request.SerializeToString()))
    trigger = trigger_pb2.Trigger()
    operation.response.Unpack(trigger)
    return trigger.id


def frame(message: Message) -> bytes:
    body = message.SerializeToString()
    return b"\0" + struct.pack(">I", len(body)) + body


def drive(load: Load, driving: Driving, scratch: Path) -> Round:
    log, body = scratch / "requests.log", scratch / "body"
    log.unlink(missing_ok=True)
    if load.body is None:
        kind = ["--h1", "-c", str(driving.connections * driving.streams)]
    else:
        body.write_bytes(load.body)
        kind = [
            *("-c", str(driving.connections), "-m", str(driving.streams), "-d", str(body)),
            *("-H", "content-type: application/grpc", "-H", "te: trailers"),
        ]
    command = ["h2load", "-n", str(driving.calls), f"--log-file={log}", *kind, load.url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if f"{driving.calls} succeeded" not in said:
        sys.exit(f"calls of {load.name} failed:\n{said}")
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    begun, took = [int(row[0]) for row in rows], sorted(int(row[2]) for row in rows)
    seconds = (max(int(row[0]) + int(row[2]) for row in rows) - min(begun)) / 1e6
    return Round(len(rows) / seconds, took[len(took) // 2], took[len(took) * 99 // 100])


def report(loads: list[Load], rounds: dict[str, list[Round]], options: argparse.Namespace) -> None:
    """Prints a table and writes the numbers. A ratio is the median of the rounds' own ratios."""
    table = Table(title=f"{options.rounds} rounds of {options.calls} calls, median of rounds")
    for column in ("call", "calls/s", "p50 ms", "p99 ms", "of echo", "goal"):
        table.add_column(column, justify="left" if column == "call" else "right")
    rows = []
    for load in loads:
        pairs = zip(rounds[load.name], rounds["echo"], strict=True)
        ratio = statistics.median(mine.rate / echo.rate for mine, echo in pairs)
        rate, p50, p99 = (
            statistics.median(getattr(each, field) for each in rounds[load.name])
            for field in ("rate", "p50", "p99")
        )
        goal = "" if load.goal is None else f"≥ {load.goal}"
        shown = (f"{rate:,.0f}", f"{p50 / 1000:.1f}", f"{p99 / 1000:.1f}", f"{ratio:.2f}", goal)
        table.add_row(load.name, *shown)
        rows.append(
            {"call": load.name, "rate": rate, "p50_us": p50, "p99_us": p99, "of_echo": ratio}
        )
    Console().print(table)
    machine = {"cores": os.cpu_count(), "machine": platform.machine()}
    told = {
        "rounds": options.rounds,
        "calls": options.calls,
        "connections": options.connections,
        "streams": options.streams,
        "store": "sqlite" if options.database is None else make_url(options.database).drivername,
    }
    options.results.parent.mkdir(exist_ok=True)
    options.results.write_text(
        json.dumps({"machine": machine, "options": told, "calls": rows}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
