"""Executions scheduled in batches of 1,000, held against one call for each: `make bench`.

What counts is the node's processor time for one execution, and executions a second. They are due in
years, so that nothing is delivered meanwhile. It writes bench/results/schedules.json.
"""

import argparse
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
from rich.console import Console
from rich.table import Table

from running import RESULTS, Server, Stores, keep, started, tocsin_command
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.tocsin.v1 import schedule_service_pb2

LOCATION = "projects/p/locations/l"
SINGLE = "/google.cloud.integrations.v1alpha.Executions/ScheduleIntegrations"
BATCH = "/tocsin.v1.ScheduleService/BatchSchedule"
CONFIG = """
[integrations.orders]
triggers = ["api_trigger/orders"]
url = "http://127.0.0.1:9/"
"""
# One of each batch to get under way, unmeasured.
WARM_UP = 3
# What a node takes at once.
UNDER_WAY = 2


@dataclass(frozen=True)
class Scheduled:
    """What one execution cost the node, and PostgreSQL, and how many there were a second."""

    store: str
    way: str
    cpu_us: float
    store_cpu_us: float
    rate: int


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch, Stores(Path(scratch)) as stores:
        runs = [run for kind in options.stores for run in measure(stores, kind, options)]
    show(runs)
    keep(options.results, {"batch": options.batch, "runs": [asdict(each) for each in runs]})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=1_000, help="requests in a batch")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--singles", type=int, default=2_000)
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--results", type=Path, default=RESULTS / "schedules.json")
    return parser.parse_args()


def measure(stores: Stores, kind: str, options: argparse.Namespace) -> Iterator[Scheduled]:
    with node(stores.new(kind)) as server:
        address = server.line.split()[1].removeprefix("grpc=")
        with grpc.insecure_channel(address) as channel:
            for way, named in (("batches", False), ("batches with request ids", True)):
                ask = channel.unary_unary(BATCH)
                batches = [
                    batch(options.batch, named=named) for _ in range(options.batches + WARM_UP)
                ]
                for body in batches[:WARM_UP]:
                    check(ask(body), options.batch)
                rounds: list[Round] = []
                for pair in batched(batches[WARM_UP:], UNDER_WAY):
                    with timed(server, stores, rounds):
                        answers = [asked.result() for asked in [ask.future(b) for b in pair]]
                    for answer in answers:
                        check(answer, options.batch)
                yield scheduled(kind, way, rounds, options.batch * UNDER_WAY)
            one = channel.unary_unary(SINGLE)
            bodies = [request(number).SerializeToString() for number in range(options.singles)]

            rounds = []
            for _ in range(2):  # the first warms up
                with timed(server, stores, rounds):
                    for asked in [one.future(body) for body in bodies]:
                        asked.result()
            yield scheduled(kind, "one call each", rounds[1:], len(bodies))


@contextmanager
def node(database: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as made:
        config = Path(made) / "tocsin.toml"
        config.write_text(CONFIG)
        with started([*tocsin_command(database), "--config", str(config)]) as server:
            yield server


def batched(bodies: list[bytes], size: int) -> list[list[bytes]]:
    return [bodies[start : start + size] for start in range(0, len(bodies), size)]


def batch(count: int, *, named: bool) -> bytes:
    return schedule_service_pb2.BatchScheduleRequest(
        parent=LOCATION, requests=[request(number, named=named) for number in range(count)]
    ).SerializeToString()


def request(number: int, *, named: bool = False) -> executions_pb2.ScheduleIntegrationsRequest:
    """Returns a request with two parameters, due a second after the one before."""
    asked = executions_pb2.ScheduleIntegrationsRequest(
        name=f"{LOCATION}/integrations/orders",
        trigger_id="api_trigger/orders",
        request_id=str(uuid.uuid4()) if named else "",
    )
    asked.schedule_time.FromJsonString("2090-01-01T00:00:00Z")
    asked.schedule_time.seconds += number
    asked.input_parameters["order"].string_value = f"order-{number}"
    asked.input_parameters["amount"].int_value = number + 1
    return asked


def check(answer: bytes, count: int) -> None:
    results = schedule_service_pb2.BatchScheduleResponse.FromString(answer).results
    assert len(results) == count
    assert all(len(result.execution_info_ids) == 1 for result in results)


@dataclass(frozen=True)
class Round:
    cpu_seconds: float
    store_cpu_seconds: float
    seconds: float


@contextmanager
def timed(server: Server, stores: Stores, rounds: list[Round]) -> Iterator[None]:
    """Adds what the block costs to the rounds."""
    node, store, began = server.cpu_seconds(), stores.cpu_seconds(), time.perf_counter()
    yield
    took = time.perf_counter() - began
    rounds.append(Round(server.cpu_seconds() - node, stores.cpu_seconds() - store, took))


def scheduled(kind: str, way: str, rounds: list[Round], count: int) -> Scheduled:
    cpu, store, took = (
        statistics.median(values)
        for values in zip(
            *((each.cpu_seconds, each.store_cpu_seconds, each.seconds) for each in rounds),
            strict=True,
        )
    )
    return Scheduled(
        kind, way, round(cpu / count * 1e6, 1), round(store / count * 1e6, 1), round(count / took)
    )


def show(runs: list[Scheduled]) -> None:
    table = Table(title="executions scheduled")
    for column in ("store", "how", "CPU µs", "store's CPU µs", "a second"):
        table.add_column(
            column, justify="right" if "µs" in column or column == "a second" else "left"
        )
    for each in runs:
        table.add_row(
            *(each.store, each.way, f"{each.cpu_us:.1f}", f"{each.store_cpu_us:.1f}"),
            f"{each.rate:,}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
