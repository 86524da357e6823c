"""How long a list of executions takes by each filter, among a million: `make bench-executions`.

The executions are spread over ten integrations with five triggers each; a few have failed or wait.
They are written into the store as a node would have written them, but many at once. What counts is
the time of a call that returns a page of 100, next to that of a list without a filter. It writes
bench/results/executions.json.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from rich.console import Console
from rich.table import Table
from sqlalchemy import bindparam, null, update

from running import RESULTS, keep, node_with, percentile
from tocsin.api.google.executions.orders import Order
from tocsin.compilers.declared_parameters import Input
from tocsin.compilers.integration_versions import configured_offer
from tocsin.schedule import ManualClock
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import Invocation, insert_invocations
from tocsin.store.schema import invocations
from tocsin.wire.ids import Ids
from tocsin.wire.resource_names import IntegrationName
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo

LIST = "/google.cloud.integrations.v1alpha.Executions/ListExecutions"
LOCATION = "projects/bench/locations/here"
INTEGRATIONS, TRIGGERS = 10, 5
AT_ONCE = 2_000
# Not so long ago that they would be swept away.
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
FAR = datetime(2099, 1, 1, tzinfo=UTC)
BETWEEN = timedelta(milliseconds=100)
# Of this many executions one has failed, and one waits.
ONE_FAILED, ONE_WAITS = 1_001, 50_001
CONFIG = """
[integrations.i0]
triggers = ["api_trigger/t0"]
url = "http://127.0.0.1:9/"
"""
FINISH = (
    update(invocations)
    .where(invocations.c.id == bindparam("of_id"))
    .values(
        state=bindparam("ended"),
        next_at=null(),
        attempts=1,
        started_at=bindparam("at"),
        finished_at=bindparam("at"),
        answer=bindparam("answered"),
    )
)


@dataclass(frozen=True)
class Asked:
    """A list, by what it is narrowed by."""

    by: str
    integration: str
    filter: str


def lists(count: int, known_id: str) -> list[Asked]:
    middle = (BEGAN + BETWEEN * (count // 2)).isoformat()
    trigger = 'trigger_id = "api_trigger/t3"'
    return [
        Asked("nothing", "i3", ""),
        Asked("nothing, all integrations", "-", ""),
        Asked("id", "i3", f"execution_id = {known_id}"),
        Asked("state FAILED", "i3", "event_execution_state = FAILED"),
        Asked("state FAILED, all integrations", "-", "event_execution_state = FAILED"),
        Asked("state ON_HOLD", "-", "event_execution_state = ON_HOLD"),
        Asked("trigger", "i3", trigger),
        Asked("trigger, all integrations", "-", trigger),
        Asked("integration", "-", "workflow_name = i7"),
        Asked("time", "i3", f"CreateTimestamp < {middle}"),
        Asked("trigger that is not there", "-", "trigger_id = nothing"),
        Asked("a type of parameter (one window)", "i3", "parameter_type:boolean"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=50, help="of each list")
    parser.add_argument("--results", type=Path, default=RESULTS / "executions.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch, "executions.db")
        database.with_suffix(".toml").write_text(CONFIG)
        known_id = asyncio.run(fill(database, options.executions))
        with (
            node_with(database) as (_, addresses),
            grpc.insecure_channel(addresses.grpc) as channel,
        ):
            took = {
                asked.by: timed(channel, asked, options.calls)
                for asked in lists(options.executions, known_id)
            }
    rows = [
        {
            "by": by,
            "p50_ms": round(statistics.median(each), 1),
            "p99_ms": round(percentile(each, 0.99), 1),
            "found": found,
        }
        for by, (each, found) in took.items()
    ]
    show(rows, options.executions)
    keep(options.results, {"executions": options.executions, "lists": rows})


async def fill(database: Path, count: int) -> str:
    """Writes the executions; returns the id of one in the middle."""
    opened = open_database(f"sqlite:///{database}")
    clock = ManualClock(BEGAN)
    ids = Ids(clock)
    known_id = ""
    try:
        for start in range(0, count, AT_ONCE):
            made: list[Invocation] = []
            for number in range(start, min(start + AT_ONCE, count)):
                await clock.advance_to(BEGAN + BETWEEN * number)
                made.append(execution(number, clock.now(), ids))
            await opened.write(lambda tx, made=made: written(tx, made))
            if start <= count // 2:
                known_id = next(one.id for one in made if one.origin.endswith("/i3"))
    finally:
        await opened.close()
    return known_id


def execution(number: int, now: datetime, ids: Ids) -> Invocation:
    order = Order(
        IntegrationName(LOCATION, "bench", f"i{number % INTEGRATIONS}"),
        f"api_trigger/t{number // INTEGRATIONS % TRIGGERS}",
        ExecutionInfo.POST_TO_QUEUE,
        now,
        now,
        Input({}, {}),
    )
    offer = configured_offer(f"i{number % INTEGRATIONS}", [order.trigger_id])
    return order.execution(offer, ids.new_uuid)


def written(tx: Transaction, made: list[Invocation]) -> None:
    insert_invocations(tx, [(one, FAR if waits(one) else one.scheduled_at) for one in made])
    tx.each(FINISH, list(endings(made)))


def waits(one: Invocation) -> bool:
    return number_of(one) % ONE_WAITS == 0


def number_of(one: Invocation) -> int:
    return (one.created_at - BEGAN) // BETWEEN


def endings(made: list[Invocation]) -> Iterator[dict[str, str | int | bytes]]:
    for one in made:
        if not waits(one):
            state = "succeeded" if number_of(one) % ONE_FAILED else "failed"
            at = to_micros(one.created_at)
            yield {"of_id": one.id, "ended": state, "at": at, "answered": b'{"total": 7}'}


def timed(channel: grpc.Channel, asked: Asked, calls: int) -> tuple[list[float], int]:
    """Returns how many milliseconds each call took, and how many executions it found."""
    request = executions_pb2.ListExecutionsRequest(
        parent=f"{LOCATION}/integrations/{asked.integration}", filter=asked.filter
    )
    call = channel.unary_unary(
        LIST,
        executions_pb2.ListExecutionsRequest.SerializeToString,
        executions_pb2.ListExecutionsResponse.FromString,
    )
    took = []
    for _ in range(calls + 1):
        sent = time.monotonic()
        found = len(call(request, timeout=60).executions)
        took.append((time.monotonic() - sent) * 1000)
    return took[1:], found  # the first one warms up


def show(rows: list[dict[str, object]], count: int) -> None:
    table = Table(title=f"a page of 100 among {count:,} executions")
    for column in ("by", "p50 ms", "p99 ms", "found"):
        table.add_column(column, justify="left" if column == "by" else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
