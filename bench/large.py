"""Large inputs that are due at once at a target that hangs: `make bench-large`.

While they are under way, or wait for it, another caller lists triggers and invocations. What counts
is how long that takes, next to the same before they were due; what the node holds in memory, and
what it reads. It writes bench/results/large.json.
"""

import argparse
import asyncio
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from rich.console import Console
from rich.table import Table

from running import RESULTS, Server, keep, node_with, percentile
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import FIRST_CONTRACT
from tocsin.store.triggers.rows import insert_trigger
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.tocsin.v1 import invocation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

SCHEDULE = "/google.cloud.integrations.v1alpha.Executions/ScheduleIntegrations"
LISTS = {
    "triggers": (
        "/yandex.cloud.serverless.triggers.v1.TriggerService/List",
        trigger_service_pb2.ListTriggersRequest(folder_id="f").SerializeToString(),
    ),
    "invocations": (
        "/tocsin.v1.InvocationService/List",
        invocation_service_pb2.InvocationServiceListRequest().SerializeToString(),
    ),
}
NAME = "projects/p/locations/here/integrations/large"
CONFIG = """
[integrations.large]
triggers = ["api_trigger/large"]
url = "{url}"
"""
TRIGGERS = 100
BETWEEN_CALLS = 0.02
# What one megabyte takes to be scheduled, generously.
SECONDS_A_MEBIBYTE = 0.12


@dataclass(frozen=True)
class Seen:
    """What callers and the system saw of a node for some seconds."""

    list_p50_ms: dict[str, float]
    list_p99_ms: dict[str, float]
    memory_mib: float
    cpu_percent: float
    read_mib_a_second: float


def main() -> None:
    options = arguments()
    with (
        tempfile.TemporaryDirectory() as scratch,
        hanging() as url,
    ):
        database = Path(scratch, "large.db")
        database.with_suffix(".toml").write_text(CONFIG.format(url=url))
        asyncio.run(fill(database))
        with node_with(database) as (node, addresses):
            channel = grpc.insecure_channel(addresses.grpc)
            with channel:
                due_at = schedule(channel, options)
                before = watch(node, channel, options.seconds)
                wait_until(due_at)
                due = watch(node, channel, options.seconds)
                most_mib = high_water_mib(node)
    measured = {
        "executions": options.executions,
        "mebibytes": options.mebibytes,
        "before": asdict(before),
        "due": asdict(due),
        "most_memory_mib": round(most_mib),
    }
    show(before, due, most_mib)
    keep(options.results, measured)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=120)
    parser.add_argument("--mebibytes", type=float, default=8, help="of each input, 8 at most")
    parser.add_argument("--seconds", type=float, default=15, help="that lists are called")
    parser.add_argument("--results", type=Path, default=RESULTS / "large.json")
    return parser.parse_args()


@contextmanager
def hanging() -> Iterator[str]:
    """Gives the URL of a server that takes connections and reads nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


async def fill(database: Path) -> None:
    """Writes triggers that never fire, to be listed."""
    opened = open_database(f"sqlite:///{database}")

    def insert(tx: Transaction) -> None:
        for number in range(TRIGGERS):
            trigger = trigger_pb2.Trigger(id=f"a1s{number:017}", folder_id="f", name=f"n{number}")
            trigger.rule.timer.cron_expression = "0 0 1 1 ? 2099"
            trigger.rule.timer.invoke_function.function_id = "never"
            insert_trigger(
                tx,
                trigger_id=trigger.id,
                folder_id=trigger.folder_id,
                name=trigger.name,
                contract=FIRST_CONTRACT,
                message=trigger.SerializeToString(),
            )

    try:
        await opened.write(insert)
    finally:
        await opened.close()


def schedule(channel: grpc.Channel, options: argparse.Namespace) -> datetime:
    """Schedules the executions, all for one instant, and returns that."""
    seconds = 5 + options.executions * options.mebibytes * SECONDS_A_MEBIBYTE + options.seconds
    due = datetime.now(UTC) + timedelta(seconds=seconds)
    request = executions_pb2.ScheduleIntegrationsRequest(name=NAME, trigger_id="api_trigger/large")
    request.schedule_time.FromDatetime(due)
    # A little less, as the limit is of the whole request.
    size = int(options.mebibytes * 1024 * 1024) - 1024
    request.input_parameters["blob"].string_value = "x" * size
    body = request.SerializeToString()
    call = channel.unary_unary(SCHEDULE)
    for _ in range(options.executions):
        call(body)
    if datetime.now(UTC) + timedelta(seconds=options.seconds) >= due:
        raise SystemExit("it took too long to schedule the executions, they were not due at once")
    return due


def wait_until(due: datetime) -> None:
    """Sleeps until a second after an instant: by then what can be claimed is."""
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 1)


def watch(node: Server, channel: grpc.Channel, seconds: float) -> Seen:
    """Calls each list at a steady pace, and looks at the node meanwhile."""
    calls = {name: (channel.unary_unary(path), body) for name, (path, body) in LISTS.items()}
    took: dict[str, list[float]] = {name: [] for name in LISTS}
    memory = []
    began, cpu, read = time.monotonic(), node.cpu_seconds(), bytes_read(node)
    while time.monotonic() - began < seconds:
        for name, (call, body) in calls.items():
            sent = time.monotonic()
            call(body)
            took[name].append((time.monotonic() - sent) * 1000)
            time.sleep(BETWEEN_CALLS)
        memory.append(node.memory_mib())
    passed = time.monotonic() - began
    return Seen(
        list_p50_ms={name: round(statistics.median(each), 1) for name, each in took.items()},
        list_p99_ms={name: round(percentile(each, 0.99), 1) for name, each in took.items()},
        memory_mib=round(max(memory)),
        cpu_percent=round((node.cpu_seconds() - cpu) / passed * 100, 1),
        read_mib_a_second=round((bytes_read(node) - read) / passed / 2**20, 1),
    )


def bytes_read(node: Server) -> int:
    """What the node has read so far, from files and connections, cached or not."""
    return int(Path(f"/proc/{node.pid}/io").read_text().split()[1])


def high_water_mib(node: Server) -> float:
    for line in Path(f"/proc/{node.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmHWM")


def show(before: Seen, due: Seen, most_mib: float) -> None:
    table = Table(title=f"large inputs, most memory {most_mib:.0f} MiB")
    for column in ("", "list p50 ms", "list p99 ms", "memory MiB", "CPU %", "read MiB/s"):
        table.add_column(column, justify="right" if column else "left")
    for name, seen in (("before", before), ("due", due)):
        table.add_row(
            name,
            str(seen.list_p50_ms),
            str(seen.list_p99_ms),
            f"{seen.memory_mib:.0f}",
            f"{seen.cpu_percent}",
            f"{seen.read_mib_a_second}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
