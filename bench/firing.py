"""Durable firing: invocations in the store, nodes that deliver them, a bare target: `make bench`.

What counts is the processor time for a delivery, with everything due at once: of the nodes and of
PostgreSQL, next to that of a bare aiohttp client that calls the same target in the same run. Beside
it stand the rate, from the first call to the last, and the lag at a steady rate: how long after its
instant a call arrives. One node is also given many more at once, each of which may cost 1.3 times
what one costs at the steady rate. It writes bench/results/firing.json.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from running import (
    BODY,
    RESULTS,
    Arrival,
    Stores,
    arrivals,
    bare_client,
    gathered,
    keep,
    percentile,
    target,
    tocsin,
)
from tocsin.plans.plan import Action, Function, action_to_json, target_key
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.deliveries import next_due
from tocsin.store.invocations.rows import Invocation, insert_invocation

AT_ONCE = 500
BETWEEN_LAGS = timedelta(milliseconds=1)
# How many microseconds of the processor a delivery on SQLite may take, and how many times those of
# the steady rate one of many at once.
GOAL_US, GOAL_OF_STEADY = 150, 1.3


@dataclass(frozen=True)
class Fired:
    """A run. `cpu_us` is what all nodes together used of the processor for one invocation, and
    `cpu_of_raw` how many times that of a call of the bare client. `lag_cpu_us` is the same at the
    steady rate, `many_cpu_us` of `many` invocations due at once; 0 if they were not fired."""

    store: str
    nodes: int
    invocations: int
    targets: int
    raw_rate: float
    rate: float
    of_raw: float
    raw_cpu_us: float
    cpu_us: float
    cpu_of_raw: float
    store_cpu_us: float
    repeated: int
    lag_p50_ms: float
    lag_p99_ms: float
    lag_cpu_us: float
    many: int
    many_cpu_us: float
    many_of_steady: float


@dataclass(frozen=True)
class Load:
    """Invocations of a run: how many, how far apart they are due, for how many functions."""

    count: int
    apart: timedelta
    functions: int

    def invocation(self, number: int, due: datetime) -> Invocation:
        action = Action(Function(f"f{number % self.functions}"))
        return Invocation(
            id=f"bench{number:08}",
            parent="folders/bench",
            origin="bench",
            scheduled_at=due + self.apart * number,
            action=action_to_json(action),
            target=target_key(action.target),
            payload=BODY,
            created_at=due,
            occurrence=f"bench/{number}",
        )


@dataclass(frozen=True)
class Burst:
    came: list[Arrival]
    cpu_seconds: float
    store_cpu_seconds: float


def main() -> None:
    options = arguments()
    runs = []
    with tempfile.TemporaryDirectory() as scratch, Stores(Path(scratch)) as stores:
        for kind in options.stores:
            for nodes in options.nodes if kind == "postgresql" else [1]:
                runs.append(measure(stores, kind, nodes, options))
                print(runs[-1], file=sys.stderr)
    show(runs)
    keep(options.results, {"runs": [asdict(each) for each in runs]})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--nodes", nargs="+", type=int, default=[1, 2, 4], help="on PostgreSQL")
    parser.add_argument("--invocations", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=100_000, help="due at once, for one node")
    parser.add_argument("--targets", type=int, default=1, help="functions they are spread over")
    parser.add_argument("--lag-seconds", type=float, default=10, help="of a steady 1,000 a second")
    parser.add_argument("--results", type=Path, default=RESULTS / "firing.json")
    return parser.parse_args()


def measure(stores: Stores, kind: str, nodes: int, options: argparse.Namespace) -> Fired:
    count, steady = options.invocations, int(options.lag_seconds * 1000)
    with target() as url:
        before = bare_client(url, options.invocations // 4)
        burst = fire(stores, kind, nodes, url, Load(count, timedelta(0), options.targets))
        after = bare_client(url, options.invocations // 4)
        slow = fire(stores, kind, nodes, url, Load(steady, BETWEEN_LAGS, options.targets))
        many = options.many if nodes == 1 else 0
        flood = Burst([], 0, 0)
        if many:
            flood = fire(stores, kind, nodes, url, Load(many, timedelta(0), options.targets))
    instants = [at for at, _, _ in burst.came]
    rate = count / (max(instants) - min(instants))
    raw, raw_cpu = (before.rate + after.rate) / 2, (before.cpu_us + after.cpu_us) / 2
    cpu = burst.cpu_seconds / count * 1e6
    steady_cpu = slow.cpu_seconds / steady * 1e6
    many_cpu = flood.cpu_seconds / many * 1e6 if many else 0.0
    lags = [(at - due) * 1000 for at, _, due in slow.came if due is not None]
    return Fired(
        store=kind,
        nodes=nodes,
        invocations=count,
        targets=options.targets,
        raw_rate=round(raw),
        rate=round(rate),
        of_raw=round(rate / raw, 3),
        raw_cpu_us=round(raw_cpu, 1),
        cpu_us=round(cpu, 1),
        cpu_of_raw=round(cpu / raw_cpu, 2),
        store_cpu_us=round(burst.store_cpu_seconds / count * 1e6, 1),
        repeated=len(burst.came) + len(slow.came) + len(flood.came) - count - steady - many,
        lag_p50_ms=round(percentile(lags, 0.5), 2),
        lag_p99_ms=round(percentile(lags, 0.99), 2),
        lag_cpu_us=round(steady_cpu, 1),
        many=many,
        many_cpu_us=round(many_cpu, 1),
        many_of_steady=round(many_cpu / steady_cpu, 2),
    )


def fire(stores: Stores, kind: str, nodes: int, url: str, load: Load) -> Burst:
    """Fills a new store, lets nodes deliver all of it, and looks whether it is all done."""
    seconds = 1 + 2 * nodes + load.count / 4000
    while True:
        database = stores.new(kind)
        arrivals(url)  # those of a try that was too late are not of this one
        # By then the store is to be filled and the nodes are to be up.
        due = datetime.now(UTC) + timedelta(seconds=seconds)
        asyncio.run(fill(database, load, due))
        with ExitStack() as stack:
            running = [stack.enter_context(tocsin(database, url)) for _ in range(nodes)]
            left = (due - datetime.now(UTC)).total_seconds()
            if left < 0:
                seconds += 1 - 2 * left
                continue
            time.sleep(left)
            began = sum(each.cpu_seconds() for each in running), stores.cpu_seconds()
            came = gathered(url, load.count)
            used = sum(each.cpu_seconds() for each in running) - began[0]
            used_by_store = stores.cpu_seconds() - began[1]
        waiting = asyncio.run(first_due(database))
        if waiting is not None:
            sys.exit(f"all were called, yet in the store one is due at {waiting}")
        return Burst(came, used, used_by_store)


async def fill(database: str, load: Load, due: datetime) -> None:
    """Writes the invocations, due in the order of their ids."""
    opened = open_database(database)
    try:
        for start in range(0, load.count, AT_ONCE):
            rows = [load.invocation(each, due) for each in range(start, start + AT_ONCE)]

            def insert(
                tx: Transaction, rows: list[Invocation] = rows[: load.count - start]
            ) -> None:
                for row in rows:
                    insert_invocation(tx, row, due_at=row.scheduled_at)

            await opened.write(insert)
    finally:
        await opened.close()


async def first_due(database: str) -> datetime | None:
    opened = open_database(database)
    try:
        return await opened.read(next_due)
    finally:
        await opened.close()


def show(runs: list[Fired]) -> None:
    title = (
        f"durable firing; goals on SQLite: CPU ≤ {GOAL_US} µs, "
        f"of many at once ≤ {GOAL_OF_STEADY} times steady"
    )
    table = Table(title=title)
    columns = (
        "store",
        "nodes",
        "raw/s",
        "fired/s",
        "of raw",
        "raw CPU µs",
        "CPU µs",
        "of raw CPU",
        "store CPU",
        "lag p50",
        "lag p99 ms",
        "steady CPU",
        "many CPU",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "store" else "right")
    for run in runs:
        table.add_row(
            *(run.store, str(run.nodes), f"{run.raw_rate:,}", f"{run.rate:,}", f"{run.of_raw:.2f}"),
            *(
                f"{run.raw_cpu_us:.0f}",
                f"{run.cpu_us:.0f}",
                f"{run.cpu_of_raw:.1f}",
                f"{run.store_cpu_us:.0f}",
                f"{run.lag_p50_ms:.1f}",
                f"{run.lag_p99_ms:.1f}",
                f"{run.lag_cpu_us:.0f}",
                f"{run.many_cpu_us:.0f}" if run.many else "",
            ),
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
