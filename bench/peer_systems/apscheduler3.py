"""APScheduler 3 with its SQLAlchemy job store: `add N`, or `fire`."""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

import uvloop
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from calls import DATABASE, call


def scheduler() -> AsyncIOScheduler:
    return AsyncIOScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=DATABASE)},
        job_defaults={"misfire_grace_time": None, "max_instances": 1_000_000},
    )


async def add(count: int) -> None:
    adding = scheduler()
    adding.start(paused=True)
    due = datetime.now(UTC) + timedelta(seconds=1)
    began = time.perf_counter()
    for number in range(count):
        adding.add_job(call, "date", run_date=due, args=[number], id=str(number))
    print(time.perf_counter() - began, flush=True)
    adding.shutdown()


async def fire() -> None:
    firing = scheduler()
    print("ready", flush=True)
    firing.start()
    await asyncio.Event().wait()


uvloop.run(add(int(sys.argv[2])) if sys.argv[1] == "add" else fire())
