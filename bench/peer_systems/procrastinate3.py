"""Procrastinate on PostgreSQL: `add N`, or `fire`."""

import asyncio
import sys
import time

import uvloop
from procrastinate import App, PsycopgConnector

from calls import DATABASE, UNDER_WAY, call

app = App(connector=PsycopgConnector(conninfo=DATABASE, min_size=4, max_size=20))


@app.task(name="call")
async def make_call(number: int) -> None:
    await call(number)


async def add(count: int) -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        left = iter(range(count))

        async def adder() -> None:
            for number in left:
                await make_call.defer_async(number=number)

        began = time.perf_counter()
        await asyncio.gather(*(adder() for _ in range(UNDER_WAY)))
        print(time.perf_counter() - began, flush=True)


async def fire() -> None:
    async with app.open_async():
        print("ready", flush=True)
        await app.run_worker_async(concurrency=UNDER_WAY)


uvloop.run(add(int(sys.argv[2])) if sys.argv[1] == "add" else fire())
