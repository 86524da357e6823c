"""Many timers: what a million that wait cost, and 100,000 that are due at once: `make bench`.

Waiting: nodes with few and with many timers stand side by side and are called in turn; what a call
costs is the node's own processor time. Due at once: what one costs, next to what it costs at a
steady rate and to a call of a bare client, how fast they are drained, how late the calls are, and
how long another caller waits meanwhile. It writes bench/results/timers.json.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from rich.console import Console
from rich.table import Table

from running import (
    RESULTS,
    Arrival,
    Server,
    Stores,
    arrivals,
    bare_client,
    gathered,
    keep,
    percentile,
    target,
    tocsin,
)
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import FIRST_CONTRACT
from tocsin.store.triggers.rows import insert_trigger
from tocsin.store.triggers.timers import arm_timer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

SERVICE = "/yandex.cloud.serverless.triggers.v1.TriggerService"
FOLDER = "b1g0000000000000fld0"
AT_ONCE = 500
ROUNDS = 5
Call = Callable[[bytes], bytes]


@dataclass
class Waiting:
    """A node with that many armed timers."""

    timers: int
    start_seconds: float
    memory_mib: float
    idle_percent: float = 0
    get_us: list[float] = field(default_factory=list)
    create_us: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Drained:
    """Timers that were due at once.

    `cpu_us` is the node's processor time for one, its tick and its delivery, `store_cpu_us` that of
    PostgreSQL, and `steady_cpu_us` the node's when they are due one after the other. `get_*` is
    what another caller waited meanwhile.
    """

    store: str
    timers: int
    raw_rate: float
    rate: float
    of_raw: float
    raw_cpu_us: float
    cpu_us: float
    store_cpu_us: float
    steady_cpu_us: float
    first_ms: float
    lag_p50_s: float
    lag_p99_s: float
    get_p50_ms: float
    get_p99_ms: float


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch, Stores(Path(scratch)) as stores:
        waiting = wait([0, options.few, options.many], stores, options)
        drained = [drain(stores, kind, options) for kind in options.stores]
    show(waiting, drained)
    keep(
        options.results,
        {"waiting": [asdict(each) for each in waiting], "due": [asdict(each) for each in drained]},
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=100_000, help="timers of the same minute")
    parser.add_argument("--steady", type=int, default=5_000, help="timers due 1,000 a second")
    parser.add_argument("--calls", type=int, default=1_000, help="of each kind, in each round")
    parser.add_argument("--idle-seconds", type=float, default=20)
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"], help="to drain")
    parser.add_argument("--results", type=Path, default=RESULTS / "timers.json")
    return parser.parse_args()


def wait(counts: list[int], stores: Stores, options: argparse.Namespace) -> list[Waiting]:
    """Measures nodes whose timers are all due in years."""
    with ExitStack() as stack:
        found: list[tuple[Waiting, Server]] = []
        for count in counts:
            database = stores.new("sqlite")
            asyncio.run(fill(database, count, datetime.now(UTC) + timedelta(days=700)))
            os.sync()  # or the start waits for what filling left to be written
            began = time.perf_counter()
            server = stack.enter_context(tocsin(database, "http://127.0.0.1:9/"))
            took = time.perf_counter() - began
            found.append((Waiting(count, round(took, 2), round(server.memory_mib(), 1)), server))
        began_cpu = [server.cpu_seconds() for _, server in found]
        time.sleep(options.idle_seconds)
        for (node, server), before in zip(found, began_cpu, strict=True):
            used = server.cpu_seconds() - before
            node.idle_percent = round(100 * used / options.idle_seconds, 3)
        for number in range(ROUNDS):
            for node, server in found:
                if node.timers:
                    call(node, server, number, options.calls)
        return [node for node, _ in found]


def call(node: Waiting, server: Server, number: int, calls: int) -> None:
    """Calls Get, all over the store, and Create; adds what each cost the node."""
    step = max(1, node.timers // calls)
    gets = [
        trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id((each * step) % node.timers))
        for each in range(calls)
    ]
    rule = trigger_pb2.Trigger.Rule(timer=timer_rule())
    create = trigger_service_pb2.CreateTriggerRequest(folder_id=FOLDER, rule=rule)
    with grpc.insecure_channel(address(server)) as channel:
        for method, requests, costs in (
            ("Get", [each.SerializeToString() for each in gets], node.get_us),
            ("Create", [create.SerializeToString()] * calls, node.create_us),
        ):
            ask: Call = channel.unary_unary(f"{SERVICE}/{method}")
            ask(requests[0])
            before = server.cpu_seconds()
            for request in requests:
                ask(request)
            if number:  # the first round warms up
                costs.append((server.cpu_seconds() - before) / calls * 1e6)


def drain(stores: Stores, kind: str, options: argparse.Namespace) -> Drained:
    count = options.due
    with target() as url:
        raw = bare_client(url, max(1000, count // 5))
        burst = fire(stores, kind, count, url, apart=timedelta(0))
        steady = fire(stores, kind, options.steady, url, apart=timedelta(milliseconds=1))
    instants = [at for at, _, _ in burst.came]
    lags = [at - burst.due.timestamp() for at in instants]
    rate = count / (max(instants) - min(instants))
    latencies = burst.latencies
    return Drained(
        store=kind,
        timers=count,
        raw_rate=round(raw.rate),
        rate=round(rate),
        of_raw=round(rate / raw.rate, 3),
        raw_cpu_us=round(raw.cpu_us, 1),
        cpu_us=round(burst.cpu_seconds / count * 1e6, 1),
        store_cpu_us=round(burst.store_cpu_seconds / count * 1e6, 1),
        steady_cpu_us=round(steady.cpu_seconds / options.steady * 1e6, 1),
        first_ms=round(min(lags) * 1000, 1),
        lag_p50_s=round(percentile(lags, 0.5), 2),
        lag_p99_s=round(percentile(lags, 0.99), 2),
        get_p50_ms=round(percentile(latencies, 0.5) * 1000, 1),
        get_p99_ms=round(percentile(latencies, 0.99) * 1000, 1),
    )


@dataclass(frozen=True)
class Burst:
    """When the first was due, what was used, what came, and how long each Get took meanwhile."""

    due: datetime
    cpu_seconds: float
    store_cpu_seconds: float
    came: list[Arrival]
    latencies: list[float]


def fire(stores: Stores, kind: str, count: int, url: str, *, apart: timedelta) -> Burst:
    """Fires that many timers of a new store, each due that long after the one before."""
    seconds = 4 + count / 5000
    while True:
        database = stores.new(kind)
        arrivals(url)  # those of a try that was too late are not of this one
        # By then the store is to be filled and the node is to be up.
        due = datetime.now(UTC) + timedelta(seconds=seconds)
        asyncio.run(fill(database, count, due, apart))
        with tocsin(database, url) as server:
            left = (due - datetime.now(UTC)).total_seconds()
            if left < 0:
                seconds += 1 - 2 * left
                continue
            time.sleep(max(0.0, left - 0.5))
            node, store = server.cpu_seconds(), stores.cpu_seconds()
            with calling(server) as latencies:
                came = gathered(url, count)
            node, store = server.cpu_seconds() - node, stores.cpu_seconds() - store
            return Burst(due, node, store, came, latencies)


@contextmanager
def calling(server: Server) -> Iterator[list[float]]:
    """Asks for a trigger 50 times a second meanwhile; gathers how long each answer took."""
    took: list[float] = []
    stopped = threading.Event()
    request = trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id(0)).SerializeToString()

    def ask_on() -> None:
        with grpc.insecure_channel(address(server)) as channel:
            ask: Call = channel.unary_unary(f"{SERVICE}/Get")
            while not stopped.wait(0.02):
                began = time.perf_counter()
                ask(request)
                took.append(time.perf_counter() - began)

    asking = threading.Thread(target=ask_on)
    asking.start()
    try:
        yield took
    finally:
        stopped.set()
        asking.join()


async def fill(database: str, count: int, due: datetime, apart: timedelta = timedelta(0)) -> None:
    """Writes timers, each as its Create would have left it, whose armed ticks are due from then."""
    opened = open_database(database)
    rule = trigger_pb2.Trigger.Rule(timer=timer_rule())
    try:
        for start in range(0, count, AT_ONCE):

            def insert(tx: Transaction, start: int = start) -> None:
                for number in range(start, min(start + AT_ONCE, count)):
                    trigger = trigger_pb2.Trigger(
                        id=trigger_id(number),
                        folder_id=FOLDER,
                        rule=rule,
                        status=trigger_pb2.Trigger.Status.ACTIVE,
                    )
                    insert_trigger(
                        tx,
                        trigger_id=trigger.id,
                        folder_id=FOLDER,
                        name="",
                        contract=FIRST_CONTRACT,
                        message=trigger.SerializeToString(),
                    )
                    arm_timer(tx, trigger.id, due + apart * number)

            await opened.write(insert)
    finally:
        await opened.close()


def timer_rule() -> trigger_pb2.Trigger.Timer:
    """Ticks in years, so that the armed tick is the only one of the run."""
    invoke = trigger_pb2.InvokeFunctionWithRetry(
        function_id="d4e0000000000000fun0", service_account_id="aje00000000000000sa0"
    )
    return trigger_pb2.Trigger.Timer(
        cron_expression="0 0 1 1 ? 2090", payload="x" * 300, invoke_function_with_retry=invoke
    )


def trigger_id(number: int) -> str:
    return f"a1s{number:017}"


def address(server: Server) -> str:
    return server.line.split()[1].removeprefix("grpc=")


def show(waiting: list[Waiting], drained: list[Drained]) -> None:
    table = Table(title="timers that wait")
    for column in ("timers", "start s", "RSS MiB", "idle CPU %", "Get µs", "Create µs"):
        table.add_column(column, justify="right")
    for node in waiting:
        costs = [f"{statistics.median(each):.0f}" if each else "" for each in costs_of(node)]
        table.add_row(
            *(f"{node.timers:,}", f"{node.start_seconds:.2f}", f"{node.memory_mib:.0f}"),
            *(f"{node.idle_percent:.2f}", *costs),
        )
    Console().print(table)
    table = Table(title="timers due at once")
    names = ("store", "timers", "raw/s", "fired/s", "of raw", "raw CPU µs", "CPU µs", "steady")
    for column in (*names, "first", "lag p50 s"):
        table.add_column(column, justify="left" if column == "store" else "right")
    table.add_column("Get p50/p99 ms", justify="right")
    for each in drained:
        table.add_row(
            *(each.store, f"{each.timers:,}", f"{each.raw_rate:,}", f"{each.rate:,}"),
            *(f"{each.of_raw:.2f}", f"{each.raw_cpu_us:.0f}", f"{each.cpu_us:.0f}"),
            *(f"{each.steady_cpu_us:.0f}", f"{each.first_ms:.0f} ms"),
            *(f"{each.lag_p50_s:.1f}", f"{each.get_p50_ms:.1f} / {each.get_p99_ms:.1f}"),
        )
    Console().print(table)


def costs_of(node: Waiting) -> tuple[list[float], list[float]]:
    return node.get_us, node.create_us


if __name__ == "__main__":
    main()
