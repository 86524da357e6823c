"""DBOS Transact on PostgreSQL: `add N`, or `fire`."""

import asyncio
import sys
import time

import uvloop
from dbos import DBOS, DBOSClient

from calls import DATABASE, UNDER_WAY, call

DBOS(
    config={
        "name": "bench",
        "system_database_url": DATABASE,
        "application_version": "1",
        "run_admin_server": False,
        "log_level": "ERROR",
    }
)


@DBOS.step()
async def call_step(number: int) -> None:
    await call(number)


@DBOS.workflow(name="call")
async def make_call(number: int) -> None:
    await call_step(number)


async def add(count: int) -> None:
    client = DBOSClient(system_database_url=DATABASE)
    left = iter(range(count))

    async def adder() -> None:
        for number in left:
            await client.enqueue_async(
                {"queue_name": "calls", "workflow_name": "call", "app_version": "1"}, number
            )

    began = time.perf_counter()
    await asyncio.gather(*(adder() for _ in range(UNDER_WAY)))
    print(time.perf_counter() - began, flush=True)
    client.destroy()


async def fire() -> None:
    print("ready", flush=True)
    DBOS.launch()
    await asyncio.Event().wait()


def make_schema() -> None:
    DBOS.launch()
    DBOS.register_queue("calls", worker_concurrency=UNDER_WAY, polling_interval_sec=0.02)
    DBOS.destroy()


if sys.argv[1] == "add":
    make_schema()
uvloop.run(add(int(sys.argv[2])) if sys.argv[1] == "add" else fire())
