"""What a call costs, held against a bare gRPC echo server in the same run: `make bench`.

What counts is processor time: of the server, of Envoy and of PostgreSQL, each for one call, and how
many times that of the echo server it is. It means the same on a busy machine, where calls a second
do not; those stand beside it. h2load drives all servers in turn, many short rounds of each in
another order, so that what else the machine does falls on all. A ratio is the median of the rounds'
own ratios. It writes bench/results/calls.json.

To compare with another version, give its checkout: `bench/calls.py --beside DIRECTORY`.
"""

import argparse
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table

from processor import children_of, cpu_seconds
from running import HERE, RESULTS, Server, Stores, keep, percentile, started
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
Ask = Callable[[bytes], bytes]
# How many times the echo server's processor time a call on SQLite may cost.
GOALS = {"Get": 1.2, "Create": 1.9, "REST Get": 3.0}


@dataclass(frozen=True)
class Load:
    """One kind of call: where it goes, its body (a gRPC frame; None: a plain GET)."""

    name: str
    url: str
    body: bytes | None


@dataclass(frozen=True)
class Node:
    """A server under test, its Envoys, its kind of store, and the calls that it is given."""

    version: str
    store: str
    server: Server
    envoys: list[int]
    loads: list[Load]


@dataclass(frozen=True)
class Driving:
    """How h2load drives a server: how many calls in all, connections, calls in flight on each."""

    calls: int
    connections: int
    streams: int


@dataclass(frozen=True)
class Driven:
    """What one run of h2load measured; latencies in microseconds."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Round:
    """A run of h2load, and the processor time that a call took meanwhile, in microseconds."""

    driven: Driven
    server: float
    envoy: float
    store: float


@dataclass(frozen=True)
class Row:
    """The medians of a kind of call. `of_echo` counts the server and Envoy."""

    version: str
    store: str
    call: str
    server_us: float
    envoy_us: float
    store_us: float
    of_echo: float
    rate: float
    p50_us: float
    p99_us: float


def main() -> None:
    options = arguments()
    if shutil.which("h2load") is None:
        sys.exit("h2load is missing: apt-get install nghttp2-client")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = stack.enter_context(Stores(scratch))
        echo = start_echo(stack)
        nodes = [start_node(stack, scratch, stores.new(kind), kind) for kind in options.stores]
        nodes += [
            start_node(stack, scratch, stores.new("sqlite"), "sqlite", tree)
            for tree in options.beside
        ]
        rounds = measure([echo, *nodes], stores, scratch, options)
    rows = rows_of([echo, *nodes], rounds)
    show(rows, options)
    told = {"rounds": options.rounds, "calls": options.calls}
    keep(options.results, {"options": told, "calls": [asdict(row) for row in rows]})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--calls", type=int, default=1_500, help="calls of each kind a round")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--streams", type=int, default=16, help="calls in flight a connection")
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument(
        "--beside", nargs="+", type=Path, default=[], help="checkouts of other versions"
    )
    parser.add_argument("--results", type=Path, default=RESULTS / "calls.json")
    return parser.parse_args()


def start_echo(stack: ExitStack) -> Node:
    command = [sys.executable, str(HERE / "echo_server.py"), "127.0.0.1:0"]
    server = stack.enter_context(started(command))
    body = frame(trigger_service_pb2.GetTriggerRequest(trigger_id="a" * 20))
    load = Load("echo", f"http://127.0.0.1:{server.line}/bench.Echo/Echo", body)
    return Node("", "", server, [], [load])


def start_node(
    stack: ExitStack, scratch: Path, database: str, kind: str, tree: Path | None = None
) -> Node:
    """Starts a server, of the checkout `tree` or of this one."""
    config = scratch / "tocsin.toml"
    config.write_text(CONFIG)
    command = [
        *(sys.executable, "-m", "tocsin", "serve", "--config", str(config)),
        *("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--database", database),
    ]
    root = (tree or HERE.parent).resolve()
    path = os.pathsep.join([str(root / "server"), str(root / "gen")])
    server = stack.enter_context(started(command, PYTHONPATH=path))
    at = dict(word.split("=") for word in server.line.split()[1:])
    loads = make_loads(at["grpc"], at["http"])
    return Node("" if tree is None else tree.name, kind, server, children_of(server.pid), loads)


def make_loads(grpc_at: str, http_at: str) -> list[Load]:
    create, schedule = frame(create_request()), frame(schedule_request())
    trigger_id = created(grpc_at, create_request())
    get = frame(trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id))
    at = f"http://{grpc_at}"
    return [
        Load("Get", f"{at}/{TRIGGERS}/Get", get),
        Load("Create", f"{at}/{TRIGGERS}/Create", create),
        Load("ScheduleIntegrations", f"{at}/{EXECUTIONS}/ScheduleIntegrations", schedule),
        Load("REST Get", f"http://{http_at}/triggers/v1/triggers/{trigger_id}", None),
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
        create: Ask = channel.unary_unary(f"/{TRIGGERS}/Create")
        operation = Operation.FromString(create(request.SerializeToString()))
    trigger = trigger_pb2.Trigger()
    operation.response.Unpack(trigger)
    return trigger.id


def frame(message: Message) -> bytes:
    body = message.SerializeToString()
    return b"\0" + struct.pack(">I", len(body)) + body


Key = tuple[int, str]


def measure(
    nodes: list[Node], stores: Stores, scratch: Path, options: argparse.Namespace
) -> dict[Key, list[Round]]:
    """Returns the rounds of each call of each node, by the node's index and the call's name."""
    driving = Driving(options.calls, options.connections, options.streams)
    work = [(index, load) for index, node in enumerate(nodes) for load in node.loads]
    rounds: dict[Key, list[Round]] = {(index, load.name): [] for index, load in work}
    chance = random.Random(1)
    for number in range(options.rounds + 1):
        chance.shuffle(work)
        for index, load in work:
            node = nodes[index]

            def used(node: Node = node) -> tuple[float, float, float]:
                envoys = sum(map(cpu_seconds, node.envoys))
                return node.server.cpu_seconds(), envoys, stores.cpu_seconds()

            before = used()
            driven = drive(load, driving, scratch)
            server, envoy, store = (
                (now - then) / options.calls * 1e6 for now, then in zip(used(), before, strict=True)
            )
            if number:  # the first round warms up
                store = store if node.store == "postgresql" else 0.0
                rounds[index, load.name].append(Round(driven, server, envoy, store))
    return rounds


def drive(load: Load, driving: Driving, scratch: Path) -> Driven:
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
    begun, took = [int(row[0]) for row in rows], [float(row[2]) for row in rows]
    seconds = (max(int(row[0]) + int(row[2]) for row in rows) - min(begun)) / 1e6
    return Driven(len(rows) / seconds, percentile(took, 0.5), percentile(took, 0.99))


def rows_of(nodes: list[Node], rounds: dict[Key, list[Round]]) -> list[Row]:
    """Sums the rounds up; a ratio is the median of the ratios of each round to that of the echo."""
    echo = rounds[0, "echo"]
    rows = []
    for (index, name), mine in rounds.items():
        ratios = [
            (each.server + each.envoy) / bare.server for each, bare in zip(mine, echo, strict=True)
        ]
        rows.append(
            Row(
                nodes[index].version,
                nodes[index].store,
                name,
                *(round(statistics.median(each.server for each in mine), 1),),
                *(round(statistics.median(each.envoy for each in mine), 1),),
                *(round(statistics.median(each.store for each in mine), 1),),
                round(statistics.median(ratios), 2),
                *(round(statistics.median(each.driven.rate for each in mine)),),
                *(round(statistics.median(each.driven.p50 for each in mine)),),
                *(round(statistics.median(each.driven.p99 for each in mine)),),
            )
        )
    return rows


def show(rows: list[Row], options: argparse.Namespace) -> None:
    title = f"processor time for a call in µs, median of {options.rounds} rounds"
    table = Table(title=title)
    columns = ("call", "store", "server", "Envoy", "PostgreSQL", "of echo", "goal", "calls/s")
    for column in (*columns, "p50 ms", "p99 ms"):
        table.add_column(column, justify="left" if column in ("call", "store") else "right")
    for row in rows:
        goal = GOALS.get(row.call) if row.store == "sqlite" and not row.version else None
        table.add_row(
            *(row.call, f"{row.store} {row.version}".strip(), f"{row.server_us:.0f}"),
            *(f"{row.envoy_us:.0f}", f"{row.store_us:.0f}", f"{row.of_echo:.2f}"),
            *("" if goal is None else f"≤ {goal}", f"{row.rate:,}"),
            *(f"{row.p50_us / 1000:.1f}", f"{row.p99_us / 1000:.1f}"),
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
