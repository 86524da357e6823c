"""Throughput of each source, next to the plain library with no Tocsin, and what idle ones cost.

Sources that are asked are filled first, then read by a node, then by the plain client; those that
are sent to get the same from the same client as a plain server does. `make bench` runs it; it
writes bench/results/sources.json.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
from rich.console import Console
from rich.table import Table

from idle_sources import idle
from running import RESULTS, Addresses, arrivals, gathered, keep, node_with, target
from source_kinds import (
    Mail,
    Mqtt,
    Objects,
    Pulled,
    Pushed,
    Queue,
    Stream,
    object_webhook,
    otlp_logs,
    published,
    registry_webhook,
    written_logs,
)
from source_services import amazon, broker
from source_triggers import made, until_connected
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

DIGITS = "0123456789abcdefghijklmnopqrstuv"


@dataclass(frozen=True)
class Measured:
    """Events a second: accepted by the node, and delivered to the target, `size` in a call.

    `cpu_us` is what the node used of the processor for an event, from its acceptance to the end of
    its delivery.
    """

    source: str
    plain: str
    size: int
    events: int
    accepted: int | None
    delivered: int
    plain_rate: int
    of_plain: float
    cpu_us: float
    repeated: int


def main() -> None:
    options = arguments()
    runs: list[Measured] = []
    with tempfile.TemporaryDirectory() as made_here, ExitStack() as stack:
        scratch = Path(made_here)
        for source in sources(options.sources, scratch, stack):
            events = min(source.events, options.events or source.events)
            for size in source.sizes:
                runs.append(measure(source, size, events, scratch / f"{len(runs)}.db"))
                print(runs[-1], file=sys.stderr)
    waiting = idle(options.idle_triggers, options.idle_brokers, options.idle_seconds)
    show(runs)
    print(waiting)
    keep(options.results, {"runs": [asdict(each) for each in runs], "idle": asdict(waiting)})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--events", type=int, help="of each source; less makes a quicker run")
    parser.add_argument("--idle-triggers", type=int, default=1000)
    parser.add_argument("--idle-brokers", type=int, default=10)
    parser.add_argument("--idle-seconds", type=float, default=40)
    parser.add_argument("--results", type=Path, default=RESULTS / "sources.json")
    return parser.parse_args()


NAMES = (
    *("queue", "objects", "stream", "mqtt"),
    *("mail", "object-webhook", "registry-webhook", "logs", "otlp", "publish"),
)


def sources(names: list[str], scratch: Path, stack: ExitStack) -> Iterator[Pulled | Pushed]:
    """Gives the sources, with the services that they need running until the stack is closed."""
    aws = stack.enter_context(amazon()) if {"queue", "objects", "stream"} & set(names) else None
    for name in names:
        if aws is not None and name in ("queue", "objects", "stream"):
            yield {"queue": Queue, "objects": Objects, "stream": Stream}[name](aws)
        elif name == "mqtt":
            yield Mqtt(stack.enter_context(broker()))
        else:
            yield {
                "mail": Mail,
                "object-webhook": object_webhook,
                "registry-webhook": registry_webhook,
                "logs": lambda: written_logs(scratch),
                "otlp": lambda: otlp_logs(scratch),
                "publish": lambda: published(scratch),
            }[name]()


def measure(source: Pulled | Pushed, size: int, events: int, database: Path) -> Measured:
    with target() as url:
        config = f'{source.settings()}[targets]\nfunction = "{url}{{function_id}}"\n'
        database.with_suffix(".toml").write_text(config)
        run = read if hasattr(source, "fill") else sent
        return run(source, size, events, database, url)


def read(source: Pulled, size: int, events: int, database: Path, url: str) -> Measured:
    """Fills a source, then lets a node read it. The trigger is made before where it has to be."""
    rule = source.rule(size)
    if source.early:
        with node_with(database) as (_, addresses):
            until_connected(addresses, create(addresses, rule).id)
    source.fill(events)
    arrivals(url)
    with node_with(database) as (server, addresses):
        before = server.cpu_seconds()
        if not source.early:
            create(addresses, rule)
        came = gathered(url, events // size)
        used = server.cpu_seconds() - before
    return judged(source, size, events, came, used, None, source.plainly(events))


def sent(source: Pushed, size: int, events: int, database: Path, url: str) -> Measured:
    with node_with(database) as (server, addresses):
        trigger = create(addresses, source.rule(size))
        arrivals(url)
        before = server.cpu_seconds()
        answered = source.send(trigger, addresses, events)
        came = gathered(url, events // size)
        used = server.cpu_seconds() - before
    return judged(source, size, events, came, used, answered, source.plainly(trigger, events))


def judged(source, size, events, came, used, answered, plain) -> Measured:
    instants = [at for at, _, _ in came]
    ids = sorted({name for _, name, _ in came if name})
    # Before the first call its batch had to come.
    rest = events - size
    delivered = rest / (max(instants) - min(instants))
    made_in = made_at(ids[-1]) - made_at(ids[0])
    accepted = answered if answered is not None else rest / made_in
    return Measured(
        source=source.name,
        plain=source.with_what,
        size=size,
        events=events,
        accepted=round(accepted),
        delivered=round(delivered),
        plain_rate=round(plain),
        of_plain=round(min(accepted, delivered) / plain, 3),
        cpu_us=round(used / events * 1e6, 1),
        repeated=len(came) - len(ids),
    )


def made_at(invocation_id: str) -> float:
    """Returns when an invocation was made, in seconds: its id tells."""
    number = 0
    for digit in invocation_id[3:]:
        number = number << 5 | DIGITS.index(digit)
    return (number >> 33) / 1e6


def create(node: Addresses, rule: Trigger.Rule) -> Trigger:
    with grpc.insecure_channel(node.grpc) as channel:
        return made(channel, rule)


def show(runs: list[Measured]) -> None:
    table = Table(title="events a second")
    for column in ("source", "in a call", "accepted", "delivered", "plain", "of plain", "CPU µs"):
        table.add_column(column, justify="left" if column == "source" else "right")
    for run in runs:
        table.add_row(
            *(run.source, str(run.size), f"{run.accepted:,}", f"{run.delivered:,}"),
            *(f"{run.plain_rate:,}", f"{run.of_plain:.2f}", f"{run.cpu_us:.0f}"),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
