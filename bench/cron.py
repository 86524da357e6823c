"""How fast cron expressions are parsed, and how many `next` they give a second on one core.

python bench/cron.py
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from rich.console import Console
from rich.table import Table

from tocsin.schedule import Cron

EXPRESSIONS = [
    "* * * * ? *",
    "*/15 * ? * * *",
    "15 10 ? * * *",
    "0 9 ? * 2-6 *",
    "30 23 L * ? *",
    "0 8 LW * ? 2026-2030",
    "0 12 ? * 2#1 *",
    "15 10 ? * 6L 2026-2030",
    "0 0 29 2 ? *",
    "0 0 30 2 ? *",
    "0-58/2,7,9 8-18,22-2 1,15W,L-3 NOV-FEB ? 2020-2099/3",
]
START = datetime(2026, 1, 1, tzinfo=UTC)
CALLS = 100_000
PARSES = 5_000


def seconds(work: Callable[[], None]) -> float:
    """The best of three runs."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def chained(cron: Cron) -> None:
    instant = START
    for _ in range(CALLS):
        instant = cron.next(instant) or START


def scattered(cron: Cron, starts: list[datetime]) -> None:
    for start in starts:
        cron.next(start)


def parsed(expression: str) -> None:
    for _ in range(PARSES):
        Cron(expression)


def main() -> None:
    dice = random.Random(1)
    starts = [START + timedelta(seconds=dice.randrange(5 * 365 * 86_400)) for _ in range(CALLS)]
    table = Table()
    table.add_column("expression", overflow="fold")
    for heading in ("next/s chained", "next/s random", "parse µs"):
        table.add_column(heading, justify="right")
    for expression in EXPRESSIONS:
        cron = Cron(expression)
        table.add_row(
            expression,
            f"{CALLS / seconds(partial(chained, cron)):,.0f}",
            f"{CALLS / seconds(partial(scattered, cron, starts)):,.0f}",
            f"{seconds(partial(parsed, expression)) / PARSES * 1e6:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
