"""How long a page of invocations takes by each filter, among a million: `make bench-invocations`.

The rows are made by the database itself: 1,000 triggers in 50 folders. One in a thousand has
failed, one in two thousand is a dead letter, and one in ten thousand waits. It prints the median
and the 99th percentile of a page of 100, on SQLite or on the PostgreSQL of `--database`.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from running import percentile
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.causes import causes_of
from tocsin.store.invocations.listing import count_stretch, page_of_invocations
from tocsin.store.invocations.rows import State
from tocsin.store.invocations.selecting import Filter
from tocsin.store.invocations.steering import DEAD_LETTER_STATES

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
BETWEEN_US = 100_000
NUMBERS = {
    False: "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers "
    "WHERE n < {last})",
    True: "WITH numbers AS (SELECT generate_series({first}, {last}) AS n)",
}
FILL = """
INSERT INTO invocations (id, parent, origin, state, scheduled_at, next_at, target, attempts,
    failures, history, action, payload, created_at, started_at, finished_at, last_error)
{numbers}
SELECT 'i' || {padded}, 'folders/f' || (n % 50), 't' || (n % 1000),
    CASE WHEN n % 1000 = 7 THEN 'failed' WHEN n % 2000 = 9 THEN 'dead_lettered'
         WHEN n % 10000 = 3 THEN 'pending' ELSE 'succeeded' END,
    {began} + CAST(n AS BIGINT) * {between}, CASE WHEN n % 10000 = 3 THEN {far} END,
    'function/f' || (n % 10), 1, 0,
    NULL, '{{"target": {{"kind": "function", "function_id": "f"}}}}', {payload}, {began},
    {began} + CAST(n AS BIGINT) * {between},
    CASE WHEN n % 10000 <> 3 THEN {began} + CAST(n AS BIGINT) * {between} + 5000 END,
    CASE WHEN n % 1000 = 7 OR n % 2000 = 9 THEN 'http://h/ answered 500: no row ' || n END
FROM numbers
"""
AT_ONCE = 50_000
FAR = 4_000_000_000_000_000


def lists(count: int) -> dict[str, Filter]:
    middle = BEGAN + timedelta(microseconds=BETWEEN_US * (count // 2))
    failed = frozenset({State.FAILED})
    letters = frozenset(DEAD_LETTER_STATES)
    return {
        "nothing": Filter(),
        "nothing, the oldest first": Filter(oldest_first=True),
        "trigger": Filter("t77"),
        "trigger, the oldest first": Filter("t77", oldest_first=True),
        "state failed": Filter(states=failed),
        "states failed and dead-lettered": Filter(states=failed | letters),
        "trigger, state failed": Filter("t7", failed),
        "state succeeded": Filter(states=frozenset({State.SUCCEEDED})),
        "state pending (a window)": Filter(states=frozenset({State.PENDING})),
        "time": Filter(scheduled_before=middle),
        "time, state failed": Filter(states=failed, scheduled_before=middle),
        "folder (a window)": Filter(parent="folders/f7"),
        "folder that is not there (a window)": Filter(parent="folders/none"),
        "folder, state failed (a window)": Filter(states=failed, parent="folders/f7"),
        "error, state failed (a window)": Filter(states=failed, error_text="ROW 5"),
        "error in any state (a window)": Filter(error_text="no such text"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invocations", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=30, help="of each list")
    parser.add_argument("--database", default="", help="an empty PostgreSQL; without it, SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        url = options.database or f"sqlite:///{Path(scratch, 'invocations.db')}"
        took = asyncio.run(measure(url, options.invocations, options.calls))
    table = Table("by", "p50 ms", "p99 ms", "rows")
    for by, (times, found) in took.items():
        p50, p99 = statistics.median(times), percentile(times, 0.99)
        table.add_row(by, f"{p50:.1f}", f"{p99:.1f}", str(found))
    Console().print(table)


async def measure(url: str, count: int, calls: int) -> dict[str, tuple[list[float], int]]:
    database = open_database(url)
    took: dict[str, tuple[list[float], int]] = {}

    def timed(tx: Transaction, wanted: Filter, counts: bool) -> tuple[float, int]:
        began = time.perf_counter()
        if counts:
            found = count_stretch(tx, wanted, after=None).matching
        else:
            found = len(page_of_invocations(tx, wanted, after=None, limit=100).rows)
        return (time.perf_counter() - began) * 1000, found

    def causes(tx: Transaction) -> tuple[float, int]:
        began = time.perf_counter()
        found = len(causes_of(tx, Filter(states=frozenset(DEAD_LETTER_STATES))).causes)
        return (time.perf_counter() - began) * 1000, found

    try:
        await fill(database, count)
        works = {by: (lambda tx, w=w: timed(tx, w, False)) for by, w in lists(count).items()}
        wanted = Filter(states=frozenset({State.FAILED}))
        works["count of state failed"] = lambda tx: timed(tx, wanted, True)
        works["count of an error (a window)"] = lambda tx: timed(
            tx, Filter(error_text="no such text"), True
        )
        works["causes of dead letters"] = causes
        for by, work in works.items():
            results = [await database.read(work) for _ in range(calls)]
            took[by] = [one[0] for one in results], results[0][1]
    finally:
        await database.close()
    return took


async def fill(database: Database, count: int) -> None:
    began = int(BEGAN.timestamp()) * 1_000_000
    for first in range(1, count + 1, AT_ONCE):

        def insert(tx: Transaction, first: int = first) -> None:
            shared = not tx.exclusive
            statement = FILL.format(
                numbers=NUMBERS[shared].format(first=first, last=min(first + AT_ONCE - 1, count)),
                padded="lpad(n::text, 9, '0')" if shared else "printf('%09d', n)",
                payload="'\\x7b7d'::bytea" if shared else "x'7b7d'",
                began=began,
                between=BETWEEN_US,
                far=FAR,
            )
            tx.run(text(statement))

        await database.write(insert)


if __name__ == "__main__":
    main()
